import ArrowIPC
import Testing

/// Every recorded stream and file is read to the values of its JSON twin.
struct GoldenTests {
  /// Goldens of types that are refused.
  private static let refusedTypes = ["union", "run_end_encoded", "list_view"]

  private static let names: [String] = [
    "0.14.1", "1.0.0-littleendian", "2.0.0-compression", "4.0.0-shareddict", "cpp-21.0.0",
  ].flatMap { Goldens.files("arrow/integration/\($0)", ".json") }.map { String($0.dropLast(5)) }

  static let accepted: [String] = names.filter { name in
    !refusedTypes.contains { name.contains($0) }
  }
  static let refusedNames: [String] = names.filter { !accepted.contains($0) }
  static let sparkNames: [String] = Goldens.files("arrow/spark-shaped", ".stream")

  @Test("all goldens are there")
  func present() {
    #expect(Self.accepted.count > 60)
    #expect(Self.sparkNames.count == 16)
  }

  @Test(
    "integration goldens", arguments: GoldenTests.accepted, [".stream", ".arrow_file"])
  func integration(name: String, suffix: String) throws {
    let expected = IntegrationJSON(try Goldens.json(name + ".json"))
    let (schema, batches) = try Goldens.read(name + suffix)
    if ["map_non_canonical", "nested_dictionary"].contains(where: name.hasSuffix) {
      // Their writer renamed the map's fields, or numbered the dictionaries anew.
      #expect(schema.description == expected.schema.description)
    } else {
      #expect(schema == expected.schema)
    }
    expectEqual(batches, expected.batches())
  }

  @Test("what is refused says why", arguments: GoldenTests.refusedNames)
  func refusals(name: String) {
    #expect {
      _ = try Goldens.read(name + ".stream")
    } throws: { error in
      guard let error = error as? ArrowError else { return false }
      return error.code == .unsupported && error.context?.hasPrefix("column") == true
    }
  }

  @Test("big-endian streams are refused", arguments: [".stream", ".arrow_file"])
  func bigEndian(suffix: String) {
    #expect {
      _ = try Goldens.read("arrow/integration/1.0.0-bigendian/generated_primitive" + suffix)
    } throws: { error in
      (error as? ArrowError)?.message.contains("big-endian") == true
    }
  }

  @Test("streams of the shapes that Spark sends", arguments: GoldenTests.sparkNames)
  func sparkShaped(path: String) throws {
    let expected = SparkShapedJSON(try Goldens.json(path.dropLast(7) + ".json"))
    let (schema, batches) = try Goldens.read(path)
    #expect(schema.fields.map(\.description) == expected.fields)
    #expect(batches.map(\.rowCount) == expected.rowCounts)
    #expect(batches.map { $0.columns.map(\.nullCount) } == expected.nullCounts)
    expectEqual(batches, expected.batches(schema))
  }

  @Test("streams are read in pieces of any size", arguments: [1, 7, 1000])
  func pieces(size: Int) throws {
    for path in Self.sparkNames {
      let bytes = try Goldens.bytes(path)
      let source = PieceSource(bytes + [1, 2, 3], size: size)
      let reader = try ArrowStreamReader(source)
      let batches = try reader.readAll()
      let whole = try ArrowStreamReader(bytes).readAll()
      #expect(batches.map { $0.columns.map(\.values) } == whole.map { $0.columns.map(\.values) })
      #expect(try reader.next() == nil)
      // Exactly the stream is consumed.
      #expect(source.position == bytes.count, "\(path)")
    }
  }
}

/// Compares the values of batches with expected ones, column by column.
func expectEqual(
  _ batches: [RecordBatch], _ expected: [[[ArrowValue]]],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(batches.count == expected.count, sourceLocation: sourceLocation)
  for (number, (batch, columns)) in zip(batches, expected).enumerated() {
    #expect(batch.columns.count == columns.count, sourceLocation: sourceLocation)
    for (field, (column, values)) in zip(batch.schema.fields, zip(batch.columns, columns)) {
      let found = column.values
      if found == values { continue }
      let row = zip(found, values).enumerated().first { $1.0 != $1.1 }?.offset ?? found.count
      Issue.record(
        """
        batch \(number), column '\(field)', row \(row): \
        \(found.indices.contains(row) ? "\(found[row])" : "none") is not \
        \(values.indices.contains(row) ? "\(values[row])" : "none")
        """, sourceLocation: sourceLocation)
    }
  }
}

/// Gives bytes in pieces of a fixed size, as a socket may.
final class PieceSource: ByteSource {
  private let bytes: [UInt8]
  private let size: Int
  private(set) var position = 0

  init(_ bytes: [UInt8], size: Int) {
    self.bytes = bytes
    self.size = size
  }

  func read(into memory: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(memory.count, bytes.count - position, size)
    memory.copyBytes(from: bytes[position..<position + count])
    position += count
    return count
  }
}
