package import ArrowIPC
import Tensors

/// What rows keep in memory while they wait to be written.
///
/// The columns of a decoded batch lie in memory that is given back as a whole: a number beside a picture
/// would keep the picture, too.
enum HeldMemory {
  /// The rows, and the bytes that they keep. Small columns that `input` passed on are copied, if that
  /// sets most of it free.
  static func reduced(
    _ result: RecordBatch, from input: RecordBatch
  ) -> (batch: RecordBatch, bytes: Int) {
    let all = input.columns.reduce(0) { $0 + $1.referencedBytes }
    let owned = result.columns.reduce(0) { $0 + $1.referencedBytes }
    let given = Set(input.columns.flatMap(\.places))
    let passed = result.columns.map { column in
      column.places.contains { given.contains($0) }
    }
    guard passed.contains(true) else { return (result, owned) }
    let passedBytes = zip(result.columns, passed).reduce(0) {
      $0 + ($1.1 ? $1.0.referencedBytes : 0)
    }
    guard passedBytes * 4 < all,
      let copies = try? zip(result.columns, passed).map({ column, isPassed in
        isPassed ? try column.copied() : column
      }),
      let batch = try? RecordBatch(
        schema: result.schema, columns: copies, rowCount: result.rowCount)
    else { return (result, owned - passedBytes + all) }
    return (batch, owned)
  }
}

extension ArrowColumn {
  /// The memory that the values lie in: its first piece, for structs those of the fields.
  fileprivate var places: [ObjectIdentifier] {
    if let first = buffers.first ?? validity { return [ObjectIdentifier(first.storage)] }
    return children.flatMap(\.places)
  }

  /// The rows in memory of their own.
  fileprivate func copied() throws -> ArrowColumn {
    // A single part would stay what it is.
    try .concatenating([self, slice(0..<0)])
  }

  /// About the bytes of the rows.
  package var referencedBytes: Int {
    func spanned(_ child: ArrowColumn) -> Int {
      if count == 0 { return 0 }
      let range =
        valueRange(0)
        .lowerBound..<max(
          valueRange(count - 1).upperBound, valueRange(0).lowerBound)
      guard range.upperBound <= child.count else { return 0 }
      return child.slice(range).referencedBytes
    }
    switch type {
    case .null: return 0
    case .bool: return count / 8
    case .utf8, .binary, .largeUTF8, .largeBinary:
      if count == 0 { return 0 }
      return count * 4 + valueRange(count - 1).upperBound - valueRange(0).lowerBound
    case .utf8View, .binaryView: return count * 16
    case .list, .largeList, .map: return count * 4 + spanned(children[0])
    case .fixedSizeList(_, let width):
      let first = offset * width
      return children[0].slice(first..<first + count * width).referencedBytes
    case .structure:
      return children.reduce(0) { $0 + $1.slice(offset..<offset + count).referencedBytes }
    default: return count * (type.byteWidth ?? 1)
    }
  }
}
