import ArrowIPC
import CArrow
import Foundation
import Testing

/// Streams of the C stream interface, exported and read.
struct CStreamTests {
  private struct Broken: Error, CustomStringConvertible { let description = "the disk is on fire" }

  /// Gives batches, and counts its end.
  private final class Batches {
    private var left: [RecordBatch]
    private let ended: Counter

    init(_ batches: [RecordBatch], _ ended: Counter) {
      left = batches
      self.ended = ended
    }

    deinit { ended.add() }

    func next() -> RecordBatch? { left.isEmpty ? nil : left.removeFirst() }
  }

  private static func batches() throws -> [RecordBatch] {
    let rows: [[String?]] = [["a", nil], [], ["c"]]
    return try rows.map { try RecordBatch([("x", ArrowColumn.strings($0))]) }
  }

  private static let schema = ArrowSchema([ArrowField("x", .utf8)], metadata: ["k": "v"])

  /// A stream of the batches, after which comes `failure` if there is one.
  private static func exported(
    _ batches: [RecordBatch], _ ended: Counter, then failure: (any Error)? = nil
  ) -> ArrowCArrayStream {
    var stream = ArrowCArrayStream()
    let source = Batches(batches, ended)
    ArrowCStream.export(schema: schema, to: &stream) {
      if let batch = source.next() { return batch }
      if let failure { throw failure }
      return nil
    }
    return stream
  }

  @Test("batches survive, those after the stream too")
  func roundTrip() throws {
    let ended = Counter()
    var stream = Self.exported(try Self.batches(), ended)
    let reader = try ArrowCStreamReader(consuming: &stream)
    #expect(stream.release == nil && reader.schema == Self.schema)
    var found: [RecordBatch] = []
    while let batch = try reader.next() { found.append(batch) }
    #expect(ended.count == 1)
    #expect(try reader.next() == nil)
    expectEqual(found, try Self.batches().map { $0.columns.map(\.values) })
  }

  @Test("a stream of goldens through another stream")
  func goldens() throws {
    for path in GoldenTests.accepted.map({ $0 + ".stream" }) {
      let (schema, batches) = try Goldens.read(path)
      var (first, second) = (ArrowCArrayStream(), ArrowCArrayStream())
      var index = 0
      ArrowCStream.export(schema: schema, to: &first) {
        defer { index += 1 }
        return index < batches.count ? batches[index] : nil
      }
      let inner = try ArrowCStreamReader(consuming: &first)
      ArrowCStream.export(schema: inner.schema, to: &second) { try inner.next() }
      let outer = try ArrowCStreamReader(consuming: &second)
      #expect(outer.schema.unnumbered == schema.unnumbered)
      var found: [RecordBatch] = []
      while let batch = try outer.next() { found.append(batch) }
      expectEqual(found, batches.map { $0.columns.map(\.values) })
    }
  }

