import Tensors

extension ArrowColumn {
  /// A column of `type` without rows.
  public static func empty(_ type: ArrowType) -> ArrowColumn {
    let offsets = ArrowBuffer(copying: [Int64(0)])
    switch type {
    case .null, .structure, .fixedSizeList:
      return ArrowColumn(
        unchecked: type, count: 0, children: type.childFields.map { empty($0.type) })
    case .utf8, .binary, .largeUTF8, .largeBinary:
      return ArrowColumn(unchecked: type, count: 0, buffers: [offsets, .empty])
    case .list, .largeList, .map:
      return ArrowColumn(
        unchecked: type, count: 0, buffers: [offsets],
        children: type.childFields.map { empty($0.type) })
    case .dictionary(_, _, let value, _):
      return ArrowColumn(unchecked: type, count: 0, buffers: [.empty], dictionary: [empty(value)])
    default: return ArrowColumn(unchecked: type, count: 0, buffers: [.empty])
    }
  }

  /// The rows of `parts`, one after the other, in new memory (a single part as it is).
  ///
  /// - Throws: ``ArrowError`` when there is no part or the types differ.
  public static func concatenating(_ parts: [ArrowColumn]) throws -> ArrowColumn {
    guard let first = parts.first else {
      throw ArrowError(.invalidArgument, "no columns to concatenate")
    }
    if parts.count == 1 { return first }
    let type = first.type
    if let other = parts.first(where: { $0.type != type }) {
      throw ArrowError(
        .invalidArgument, "columns of types \(type) and \(other.type) cannot be concatenated")
    }
    let count = parts.reduce(0) { $0 + $1.count }
    let nulls = parts.reduce(0) { $0 + $1.nullCount }
    let validity =
      nulls == 0 || type == .null
      ? nil
      : bits(parts, count) { part, row in !part.isNull(row) }
    func made(
      _ buffers: [ArrowBuffer], _ children: [ArrowColumn] = [], dictionary: [ArrowColumn] = []
    ) -> ArrowColumn {
      ArrowColumn(
        unchecked: type, count: count, nullCount: nulls, validity: validity, buffers: buffers,
        children: children, dictionary: dictionary)
    }
    switch type {
    case .null: return made([])
    case .bool:
      return made([bits(parts, count) { part, row in part.bits?[row] ?? false }])
    case .utf8, .binary, .largeUTF8, .largeBinary:
      return made([try offsets(parts), ArrowBuffer(concatenating: parts.map(\.spannedBytes))])
    case .utf8View, .binaryView: return made(try views(parts))
    case .list, .map, .largeList:
      return made([try offsets(parts)], [try concatenating(parts.map(\.spannedElements))])
    case .fixedSizeList(_, let width):
      return made(
        [], [try concatenating(parts.map { $0.children[0].slice($0.rows.times(width)) })])
    case .structure:
      return made(
        [],
        try first.children.indices.map { index in try concatenating(parts.map { $0.field(index) }) }
      )
    case .dictionary(_, let index, _, _):
      let values = try concatenating(parts.flatMap(\.dictionary))
      return made(try codes(parts, index), dictionary: [values])
    default:
      let width = type.byteWidth ?? 0
      return made([
        ArrowBuffer(concatenating: parts.map { $0.buffers[0].slice($0.rows.times(width)) })
      ])
    }
  }

  private static func bits(
    _ parts: [ArrowColumn], _ count: Int, _ bit: (ArrowColumn, Int) -> Bool
  ) -> ArrowBuffer {
    let storage = TensorStorage(byteCount: (count + 7) / 8)
    let bytes = storage.baseAddress.initializeMemory(
      as: UInt8.self, repeating: 0, count: storage.byteCount)
    var position = 0
    for part in parts {
      for row in 0..<part.count {
        if bit(part, row) { bytes[position >> 3] |= 1 << UInt8(position & 7) }
        position += 1
      }
    }
    return ArrowBuffer(storage)
  }

  private static func offsets(_ parts: [ArrowColumn]) throws -> ArrowBuffer {
    parts[0].type.isLarge ? try offsets(parts, Int64.self) : try offsets(parts, Int32.self)
  }

  private static func offsets<Offset: FixedWidthInteger & BitwiseCopyable>(
    _ parts: [ArrowColumn], _: Offset.Type
  ) throws -> ArrowBuffer {
    guard Offset(exactly: parts.reduce(0) { $0 + $1.span.count }) != nil else {
      throw ArrowError(
        .limit, "the columns together exceed what \(parts[0].type) can address; use a large type")
    }
    var result: [Offset] = [0]
    result.reserveCapacity(parts.reduce(1) { $0 + $1.count })
    for part in parts {
      let base = result[result.count - 1]
      part.buffers[0].withElements(of: Offset.self) { offsets in
        let first = offsets[part.offset]
        for row in 0..<part.count { result.append(base + offsets[part.offset + row + 1] - first) }
      }
    }
    return ArrowBuffer(copying: result)
  }

