import Tensors

/// One column of a record batch: a typed view over the buffers that it was received in.
///
/// The physical layout follows the Arrow columnar format. `buffers` holds the layout's buffers
/// *without* the validity bitmap, which has a place of its own:
///
/// | type | buffers |
/// |---|---|
/// | null, struct, fixed-size list | none |
/// | bool | value bits |
/// | numbers, decimals, dates, times, intervals, fixed-size binary, dictionary codes | values |
/// | utf8, binary (and large) | offsets (`Int32`, large `Int64`), bytes |
/// | views | 16-byte views, then any number of byte buffers |
/// | list, map (and large list) | offsets |
///
/// Buffers and children are not cut when a column is sliced: row `i` is at position `offset + i` of
/// the buffers (and of a struct's children; a list's offsets point into its whole child).
public struct ArrowColumn: Sendable {
  /// What the values are, which decides what buffers and children there are.
  public let type: ArrowType
  /// The number of rows.
  public let count: Int
  /// The number of rows skipped at the beginning of the buffers.
  public let offset: Int
  /// The number of null rows.
  public let nullCount: Int
  /// One bit for each row of the buffers, set where the value is not null; `nil` if none is null.
  /// (Columns of type `null` have no bitmap although all their rows are null.)
  public let validity: ArrowBuffer?
  /// The buffers of the layout, without validity.
  public let buffers: [ArrowBuffer]
  /// List element, struct fields or map entries.
  public let children: [ArrowColumn]
  /// The values behind dictionary codes: exactly one column for dictionary types, else none.
  public let dictionary: [ArrowColumn]

  /// Puts a column together without checking; decoders and builders have made sure that the buffers
  /// hold what the type, count and offset say.
  public init(
    unchecked type: ArrowType, count: Int, offset: Int = 0, nullCount: Int = 0,
    validity: ArrowBuffer? = nil, buffers: [ArrowBuffer] = [], children: [ArrowColumn] = [],
    dictionary: [ArrowColumn] = []
  ) {
    self.type = type
    self.count = count
    self.offset = offset
    self.nullCount = nullCount
    self.validity = nullCount == 0 ? nil : validity
    self.buffers = buffers
    self.children = children
    self.dictionary = dictionary
  }

  /// The rows in `range`, sharing the buffers.
  ///
  /// - Precondition: `range` lies within the rows.
  public func slice(_ range: Range<Int>) -> ArrowColumn {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "rows \(range) of \(count)")
    if range == 0..<count { return self }
    let start = offset + range.lowerBound
    let nulls =
      type == .null
      ? range.count
      : validity.map { range.count - Bitmap($0, offset: start, count: range.count).setCount } ?? 0
    return ArrowColumn(
      unchecked: type, count: range.count, offset: start, nullCount: nulls, validity: validity,
      buffers: buffers, children: children, dictionary: dictionary)
  }

  /// The same memory under another type of the same layout (field names, nullability, time zones).
  public func retyped(_ type: ArrowType) -> ArrowColumn {
    ArrowColumn(
      unchecked: type, count: count, offset: offset, nullCount: nullCount, validity: validity,
      buffers: buffers, children: children, dictionary: dictionary)
  }

  /// Whether row `index` is null.
  public func isNull(_ index: Int) -> Bool {
    precondition(index >= 0 && index < count, "row \(index) of \(count)")
    if case .null = type { return true }
    guard let validity else { return false }
    return !Bitmap(validity, offset: offset, count: count)[index]
  }

  /// The first null row, if any.
  public var firstNull: Int? { firstNull(from: 0) }

  /// The first null row from row `start` on, if any.
  func firstNull(from start: Int) -> Int? {
    if nullCount == 0 { return nil }
    if case .null = type { return start < count ? start : nil }
    guard let validity else { return nil }
    return Bitmap(validity, offset: offset, count: count).firstIndex(of: false, from: start)
  }
}

