public import Tensors

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
  /// at most `size` rows of like length: the time of a run grows with the padding too.
  ///
  /// - Parameters:
  ///   - tokens: the greatest number of tokens of a batch of several rows, padding included.
  ///   - likeness: how long the shortest row of a batch is at least, as a part of the longest.
  func batches(
    of size: Int, tokens: Int = .max, likeness: Double = 0
  ) -> [ArraySlice<Int>] {
    // A stable order makes results repeatable: which rows share a batch moves their last digits.
    let order = (0..<count).sorted { left, right in
      let (a, b) = (length(of: left), length(of: right))
      return a == b ? left < right : a > b
    }
    var batches: [ArraySlice<Int>] = []
    var start = 0
    for position in order.indices where position > start {
      let longest = length(of: order[start])
      // Below a few tokens, another run costs more than the padding.
      let least = min(Int(Double(longest) * likeness), longest - Self.freePadding)
      let room = max(1, min(size, tokens / max(longest, 1)))
      if position - start == room || length(of: order[position]) < least {
        batches.append(order[start..<position])
        start = position
      }
    }
    if start < count { batches.append(order[start...]) }
    return batches
  }

  /// The number of padding tokens in a row that is never worth another batch.
  private static let freePadding = 4

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
