/// Checks of what columns from outside refer to; every later access relies on them.
///
/// `rows` are places in the buffers, which begin before a column's first row if it has an offset.
enum LayoutChecks {
  /// Where the last of `rows` ends by the offsets, which must begin at 0 or later and never descend.
  ///
  /// - Precondition: the buffer holds an offset more than `rows` ends at, and is aligned.
  static func end<Offset: FixedWidthInteger & BitwiseCopyable>(
    of offsets: ArrowBuffer, _: Offset.Type, _ rows: Range<Int>
  ) throws(ArrowError) -> Int {
    try offsets.withElements(of: Offset.self) { offsets throws(ArrowError) -> Int in
      var descends = offsets[rows.lowerBound] < 0
      for row in rows { descends = descends || offsets[row + 1] < offsets[row] }
      guard !descends, let end = Int(exactly: offsets[rows.upperBound]) else {
        throw ArrowError(.malformed, "offsets are negative or descend")
      }
      return end
    }
  }

  /// Checks that the views of the rows that are not null lie within the buffers `data`.
  ///
  /// - Precondition: the buffer holds a view of 16 bytes for each row, and is aligned.
  static func checkViews(
    _ views: ArrowBuffer, _ rows: Range<Int>, validity: ArrowBuffer?, data: [ArrowBuffer]
  ) throws(ArrowError) {
    let valid = validity.map { Bitmap($0, count: rows.upperBound) }
    try views.withElements(of: Int32.self) { words throws(ArrowError) in
      // What stands in the places of null rows is undefined.
      for row in rows where valid?[row] ?? true {
        let length = words[row * 4]
        guard length >= 0 else { throw ArrowError(.malformed, "a value of \(length) bytes") }
        if length <= 12 { continue }
        let (index, offset) = (Int(words[row * 4 + 2]), Int(words[row * 4 + 3]))
        guard data.indices.contains(index), offset >= 0, offset <= data[index].count - Int(length)
        else {
          throw ArrowError(
            .malformed, "row \(row - rows.lowerBound) views bytes outside the buffers")
        }
      }
    }
  }

  /// Checks that the codes of the rows that are not null are those of one of `valueCount` values.
  ///
  /// - Precondition: the buffer holds a code of the type `index` for each row, and is aligned.
  static func checkCodes(
    _ codes: ArrowBuffer, _ index: ArrowType, _ rows: Range<Int>, validity: ArrowBuffer?,
    valueCount: Int
  ) throws(ArrowError) {
    let valid = validity.map { Bitmap($0, count: rows.upperBound) }
    func check<Code: FixedWidthInteger & BitwiseCopyable>(_: Code.Type) throws(ArrowError) {
      try codes.withElements(of: Code.self) { codes throws(ArrowError) in
        for row in rows where valid?[row] ?? true {
          guard let code = Int(exactly: codes[row]), code >= 0, code < valueCount else {
            throw ArrowError(
              .malformed,
              "row \(row - rows.lowerBound) has the code \(codes[row]), the dictionary has "
                + "\(valueCount) values")
          }
        }
      }
    }
    switch index {
    case .int8: try check(Int8.self)
    case .int16: try check(Int16.self)
    case .int32: try check(Int32.self)
    case .int64: try check(Int64.self)
    case .uint8: try check(UInt8.self)
    case .uint16: try check(UInt16.self)
    case .uint32: try check(UInt32.self)
    case .uint64: try check(UInt64.self)
    default: throw ArrowError(.malformed, "dictionary codes of type \(index)")
    }
  }
}