  /// What the rows span of the byte buffer, or of the child, of a layout with offsets.
  var span: Range<Int> {
    count == 0 ? 0..<0 : valueRange(0).lowerBound..<valueRange(count - 1).upperBound
  }

  private var spannedBytes: ArrowBuffer { buffers[1].slice(span) }

  private var spannedElements: ArrowColumn { children[0].slice(span) }

  private static func views(_ parts: [ArrowColumn]) throws -> [ArrowBuffer] {
    var words: [Int32] = []
    var data: [ArrowBuffer] = []
    for part in parts {
      let base = Int32(data.count)
      part.buffers[0].withElements(of: Int32.self) { views in
        for row in 0..<part.count {
          // What stands in the places of null rows is undefined.
          if part.nullCount > 0, part.isNull(row) {
            words.append(contentsOf: [0, 0, 0, 0])
            continue
          }
          let view = (part.offset + row) * 4
          words.append(contentsOf: views[view..<view + 4])
          if views[view] > 12 { words[words.count - 2] += base }
        }
      }
      data += part.buffers.dropFirst()
    }
    return [ArrowBuffer(copying: words)] + data
  }

  /// The codes of columns whose dictionaries stand one behind the other.
  private static func codes(_ parts: [ArrowColumn], _ index: ArrowType) throws -> [ArrowBuffer] {
    var codes: [ArrowValue] = []
    var base = 0
    for part in parts {
      for row in 0..<part.count { codes.append(.int(Int64((part.code(row) ?? 0) + base))) }
      base += part.dictionary.first?.count ?? 0
    }
    return try ArrowColumn(codes, type: index).buffers
  }
}

extension ArrowColumn {
  /// Field number `index` of a struct column: its rows are this column's rows. The struct's own
  /// nulls are not in it.
  public func field(_ index: Int) -> ArrowColumn {
    children[index].slice(offset..<offset + count)
  }

  /// Field number `index` of a struct column, null also in the rows in which the struct is.
  public func nullableField(_ index: Int) -> ArrowColumn {
    let field = field(index)
    // Columns of type null have no bitmap.
    guard nullCount > 0, field.type != .null else { return field }
    let rows = 0..<count
    let isPresent = rows.map { !isNull($0) && !field.isNull($0) }
    // The bitmap begins where the field's buffers do.
    let bits = Array(repeating: false, count: field.offset) + isPresent
    return ArrowColumn(
      unchecked: field.type, count: count, offset: field.offset,
      nullCount: isPresent.count { !$0 }, validity: Bitmap(bits).buffer, buffers: field.buffers,
      children: field.children, dictionary: field.dictionary)
  }

  /// The code of row `index` of a dictionary column, or `nil` if the row is null.
  public func code(_ index: Int) -> Int? {
    guard case .dictionary(_, let type, _, _) = type, !isNull(index) else { return nil }
    let row = offset + index
    return buffers[0].withUnsafeBytes { bytes in
      func load<Code: FixedWidthInteger & BitwiseCopyable>(_: Code.Type) -> Int {
        Int(bytes.loadUnaligned(fromByteOffset: row * MemoryLayout<Code>.size, as: Code.self))
      }
      return switch type {
      case .int8: load(Int8.self)
      case .int16: load(Int16.self)
      case .int32: load(Int32.self)
      case .int64: load(Int64.self)
      case .uint8: load(UInt8.self)
      case .uint16: load(UInt16.self)
      case .uint32: load(UInt32.self)
      default: load(UInt64.self)
      }
    }
  }

  /// A dictionary column with its codes replaced by the values; other columns as they are.
  ///
  /// - Throws: ``ArrowError`` if the values cannot be rebuilt.
  public func decodingDictionary() throws -> ArrowColumn {
    guard case .dictionary(_, _, let value, _) = type, let values = dictionary.first else {
      return self
    }
    return try ArrowColumn(
      (0..<count).map { row in code(row).map { values.value(at: $0) } ?? .null }, type: value)
  }
}

extension RecordBatch {
  /// The rows of `batches`, one after the other.
  ///
  /// - Throws: ``ArrowError`` when there is none or the types differ.
  public static func concatenating(_ batches: [RecordBatch]) throws -> RecordBatch {
    guard let first = batches.first else {
      throw ArrowError(.invalidArgument, "no batches to concatenate")
    }
    if batches.count == 1 { return first }
    let columns = try first.columns.indices.map { index in
      try ArrowColumn.concatenating(batches.map { $0.columns[index] })
    }
    return try RecordBatch(
      schema: first.schema, columns: columns, rowCount: batches.reduce(0) { $0 + $1.rowCount })
  }
}
