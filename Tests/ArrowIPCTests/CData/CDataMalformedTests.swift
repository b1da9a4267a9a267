import ArrowIPC
import CArrow
import Foundation
import Testing

/// Structures that contradict themselves give an error, and are released.
struct CDataMalformedTests {
  /// A column whose exported structure is damaged, and what the error says.
  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let says: String
    let column: @Sendable () throws -> ArrowColumn
    let damage: @Sendable (inout ArrowCArray) -> Void

    init(
      _ name: String, says: String, _ column: @escaping @Sendable () throws -> ArrowColumn,
      _ damage: @escaping @Sendable (inout ArrowCArray) -> Void
    ) {
      testDescription = name
      self.says = says
      self.column = column
      self.damage = damage
    }
  }

  private static let numbers: @Sendable () throws -> ArrowColumn = {
    ArrowColumn.numbers([Int32(1), nil, 3])
  }
  private static let texts: @Sendable () throws -> ArrowColumn = {
    ArrowColumn.strings(["a", "bc", "d"])
  }
  private static let lists: @Sendable () throws -> ArrowColumn = {
    ArrowColumn.lists(of: .numbers([Int32(1), 2, 3, 4]), rows: 2, width: 2)
  }
  private static let fixed: @Sendable () throws -> ArrowColumn = {
    ArrowColumn(
      unchecked: .fixedSizeList(ArrowField("item", .int32), count: 2), count: 2,
      children: [.numbers([Int32(1), 2, 3, 4])])
  }
  private static let pairs: @Sendable () throws -> ArrowColumn = {
    try ArrowColumn.structure([
      ("a", .numbers([Int32(1), 2])), ("b", ArrowColumn.strings(["x", "y"])),
    ])
  }
  private static let codes: @Sendable () throws -> ArrowColumn = {
    try ArrowColumn(
      [.string("x"), .string("y")],
      type: .dictionary(id: 0, index: .int8, value: .utf8, isOrdered: false))
  }
  private static let views: @Sendable () throws -> ArrowColumn = {
    try ArrowColumn(
      [.string("longer than twelve bytes"), .null, .string("also more than twelve")],
      type: .utf8View)
  }

  /// Overwrites a number in a buffer, which belongs to the test's column alone.
  private static func set<Number: BitwiseCopyable>(
    _ array: ArrowCArray, buffer: Int, at index: Int, _ number: Number
  ) {
    guard let start = array.buffers[buffer] else { return }
    UnsafeMutableRawPointer(mutating: start).storeBytes(
      of: number, toByteOffset: index * MemoryLayout<Number>.size, as: Number.self)
  }

  static let damages: [Damage] = [
    Damage("negative length", says: "-1 rows", numbers) { $0.length = -1 },
    Damage("negative offset", says: "from -1 on", numbers) { $0.offset = -1 },
    Damage("giant length", says: "rows", numbers) { $0.length = .max },
    Damage("giant offset", says: "rows", numbers) { $0.offset = .max },
    Damage("fewer than no nulls", says: "-2 of them null", numbers) { $0.null_count = -2 },
    Damage("more nulls than rows", says: "4 of them null", numbers) { $0.null_count = 4 },
    Damage("too few buffers", says: "1 buffers", numbers) { $0.n_buffers = 1 },
    Damage("too many buffers", says: "3 buffers", numbers) { $0.n_buffers = 3 },
    Damage("no buffers", says: "pointer to 2 buffers is NULL", numbers) { $0.buffers = nil },
    Damage("nulls without bits", says: "bits of nulls", numbers) { $0.buffers[0] = nil },
    Damage("values at NULL", says: "the values take 12 bytes", numbers) { $0.buffers[1] = nil },
    Damage("a child too many", says: "1 children", numbers) {
      $0.n_children = 1
      $0.children = .init(bitPattern: 8)
    },
    Damage("a dictionary too many", says: "dictionary", numbers) {
      $0.dictionary = .init(bitPattern: 8)
    },
    Damage("no offsets", says: "the offsets take 16 bytes", texts) { $0.buffers[1] = nil },
    Damage("no bytes", says: "the values take 4 bytes", texts) { $0.buffers[2] = nil },
    Damage("a negative offset of a text", says: "negative or descend", texts) {
      set($0, buffer: 1, at: 0, Int32(-1))
    },
    Damage("descending offsets", says: "negative or descend", texts) {
      set($0, buffer: 1, at: 1, Int32(4))
    },
    Damage("lists beyond their elements", says: "5 elements", lists) {
      set($0, buffer: 1, at: 2, Int32(5))
    },
    Damage("lists without elements", says: "0 children", lists) { $0.children = nil },
    Damage("lists of fewer children", says: "0 children", lists) { $0.n_children = 0 },
    Damage("lists of NULL", says: "NULL or released", lists) { $0.children[0] = nil },
    Damage("elements too few for fixed lists", says: "6 elements", fixed) { $0.length = 3 },
    Damage("an offset beyond fixed lists", says: "6 elements", fixed) { $0.offset = 1 },
    Damage("structs longer than fields", says: "its struct has 3", pairs) { $0.length = 3 },
    Damage("structs cut beyond fields", says: "its struct has 3", pairs) { $0.offset = 1 },
    Damage("a field of structs too many", says: "3 children", pairs) { $0.n_children = 3 },
    Damage("damage in a field", says: "b: offsets are negative", pairs) {
      if let child = $0.children[1] { set(child.pointee, buffer: 1, at: 0, Int32(-1)) }
    },
    Damage("a moved field", says: "released", pairs) { array in
      guard let child = array.children[0] else { return }
      var moved = child.pointee
      child.pointee.release = nil
      moved.release(&moved)
    },
    Damage("codes without a dictionary", says: "without a dictionary", codes) {
      $0.dictionary = nil
    },
    Damage("a code beyond the dictionary", says: "the code 2", codes) {
      set($0, buffer: 1, at: 1, Int8(2))
    },
    Damage("a negative code", says: "the code -1", codes) { set($0, buffer: 1, at: 0, Int8(-1)) },
    Damage("damage in a dictionary", says: "negative or descend", codes) {
      set($0.dictionary.pointee, buffer: 1, at: 0, Int32(-1))
    },
    Damage("views without sizes", says: "sizes of buffers", views) { $0.buffers[3] = nil },
    Damage("views of two buffers", says: "2 buffers", views) { $0.n_buffers = 2 },
    Damage("a negative size", says: "a buffer of -1 bytes", views) {
      set($0, buffer: 3, at: 0, Int64(-1))
    },
    Damage("a size that is too small", says: "outside the buffers", views) {
      set($0, buffer: 3, at: 0, Int64(20))
    },
    Damage("a view of another buffer", says: "row 0 views", views) {
      set($0, buffer: 1, at: 2, Int32(1))
    },
    Damage("a view of negative length", says: "-1 bytes", views) {
      set($0, buffer: 1, at: 0, Int32(-1))
    },
  ]

  @Test("damaged arrays", arguments: CDataMalformedTests.damages)
  func arrays(damage: Damage) throws {
    let column = try damage.column()
    let (inner, outer) = (Counter(), Counter())
    var array = ArrowCArray()
    column.export(to: &array)
    count(&array, inner)
    damage.damage(&array)
    let error = #expect(throws: ArrowError.self) {
      _ = try ArrowColumn(consuming: &array, type: column.type)
    }
    #expect(error?.code == .malformed)
    #expect("\(error as Any)".contains(damage.says), "\(error as Any)")
    #expect(inner.count == 1 && array.release == nil)

    // The same within a batch names the column.
    let again = try damage.column()
    try RecordBatch([("x", again)]).export(to: &array)
    count(&array, outer)
    damage.damage(&array.children[0].unsafelyUnwrapped.pointee)
    let named = #expect(throws: ArrowError.self) {
      _ = try RecordBatch(
        consuming: &array, schema: ArrowSchema([ArrowField("x", column.type)]))
    }
    #expect(named?.context?.hasPrefix("column 'x") == true, "\(named as Any)")
    #expect(outer.count == 1)
  }

  @Test("what stands at null rows does not matter")
  func nullRows() throws {
    var array = ArrowCArray()
    let views = try Self.views()
    views.export(to: &array)
    for word in 4..<8 { Self.set(array, buffer: 1, at: word, Int32.max) }
    #expect(try ArrowColumn(consuming: &array, type: .utf8View).values == views.values)
    let codes = try ArrowColumn(
      [.string("x"), .null], type: .dictionary(id: 0, index: .int8, value: .utf8, isOrdered: true))
    codes.export(to: &array)
    Self.set(array, buffer: 1, at: 1, Int8(-7))
    #expect(
      try ArrowColumn(consuming: &array, type: codes.type).values == [.string("x"), .null])
  }

  @Test(
    "malformed format strings",
    arguments: [
      "", "x", "ii", "I32", "d", "d:", "d:1", "d:a,b", "d:10,2,77", "d:40,2", "d:0,0", "d:1,+2",
      "d:10,2,128,1", "w", "w:", "w:-1", "w:x", "w:99999999999", "+", "+x", "+w:", "+w:-3",
      "+w:2", "+l", "+m", "t", "td", "tdx", "tt", "ttx", "ttsx", "ts", "tsu", "tsx:UTC", "tDs:",
      "tDx", "tix", "v", "vx", "ü",
    ])
  func formats(format: String) throws {
    let error = try #require(Self.failure(format))
    #expect(error.code == .malformed)
    #expect(error.context == "column 'x'")
  }

  @Test("types that are not handled", arguments: ["+vl", "+vL", "+r", "+ud:0,1", "+us:0"])
  func unsupported(format: String) throws {
    #expect(try #require(Self.failure(format)).code == .unsupported)
  }

  /// The error of a schema with a format string in place of its own, which is released.
  private static func failure(_ format: String) -> ArrowError? {
    var schema = ArrowCSchema()
    ArrowField("x", .int32).export(to: &schema)
    let released = Counter()
    count(&schema, released)
    let text = strdup(format)
    defer { free(text) }
    schema.format = UnsafePointer(text)
    let error = #expect(throws: ArrowError.self) { _ = try ArrowField(consuming: &schema) }
    #expect(released.count == 1)
    return error
  }

  @Test("malformed schemas")
  func schemas() {
    let list = ArrowField("x", .list(ArrowField("item", .int32)))
    let coded = ArrowField(
      "x", .dictionary(id: 0, index: .int32, value: .utf8, isOrdered: false), metadata: ["k": "v"])
    let damages: [(field: ArrowField, says: String, damage: (inout ArrowCSchema) -> Void)] = [
      (list, "no format", { $0.format = nil }),
      (list, "-1 children", { $0.n_children = -1 }),
      (list, "more than", { $0.n_children = 1 << 40 }),
      (list, "is NULL", { $0.children = nil }),
      (list, "NULL or released", { $0.children[0] = nil }),
      (list, "one child, not 0", { $0.n_children = 0 }),
      (coded, "codes of type double", { $0.format = ("g" as StaticString).cString }),
      (coded, "-1 pairs", { Self.metadata(&$0, [-1]) }),
      (coded, "-5 bytes", { Self.metadata(&$0, [1, -5]) }),
      (coded, "more than", { Self.metadata(&$0, [.max]) }),
    ]
    for (field, says, damage) in damages {
      var schema = ArrowCSchema()
      field.export(to: &schema)
      let released = Counter()
      count(&schema, released)
      damage(&schema)
      let error = #expect(throws: ArrowError.self) { _ = try ArrowField(consuming: &schema) }
      #expect("\(error as Any)".contains(says), "\(error as Any)")
      #expect(released.count == 1)
    }
  }

  /// Overwrites the beginning of the metadata.
  private static func metadata(_ schema: inout ArrowCSchema, _ numbers: [Int32]) {
    let start = UnsafeMutableRawPointer(mutating: UnsafeRawPointer(schema.metadata))
    for (index, number) in numbers.enumerated() {
      start?.storeBytes(of: number, toByteOffset: index * 4, as: Int32.self)
    }
  }

  @Test("schemas without end, dictionaries of dictionaries, tables that are none")
  func otherSchemas() {
    func failure(_ field: ArrowField) -> ArrowError? {
      var schema = ArrowCSchema()
      field.export(to: &schema)
      return #expect(throws: ArrowError.self) { _ = try ArrowField(consuming: &schema) }
    }
    var type = ArrowType.int32
    for _ in 0..<70 { type = .list(ArrowField("item", type)) }
    #expect(failure(ArrowField("x", type))?.message.contains("nested deeper") == true)
    let words = ArrowType.dictionary(id: 0, index: .int8, value: .utf8, isOrdered: false)
    let twice = ArrowType.dictionary(id: 0, index: .int8, value: words, isOrdered: false)
    #expect(failure(ArrowField("x", twice))?.code == .unsupported)

    var schema = ArrowCSchema()
    ArrowField("x", .int32).export(to: &schema)
    let error = #expect(throws: ArrowError.self) { _ = try ArrowSchema(consuming: &schema) }
    #expect(error?.message.contains("'+s', not by 'i'") == true)
  }
}

extension StaticString {
  /// The text as C has it.
  fileprivate var cString: UnsafePointer<CChar> {
    UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
