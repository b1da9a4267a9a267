import Tensors

/// Lays out columns as the body of a record batch message: references to the columns' own memory
/// wherever that has the right form, so that the bytes go from a model's output to the socket
/// without a copy.
struct BatchEncoder {
  private(set) var nodes: [Int64] = []
  private(set) var ranges: [Int64] = []
  private(set) var variadicCounts: [Int64] = []
  private(set) var pieces: [ArrowBuffer] = []
  private(set) var bodyLength = 0
  private let compression: BodyCompression?

  private static let padding = ArrowBuffer(copying: [UInt64(0)])

  init(compression: BodyCompression?) { self.compression = compression }

  private mutating func append(_ buffer: ArrowBuffer) throws {
    var buffer = buffer
    if let compression, buffer.count > 0 { buffer = try compression.compress(buffer) }
    ranges.append(Int64(bodyLength))
    ranges.append(Int64(buffer.count))
    if buffer.count == 0 { return }
    pieces.append(buffer)
    bodyLength += buffer.count
    let rest = bodyLength % 8
    if rest != 0 {
      pieces.append(Self.padding.slice(0..<8 - rest))
      bodyLength += 8 - rest
    }
  }

  /// Appends a column and its children.
  mutating func append(_ column: ArrowColumn) throws {
    nodes.append(Int64(column.count))
    nodes.append(Int64(column.nullCount))
    if column.type == .null { return }
    let rows = column.rows
    try append(
      column.nullCount == 0 ? .empty : column.validity.map { Self.bits($0, rows) } ?? .empty)
    switch column.type {
    case .bool: try append(Self.bits(column.buffers[0], rows))
    case .utf8, .binary, .list, .map: try appendSpanned(column, Int32.self)
    case .largeUTF8, .largeBinary, .largeList: try appendSpanned(column, Int64.self)
    case .utf8View, .binaryView:
      try append(column.buffers[0].slice(rows.times(16)))
      for buffer in column.buffers.dropFirst() { try append(buffer) }
      variadicCounts.append(Int64(column.buffers.count - 1))
    case .fixedSizeList(_, let width):
      try append(column.children[0].slice(rows.times(width)))
    case .structure: for child in column.children { try append(child.slice(rows)) }
    default:
      let width = column.type.byteWidth ?? 0
      try append(column.buffers[0].slice(rows.times(width)))
    }
  }

  /// The bits of `rows`: whole bytes as they are, else shifted into a new buffer.
  private static func bits(_ buffer: ArrowBuffer, _ rows: Range<Int>) -> ArrowBuffer {
    if rows.lowerBound % 8 == 0 {
      return buffer.slice(rows.lowerBound / 8..<(rows.upperBound + 7) / 8)
    }
    let source = Bitmap(buffer, offset: rows.lowerBound, count: rows.count)
    return Bitmap((0..<rows.count).lazy.map { source[$0] }).buffer
  }

  /// Appends offsets and what they span: bytes, or the elements of lists.
  private mutating func appendSpanned<Offset: FixedWidthInteger & BitwiseCopyable>(
    _ column: ArrowColumn, _ type: Offset.Type
  ) throws {
    let range = try appendOffsets(column, type)
    if let elements = column.children.first {
      try append(elements.slice(range))
    } else {
      try append(column.buffers[1].slice(range))
    }
  }

  /// Appends the offsets of the column's rows, rebased to begin at 0, and returns what they span.
  private mutating func appendOffsets<Offset: FixedWidthInteger & BitwiseCopyable>(
    _ column: ArrowColumn, _: Offset.Type
  ) throws -> Range<Int> {
    let buffer = column.buffers[0]
    let size = MemoryLayout<Offset>.size
    let range = buffer.withElements(of: Offset.self) {
      Int($0[column.offset])..<Int($0[column.offset + column.count])
    }
    if range.lowerBound == 0 {
      try append(buffer.slice(column.offset * size..<(column.offset + column.count + 1) * size))
    } else {
      let rebased = buffer.withElements(of: Offset.self) { offsets in
        (column.offset...column.offset + column.count).map {
          offsets[$0] - Offset(range.lowerBound)
        }
      }
      try append(ArrowBuffer(copying: rebased))
    }
    return range
  }

  /// The metadata of the batch laid out so far.
  func metadata(
    rowCount: Int, into builder: inout FlatbufferBuilder
  ) -> FlatbufferBuilder.Reference {
    let variadic = variadicCounts.isEmpty ? nil : builder.vector(variadicCounts)
    let buffers = builder.vector(ranges, width: 2)
    let nodes = builder.vector(nodes, width: 2)
    let compression = compression.map { builder.table([.byte(UInt8($0.rawValue))]) }
    return builder.table([
      .long(Int64(rowCount)), .reference(nodes), .reference(buffers),
      compression.map { .reference($0) }, variadic.map { .reference($0) },
    ])
  }
}
