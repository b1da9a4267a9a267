import ProtobufReading
import Testing

struct ProtobufReaderTests {
  @Test(arguments: [
    [0x08], [0x80], [0x00, 0x00], [0x0B], [0x12, 0x7F], [0x0D, 1, 2], [0x09, 1, 2, 3],
    [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
    [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
  ]) func malformedMessage(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { bytes in
      var reader = ProtobufReader(bytes)
      #expect(throws: ProtobufError.self) { while try reader.next() != nil {} }
    }
  }

  @Test func fields() throws {
    let bytes: [UInt8] = [
      0x08, 0x96, 0x01, 0x12, 2, 0x68, 0x69, 0x1D, 1, 0, 0, 0, 0x21, 2, 0, 0, 0, 0, 0, 0, 0,
    ]
    try bytes.withUnsafeBytes { bytes in
      var reader = ProtobufReader(bytes)
      var found: [String] = []
      while let (number, value) = try reader.next() {
        switch value {
        case .number(let value): found.append("\(number): \(value)")
        case .bytes(let range): found.append("\(number): \(reader.text(range))")
        case .fixed32(let value): found.append("\(number): \(value) in 4")
        case .fixed64(let value): found.append("\(number): \(value) in 8")
        }
      }
      #expect(found == ["1: 150", "2: hi", "3: 1 in 4", "4: 2 in 8"])
    }
  }
}