  @Test("streams that are ended early are released once", arguments: 0...3)
  func early(count: Int) throws {
    let ended = Counter()
    func read() throws {
      var stream = Self.exported(try Self.batches(), ended)
      let reader = try ArrowCStreamReader(consuming: &stream)
      for _ in 0..<count { _ = try reader.next() }
      withExtendedLifetime(reader) { #expect(ended.count == 0) }
    }
    try read()
    #expect(ended.count == 1)
    var stream = Self.exported(try Self.batches(), ended)
    let reader = try ArrowCStreamReader(consuming: &stream)
    let batch = try reader.next()
    reader.close()
    reader.close()
    #expect(ended.count == 2)
    #expect(try reader.next() == nil && batch?.rowCount == 2)
    // Nobody reads it.
    stream = Self.exported([], ended)
    stream.release(&stream)
    #expect(ended.count == 3)
  }

  @Test("a failure has its text, comes again, and releases")
  func failure() throws {
    let ended = Counter()
    var stream = Self.exported(try Self.batches(), ended, then: Broken())
    let reader = try ArrowCStreamReader(consuming: &stream)
    for _ in 0..<3 { #expect(try reader.next() != nil) }
    for _ in 0..<2 {
      let error = #expect(throws: ArrowError.self) { _ = try reader.next() }
      #expect(error?.code == .producer && error?.context == "batch 3")
      #expect(error?.message.contains("the disk is on fire") == true)
      #expect(ended.count == 1)
    }
  }

  @Test("a consumer may ask again after a failure")
  func askingAgain() throws {
    let ended = Counter()
    var stream = Self.exported([], ended, then: Broken())
    for _ in 0..<2 {
      var array = ArrowCArray()
      #expect(stream.get_next(&stream, &array) == EIO)
      #expect(array.release == nil)
      #expect(stream.get_last_error(&stream).map { String(cString: $0) } == "the disk is on fire")
    }
    stream.release(&stream)
    #expect(stream.release == nil && ended.count == 1)
  }

  @Test("batches of another schema are refused")
  func misfits() throws {
    let other = try RecordBatch([("x", ArrowColumn.numbers([Int32(1)]))])
    let ended = Counter()
    var stream = Self.exported([other], ended)
    let reader = try ArrowCStreamReader(consuming: &stream)
    let error = #expect(throws: ArrowError.self) { _ = try reader.next() }
    #expect(error?.message.contains("int32") == true)
    #expect(ended.count == 1)
  }

  @Test("damaged batches and schemas release the stream")
  func damaged() throws {
    // The schema says text, the arrays hold numbers.
    let released = Counter()
    var stream = Self.foreign(released, schemaStatus: 0)
    let reader = try ArrowCStreamReader(consuming: &stream)
    let error = #expect(throws: ArrowError.self) { _ = try reader.next() }
    #expect(error?.context == "column 'x'")
    #expect(released.count == 1)

    // An error number, and no text.
    stream = Self.foreign(released, schemaStatus: ENOMEM)
    let second = #expect(throws: ArrowError.self) { _ = try ArrowCStreamReader(consuming: &stream) }
    #expect(second?.context == "the schema")
    #expect(second?.message.contains(String(cString: strerror(ENOMEM))) == true)
    #expect(released.count == 2)

    let third = #expect(throws: ArrowError.self) { _ = try ArrowCStreamReader(consuming: &stream) }
    #expect(third?.code == .invalidArgument)
    #expect(released.count == 2)
  }

  /// What stands behind a stream that is made by hand.
  private final class Foreign {
    let released: Counter
    let schemaStatus: Int32

    init(_ released: Counter, _ schemaStatus: Int32) {
      self.released = released
      self.schemaStatus = schemaStatus
    }

    static func of(_ stream: UnsafeMutablePointer<ArrowCArrayStream>?) -> Foreign? {
      let data: UnsafeMutableRawPointer? = stream?.pointee.private_data
      return data.map { Unmanaged<Foreign>.fromOpaque($0).takeUnretainedValue() }
    }
  }

  private static func foreign(_ released: Counter, schemaStatus: Int32) -> ArrowCArrayStream {
    var stream = ArrowCArrayStream()
    stream.private_data = Unmanaged.passRetained(Foreign(released, schemaStatus)).toOpaque()
    stream.get_schema = { stream, out in
      guard let foreign = Foreign.of(stream), let out else { return EINVAL }
      if foreign.schemaStatus == 0 { CStreamTests.schema.export(to: out) }
      return foreign.schemaStatus
    }
    stream.get_next = { _, out in
      guard let out, let batch = try? RecordBatch([("x", ArrowColumn.numbers([Int32(1)]))]) else {
        return EINVAL
      }
      batch.export(to: out)
      return 0
    }
    stream.get_last_error = { _ in nil }
    stream.release = { stream in
      Foreign.of(stream)?.released.add()
      if let data = stream?.pointee.private_data { Unmanaged<Foreign>.fromOpaque(data).release() }
      stream?.pointee.release = nil
    }
    return stream
  }
}
