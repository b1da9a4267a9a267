import Tensors

/// The token ids of several texts, one after the other.
public struct TokenRows: Sendable, Hashable {
  /// The ids of all rows.
  public private(set) var ids: [Int64] = []
  /// `count + 1` ascending positions in ``ids``; row `i` is `offsets[i]..<offsets[i + 1]`.
  public private(set) var offsets: [Int] = [0]

  public init() {}

  /// Rows of given ids.
  public init(_ rows: some Sequence<some Sequence<Int>>) {
    for row in rows { append(row) }
  }

  /// The number of rows.
  public var count: Int { offsets.count - 1 }

  /// The number of ids in a row.
  public func length(of row: Int) -> Int { offsets[row + 1] - offsets[row] }

  /// The ids of a row.
  public subscript(row: Int) -> ArraySlice<Int64> { ids[offsets[row]..<offsets[row + 1]] }

  /// Adds a row.
  public mutating func append(_ row: some Sequence<some BinaryInteger>) {
    for id in row { ids.append(Int64(id)) }
    offsets.append(ids.count)
  }

  /// The rows' positions, longest rows first (in their own order among equals), cut into batches of
  /// at most `size`: rows of like length share a batch, which then needs little padding.
  func batches(of size: Int) -> [ArraySlice<Int>] {
    // A stable order makes results repeatable: which rows share a batch moves their last digits.
    let order = (0..<count).sorted { left, right in
      let (a, b) = (length(of: left), length(of: right))
      return a == b ? left < right : a > b
    }
    return stride(from: 0, to: count, by: max(size, 1)).map {
      order[$0..<min($0 + max(size, 1), count)]
    }
  }

  /// The given rows side by side, shorter ones filled up on the right.
  ///
  /// - Parameters:
  ///   - height: the least number of rows; those added have one token, so that no row is masked
  ///     altogether.
  ///   - width: the least length.
  func padded(
    _ rows: ArraySlice<Int>, padding: Int64, height: Int = 0, width: Int = 0
  ) -> TokenMatrix {
    let width = rows.reduce(max(width, 1)) { max($0, length(of: $1)) }
    let shape: Shape = [max(rows.count, height), width]
    let matrix = Tensor<Int64>(shape: shape) { memory in
      memory.initialize(repeating: padding)
      ids.withUnsafeBufferPointer { ids in
        for (position, row) in rows.enumerated() {
          let source = UnsafeBufferPointer(rebasing: ids[offsets[row]..<offsets[row + 1]])
          _ = memory[(position * width)...].update(fromContentsOf: source)
        }
      }
    }
    let mask = Tensor<Int64>(shape: shape) { memory in
      memory.initialize(repeating: 0)
      for position in 0..<shape[0] {
        let row = rows.startIndex + position
        let length = row < rows.endIndex ? length(of: rows[row]) : 1
        memory[position * width..<position * width + length].update(repeating: 1)
      }
    }
    return TokenMatrix(ids: matrix, mask: mask)
  }
}

/// Rows of token ids filled up to one length.
public struct TokenMatrix: Sendable {
  /// The ids, `[rows, length]`.
  public var ids: Tensor<Int64>
  /// 1 for ids of the text, 0 for padding; the shape of ``ids``.
  public var mask: Tensor<Int64>

  public init(ids: Tensor<Int64>, mask: Tensor<Int64>) {
    self.ids = ids
    self.mask = mask
  }
}