extension ArrowColumn {
  /// The values of a column of fixed byte width, row `i` at index `i`, borrowed for the length of
  /// `body`; what null rows hold is undefined.
  ///
  /// - Throws: ``ArrowError`` when a value of the column's type is not `Element`'s size.
  public func withValues<Element: BitwiseCopyable, Result>(
    as element: Element.Type, _ body: (UnsafeBufferPointer<Element>) throws -> Result
  ) throws -> Result {
    guard type.byteWidth == MemoryLayout<Element>.size, let values = buffers.first else {
      throw ArrowError(.invalidArgument, "a column of type \(type) does not hold \(Element.self)")
    }
    // Messages are aligned for 64-bit elements; wider ones may have to be copied.
    return try values.aligned(to: MemoryLayout<Element>.alignment).withElements(of: Element.self) {
      all in
      try body(UnsafeBufferPointer(rebasing: all[offset..<offset + count]))
    }
  }

  /// The truth values of a boolean column as a bitmap.
  public var bits: Bitmap? {
    guard type == .bool, let values = buffers.first else { return nil }
    return Bitmap(values, offset: offset, count: count)
  }

  /// Where row `index` of a list, map, string or binary column lies: positions in the child column
  /// (as `children[0]` counts rows) or in the byte buffer.
  ///
  /// - Precondition: the layout has offsets, or is a fixed-size list or fixed-size binary.
  public func valueRange(_ index: Int) -> Range<Int> {
    precondition(index >= 0 && index < count, "row \(index) of \(count)")
    let row = offset + index
    switch type {
    case .list, .map, .utf8, .binary:
      return buffers[0].withElements(of: Int32.self) { Int($0[row])..<Int($0[row + 1]) }
    case .largeList, .largeUTF8, .largeBinary:
      return buffers[0].withElements(of: Int64.self) { Int($0[row])..<Int($0[row + 1]) }
    case .fixedSizeList(_, let width), .fixedSizeBinary(let width):
      return row * width..<(row + 1) * width
    default: preconditionFailure("a column of type \(type) has no value ranges")
    }
  }

  /// The bytes of row `index` of a string or binary column of any layout, borrowed for the length of
  /// `body`; undefined for null rows.
  ///
  /// - Precondition: the column is one of strings or binaries.
  public func withBytes<Result>(
    _ index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    switch type {
    case .utf8View, .binaryView:
      let view = viewBytes(index)
      return try view.withUnsafeBytes(body)
    case .fixedSizeBinary:
      let range = valueRange(index)
      return try buffers[0].withUnsafeBytes { try body(.init(rebasing: $0[range])) }
    default:
      let range = valueRange(index)
      return try buffers[1].withUnsafeBytes { try body(.init(rebasing: $0[range])) }
    }
  }

  /// The bytes of row `index` of a view column: within the view itself up to 12 bytes, else in one
  /// of the byte buffers (Arrow columnar format, "Variable-size Binary View Layout").
  private func viewBytes(_ index: Int) -> ArrowBuffer {
    precondition(index >= 0 && index < count, "row \(index) of \(count)")
    let position = (offset + index) * 16
    return buffers[0].withUnsafeBytes { views in
      func word(_ at: Int) -> Int {
        Int(views.loadUnaligned(fromByteOffset: position + at, as: Int32.self))
      }
      let length = word(0)
      if length <= 12 { return buffers[0].slice(position + 4..<position + 4 + length) }
      return buffers[1 + word(8)].slice(word(12)..<word(12) + length)
    }
  }

  /// Row `index` of a string column, or `nil` if null; invalid UTF-8 is repaired with U+FFFD.
  public func string(_ index: Int) -> String? {
    isNull(index) ? nil : withBytes(index) { String(decoding: $0, as: UTF8.self) }
  }
}

extension ArrowColumn {
  /// Where the rows lie in the buffers.
  var rows: Range<Int> { offset..<offset + count }
}

extension Range<Int> {
  /// The elements of these rows, each of which has `width`.
  func times(_ width: Int) -> Range<Int> { lowerBound * width..<upperBound * width }
}
