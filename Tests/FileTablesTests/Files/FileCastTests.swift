import ArrowIPC
import Testing

@testable import FileTables

@Suite("Casts", .needsFilePlugin)
struct FileCastTests {
  private func cast(_ column: ArrowColumn, _ type: ArrowType) throws -> [ArrowValue] {
    let batch = try RecordBatch([("c", column)])
    let result = try FileTables.cast(batch, to: ArrowSchema([ArrowField("c", type)]))
    #expect(result.columns[0].type == type)
    return result.columns[0].values
  }

  @Test func values() throws {
    let numbers: [Int32?] = [1, nil, -3]
    let ints: [ArrowValue] = [.int(1), .null, .int(-3)]
    let floats: [ArrowValue] = [.float(1), .null, .float(-3)]
    #expect(try cast(.numbers(numbers), .int64) == ints)
    #expect(try cast(.numbers(numbers), .int8) == ints)
    #expect(try cast(.numbers(numbers), .float64) == floats)
    #expect(try cast(.numbers(numbers), .utf8) == [.string("1"), .null, .string("-3")])
    #expect(try cast(.numbers([1.5, -2] as [Float?]), .float64) == [.float(1.5), .float(-2)])
    #expect(try cast(.strings(["a", nil]), .largeUTF8) == [.string("a"), .null])
    let milliseconds = try ArrowColumn(
      [.int(5), .null], type: .timestamp(.millisecond, timeZone: "UTC"))
    #expect(
      try cast(milliseconds, .timestamp(.microsecond, timeZone: "UTC")) == [.int(5000), .null])
    let list = ArrowType.list(ArrowField("element", .int32))
    let lists = try ArrowColumn([.list([.int(1), .null]), .null], type: list)
    #expect(
      try cast(lists, .list(ArrowField("element", .float64)))
        == [.list([.float(1), .null]), .null])
  }

  @Test func lossIsRefused() throws {
    for (column, type) in [
      (ArrowColumn.numbers([300] as [Int32?]), ArrowType.int8),
      (.numbers([1.5] as [Double?]), .int32),
      (.strings(["x"]), .int32), (.numbers([Int32(1)]), .list(ArrowField("element", .int32))),
    ] {
      let error = failure { _ = try cast(column, type) }
      #expect(error?.code == .schema || error?.code == .unsupported)
      #expect(error?.message.contains("'c'") == true)
    }
    let batch = try RecordBatch([("c", .numbers([Int32(1)]))])
    #expect(failure { _ = try FileTables.cast(batch, to: ArrowSchema([])) }?.code == .schema)
  }
}
