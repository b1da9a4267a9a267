import Foundation
import Tensors
import Testing

@testable import ArrowIPC

/// What other writers do and this package's own does not.
struct UnusualStreamTests {
  @Test("additions to a dictionary and new dictionaries leave earlier batches as they were")
  func dictionaries() throws {
    func texts(_ batches: [RecordBatch]) -> [[ArrowValue]] { batches.map { $0.columns[0].values } }
    func strings(_ lists: [String]...) -> [[ArrowValue]] { lists.map { $0.map { .string($0) } } }
    let grown = try Goldens.read("arrow/dictionaries/delta.arrows").batches
    #expect(texts(grown) == strings(["a", "b", "a"], ["c", "b", "a"]))
    let replaced = try Goldens.read("arrow/dictionaries/replaced.arrows").batches
    #expect(texts(replaced) == strings(["a", "b"], ["c", "d"]))
  }

  @Test("an addition to a dictionary that never came is refused")
  func missingDictionary() throws {
    let error = #expect(throws: ArrowError.self) {
      _ = try Goldens.read("arrow/dictionaries/missing.arrows")
    }
    #expect(error?.code == .malformed)
    #expect("\(error as Any)".contains("column 's'"))
  }

  @Test(
    "Java compresses a buffer without bytes to its length alone",
    arguments: BodyCompression.allCases)
  func emptyBuffers(codec: BodyCompression) throws {
    let nothing = ArrowBuffer(copying: [UInt8](repeating: 0, count: 8))
    #expect(try codec.decompress(nothing).count == 0)
    let damaged = ArrowBuffer(copying: [1, 0, 0, 0, 0, 0, 0, 0] as [UInt8])
    #expect(throws: ArrowError.self) { _ = try codec.decompress(damaged) }
  }

  @Test(
    "what stands at null rows of views does not matter",
    arguments: [ArrowType.utf8View, .binaryView])
  func nullViews(type: ArrowType) throws {
    let long = "longer than twelve bytes"
    func value(_ text: String) -> ArrowValue {
      type == .utf8View ? .string(text) : .binary(Array(text.utf8))
    }
    let clean = try ArrowColumn([value("a"), value("x"), value(long), value("y")], type: type)
    for junk: [Int32] in [
      [.max, 0, .max, .max], [-1, -1, -1, -1], [13, 0, 7, 0], [20, 0, 0, .max],
    ] {
      var words = clean.buffers[0].withElements(of: Int32.self) { Array($0) }
      words.replaceSubrange(4..<8, with: junk)
      words.replaceSubrange(12..<16, with: junk)
      let column = ArrowColumn(
        unchecked: type, count: 4, nullCount: 2,
        validity: Bitmap([true, false, true, false]).buffer,
        buffers: [ArrowBuffer(copying: words)] + clean.buffers.dropFirst())
      let batch = try RecordBatch([("v", column)])
      let bytes = try ArrowStreamWriter.bytes([batch], schema: batch.schema)
      let read = try ArrowStreamReader(bytes).readAll()
      let expected = [value("a"), .null, value(long), .null]
      #expect(read[0].columns[0].values == expected)
      let twice = try ArrowColumn.concatenating([read[0].columns[0], column])
      #expect(twice.values == expected + expected)
      #expect(
        try twice.relaid(as: type == .utf8View ? .utf8 : .binary).values == expected + expected)
    }
  }

  @Test("views outside the buffers are refused where a row is not null")
  func badViews() throws {
    let column = ArrowColumn(
      unchecked: .utf8View, count: 1,
      buffers: [
        ArrowBuffer(copying: [20, 0, 0, 100] as [Int32]),
        ArrowBuffer(copying: [UInt8](repeating: 65, count: 50)),
      ])
    let batch = try RecordBatch([("v", column)])
    let bytes = try ArrowStreamWriter.bytes([batch], schema: batch.schema)
    #expect(throws: ArrowError.self) { _ = try ArrowStreamReader(bytes).readAll() }
  }

  /// Some values of a type, nulls among them.
  static func values(of type: ArrowType) -> [ArrowValue] {
    if let element = type.listElement {
      let inner = values(of: element.type)
      if case .fixedSizeList(_, let width) = type {
        return [.list(Array(inner.prefix(width))), .null, .list(Array(inner.suffix(width)))]
      }
      return [.list(inner), .null, .list([]), .list(Array(inner.prefix(1)))]
    }
    switch type {
    case .utf8, .largeUTF8, .utf8View:
      return ["a", "", "longer than twelve bytes", "ä"].map { .string($0) } + [.null]
    case .fixedSizeBinary: return [.binary([1, 2]), .null, .binary([3, 4])]
    case .binary, .largeBinary, .binaryView:
      return [.binary([1]), .null, .binary([]), .binary(Array(repeating: 9, count: 20))]
    case .structure(let fields):
      let columns = fields.map { values(of: $0.type) }
      return (0..<(columns.map(\.count).min() ?? 0)).map { row in
        .structure(columns.map { $0[row] })
      } + [.null]
    case .map(let entries, _):
      let pair = entries.type.childFields.map { values(of: $0.type)[0] }
      return [.map([(pair[0], pair[1])]), .null, .map([])]
    default: return [.int(1), .null, .int(3)]
    }
  }

  private static func field(_ type: ArrowType) -> ArrowField { ArrowField("element", type) }

  static func map(_ key: ArrowType, _ value: ArrowType) -> ArrowType {
    .map(
      entries: ArrowField(
        "entries", .structure([ArrowField("key", key), ArrowField("value", value)])),
      keysSorted: false)
  }

  static let layouts: [(from: ArrowType, to: ArrowType)] = {
    let texts: [(ArrowType, ArrowType)] = [ArrowType.utf8, .largeUTF8, .utf8View].flatMap {
      [($0, .utf8), ($0, .largeUTF8)]
    }
    let binaries: [(ArrowType, ArrowType)] = [
      ArrowType.binary, .largeBinary, .binaryView, .fixedSizeBinary(byteWidth: 2),
    ].flatMap { [($0, .binary), ($0, .largeBinary)] }
    let plain = texts + binaries + [(.int64, .int64)]
    let nested = plain.flatMap { from, to -> [(ArrowType, ArrowType)] in
      let lists: [ArrowType] = [
        .list(field(from)), .largeList(field(from)), .fixedSizeList(field(from), count: 2),
      ]
      return lists.flatMap { [($0, .list(field(to))), ($0, .largeList(field(to)))] } + [
        (.structure([field(from)]), .structure([field(to)])), (map(from, from), map(to, to)),
      ]
    }
    let deep: [(ArrowType, ArrowType)] = nested.map { from, to in
      (.list(field(from)), .largeList(field(to)))
    }
    return (plain + nested + deep).map { (from: $0, to: $1) }
  }()

  @Test("the same values in other layouts, of cut columns too")
  func layouts() throws {
    for (from, to) in Self.layouts {
      #expect(from.isExchangeable(with: to), "\(from) \(to)")
      let values = Self.values(of: from)
      let column = try ArrowColumn(values + values, type: from)
      for range in [0..<column.count, 1..<column.count, 2..<3, 3..<3] {
        let relaid = try column.slice(range).relaid(as: to)
        #expect(
          relaid.type == to && relaid.values == Array((values + values)[range]), "\(from) \(to)")
        let batch = try RecordBatch([("v", relaid)])
        let bytes = try ArrowStreamWriter.bytes([batch], schema: batch.schema)
        #expect(try ArrowStreamReader(bytes).readAll()[0].columns[0].values == relaid.values)
      }
    }
    #expect(!ArrowType.utf8.isExchangeable(with: .binary))
    #expect(!ArrowType.list(Self.field(.int32)).isExchangeable(with: .list(Self.field(.int64))))
    #expect(
      !ArrowType.list(Self.field(.int32)).isExchangeable(
        with: .fixedSizeList(Self.field(.int32), count: 2)))
  }

  @Test("columns of the same layout are not copied")
  func sameLayouts() throws {
    let column = ArrowColumn.strings(["a", "b"])
    let list = ArrowColumn.lists(of: column, rows: 1, width: 2)
    let renamed = try list.relaid(as: .list(ArrowField("item", .utf8, isNullable: false)))
    #expect(renamed.children[0].buffers[1].storage === column.buffers[1].storage)
    let large = try column.relaid(as: .largeUTF8)
    #expect(large.buffers[1].storage === column.buffers[1].storage)
  }
}
