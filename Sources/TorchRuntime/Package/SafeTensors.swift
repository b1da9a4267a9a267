import JSONText
import Tensors

/// A file of named tensors in the safetensors format: the length of a JSON header in 8 bytes, the
/// header with type, shape and place of each tensor, then the bytes.
struct SafeTensors {
  /// One tensor of the file.
  struct Entry {
    var elementType: ElementType
    var shape: Shape
    /// Where the bytes lie in the file.
    var position: Int
    var byteCount: Int
  }

  let file: RandomAccessFile
  let entries: [String: Entry]

  /// The greatest header; those of the largest models have a few megabytes.
  private static let maximumHeaderByteCount = 100 << 20

  init(_ file: RandomAccessFile) throws(ArchiveError) {
    let start = LittleEndian(try file.bytes(at: 0, count: 8))
    guard let length = start.number(UInt64.self, at: 0).flatMap({ Int(exactly: $0) }),
      length <= Self.maximumHeaderByteCount, length <= file.count - 8
    else { throw ArchiveError("its header is longer than the file") }
    let text = String(decoding: try file.bytes(at: 8, count: length), as: UTF8.self)
    guard let header = JSONValue(text)?.entries else {
      throw ArchiveError("its header is no JSON object")
    }
    var entries: [String: Entry] = [:]
    for (name, value) in header where name != "__metadata__" {
      guard let typeName = value["dtype"]?.string,
        let sizes = value["shape"]?.elements?.map(\.wholeNumber), !sizes.contains(nil),
        let offsets = value["data_offsets"]?.elements?.compactMap(\.wholeNumber),
        offsets.count == 2,
        offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= file.count - 8 - length
      else { throw ArchiveError("its entry \(name) is damaged") }
      guard let type = Self.elementTypes[typeName], let width = type.byteCount else {
        throw ArchiveError("its tensor \(name) has the unsupported type \(typeName)")
      }
      let shape = Shape(sizes.compactMap { $0 })
      let byteCount = offsets[1] - offsets[0]
      guard let count = shape.elementCount, byteCount / width == count, byteCount % width == 0
      else { throw ArchiveError("its tensor \(name) of shape \(shape) has \(byteCount) bytes") }
      entries[name] = Entry(
        elementType: type, shape: shape, position: 8 + length + offsets[0], byteCount: byteCount)
    }
    self.file = file
    self.entries = entries
  }

  private static let elementTypes: [String: ElementType] = [
    "BOOL": .bool, "U8": .uint8, "I8": .int8, "U16": .uint16, "I16": .int16, "U32": .uint32,
    "I32": .int32, "U64": .uint64, "I64": .int64, "F16": .float16, "BF16": .bfloat16,
    "F32": .float32, "F64": .float64,
  ]
}
