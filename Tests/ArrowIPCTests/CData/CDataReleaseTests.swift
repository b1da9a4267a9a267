import ArrowIPC
import CArrow
import Tensors
import Testing

/// Everything is released exactly once.
struct CDataReleaseTests {
  /// A column of three numbers in memory whose end `counter` counts.
  private static func numbers(_ counter: Counter) -> ArrowColumn {
    let memory = UnsafeMutablePointer<Int32>.allocate(capacity: 3)
    memory.initialize(from: [1, 2, 3], count: 3)
    let start = Int(bitPattern: memory)
    let storage = TensorStorage(foreign: memory, byteCount: 12) {
      counter.add()
      UnsafeMutablePointer<Int32>(bitPattern: start)?.deallocate()
    }
    return ArrowColumn(unchecked: .int32, count: 3, buffers: [ArrowBuffer(storage)])
  }

  private static func exported(_ columns: [ArrowColumn]) throws -> ArrowCArray {
    var array = ArrowCArray()
    try RecordBatch(columns.enumerated().map { ("\($0)", $1) }).export(to: &array)
    return array
  }

  @Test("an imported batch is released with its last column")
  func lastColumn() throws {
    let (released, first, second) = (Counter(), Counter(), Counter())
    var array = try Self.exported([Self.numbers(first), Self.numbers(second)])
    count(&array, released)
    let schema = ArrowSchema([ArrowField("a", .int32), ArrowField("b", .int32)])
    func part() throws -> Tensor<Int32> {
      let batch = try RecordBatch(consuming: &array, schema: schema)
      #expect(array.release == nil)
      return try batch.columns[1].slice(1..<3).tensor()
    }
    var tensor: Tensor<Int32>? = try part()
    #expect(tensor == Tensor([2, 3]))
    #expect(released.count == 0 && first.count == 0 && second.count == 0)
    tensor = nil
    #expect(released.count == 1 && first.count == 1 && second.count == 1)
  }

  @Test("what is copied, or has no memory, is released at once")
  func atOnce() throws {
    let released = Counter()
    var array = try Self.exported([ArrowColumn(unchecked: .null, count: 2, nullCount: 2)])
    count(&array, released)
    let schema = ArrowSchema([ArrowField("0", .null)])
    let batch = try RecordBatch(consuming: &array, schema: schema)
    #expect(released.count == 1 && batch.rowCount == 2)
  }

  @Test("errors release too, and a structure is consumed once")
  func errors() throws {
    let (arrays, schemas, memory) = (Counter(), Counter(), Counter())
    var array = try Self.exported([Self.numbers(memory)])
    count(&array, arrays)
    #expect(throws: ArrowError.self) {
      _ = try RecordBatch(consuming: &array, schema: ArrowSchema([ArrowField("0", .utf8)]))
    }
    #expect(arrays.count == 1 && memory.count == 1 && array.release == nil)
    let again = #expect(throws: ArrowError.self) {
      _ = try ArrowColumn(consuming: &array, type: .int32)
    }
    #expect(again?.code == .invalidArgument)

    for _ in 0..<2 {
      var schema = ArrowCSchema()
      ArrowField("x", .list(ArrowField("item", .int32))).export(to: &schema)
      count(&schema, schemas)
      #expect(throws: ArrowError.self) { _ = try ArrowSchema(consuming: &schema) }
      #expect(schema.release == nil)
      #expect(throws: ArrowError.self) { _ = try ArrowField(consuming: &schema) }
    }
    #expect(schemas.count == 2)
  }

  @Test(
    "children that a consumer moves out live on alone", arguments: [[0], [1], [0, 1], [1, 0]])
  func movedChildren(order: [Int]) throws {
    let counters = [Counter(), Counter()]
    var array = try Self.exported(counters.map { Self.numbers($0) })
    var moved: [ArrowCArray] = []
    for index in order {
      let child = try #require(array.children[index])
      moved.append(child.pointee)
      child.pointee.release = nil
    }
    array.release(&array)
    #expect(array.release == nil)
    for index in 0..<2 { #expect(counters[index].count == (order.contains(index) ? 0 : 1)) }
    for (position, index) in order.enumerated() {
      if position == 0 {
        var column: ArrowColumn? = try ArrowColumn(consuming: &moved[position], type: .int32)
        #expect(column?.values == [.int(1), .int(2), .int(3)])
        column = nil
      } else {
        moved[position].release(&moved[position])
      }
      #expect(counters[index].count == 1)
    }
  }

  @Test("a moved array and its dictionary")
  func movedDictionary() throws {
    let (codes, values) = (Counter(), Counter())
    func exported() -> ArrowCArray {
      var array = ArrowCArray()
      ArrowColumn(
        unchecked: .dictionary(id: 0, index: .int32, value: .int32, isOrdered: false), count: 2,
        buffers: Self.numbers(codes).buffers, dictionary: [Self.numbers(values)]
      ).export(to: &array)
      return array
    }
    let array = exported()
    // The bytes may be anywhere when they are released.
    let place = UnsafeMutablePointer<ArrowCArray>.allocate(capacity: 1)
    defer { place.deallocate() }
    place.initialize(to: array)
    var dictionary = try #require(array.dictionary).pointee
    array.dictionary.pointee.release = nil
    place.pointee.release(place)
    #expect(codes.count == 1 && values.count == 0)
    dictionary.release(&dictionary)
    #expect(values.count == 1)
  }

  @Test("children of a moved schema")
  func movedSchema() throws {
    var schema = ArrowCSchema()
    ArrowSchema([
      ArrowField("a", .int32, metadata: ["k": "v"]),
      ArrowField("b", .list(ArrowField("item", .utf8))),
    ]).export(to: &schema)
    let child = try #require(schema.children[1])
    var moved = child.pointee
    child.pointee.release = nil
    schema.release(&schema)
    #expect(try ArrowField(consuming: &moved) == ArrowField("b", .list(ArrowField("item", .utf8))))
  }
}
