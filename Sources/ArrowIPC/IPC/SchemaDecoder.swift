/// How much of a schema was read, with the most that is taken: tables of damaged metadata may refer to
/// each other so that a few bytes unfold without end.
struct SchemaSize {
  /// Types nested deeper than this are refused.
  private static let maximumDepth = 64
  /// Schemas of more fields, nested ones and entries of metadata counted, are refused.
  static let maximumFields = 1 << 18
  private var fieldCount = 0

  mutating func count(_ more: Int) throws(ArrowError) {
    fieldCount += more
    guard fieldCount <= Self.maximumFields else {
      throw ArrowError(.limit, "the schema has more than \(Self.maximumFields) fields and entries")
    }
  }

  static func check(depth: Int) throws(ArrowError) {
    guard depth < maximumDepth else {
      throw ArrowError(.malformed, "the schema is nested deeper than \(maximumDepth) levels")
    }
  }
}

/// Reads schemas from their FlatBuffers form.
struct SchemaDecoder {
  private var size = SchemaSize()

  /// The schema in `table`.
  ///
  /// - Throws: ``ArrowError`` for damaged metadata, big-endian data and types that are not handled.
  static func decode(_ table: FlatbufferTable) throws -> ArrowSchema {
    guard try table.number(SchemaField.endianness, default: Int16(0)) == 0 else {
      throw ArrowError(
        .unsupported, "the stream is big-endian; write it on a little-endian machine")
    }
    var decoder = SchemaDecoder()
    return ArrowSchema(
      try table.tables(SchemaField.fields).map { try decoder.field($0, depth: 0) },
      metadata: try decoder.metadata(table, SchemaField.metadata))
  }

  private mutating func metadata(
    _ table: FlatbufferTable, _ field: some TableField
  ) throws -> [String: String] {
    var entries: [String: String] = [:]
    let tables = try table.tables(field)
    try size.count(tables.count)
    for entry in tables {
      entries[try entry.string(0) ?? ""] = try entry.string(1) ?? ""
    }
    return entries
  }

  private mutating func field(_ table: FlatbufferTable, depth: Int) throws -> ArrowField {
    try SchemaSize.check(depth: depth)
    try size.count(1)
    let name = try table.string(FieldField.name) ?? ""
    do {
      let children = try table.tables(FieldField.children).map { try field($0, depth: depth + 1) }
      var type = try Self.type(table, children)
      if let encoding = try table.table(FieldField.dictionary) {
        let index =
          try encoding.table(DictionaryField.indexType).map { try Self.integer($0) } ?? .int32
        type = .dictionary(
          id: try encoding.number(DictionaryField.id, default: 0), index: index, value: type,
          isOrdered: try encoding.flag(DictionaryField.isOrdered))
      }
      return ArrowField(
        name, type, isNullable: try table.flag(FieldField.isNullable),
        metadata: try metadata(table, FieldField.metadata))
    } catch let error as ArrowError {
      throw error.within(name, isColumn: depth == 0)
    }
  }

  private static func integer(_ table: FlatbufferTable) throws -> ArrowType {
    let isSigned = try table.flag(1)
    switch try table.number(0, default: Int32(0)) {
    case 8: return isSigned ? .int8 : .uint8
    case 16: return isSigned ? .int16 : .uint16
    case 32: return isSigned ? .int32 : .uint32
    case 64: return isSigned ? .int64 : .uint64
    case let width: throw ArrowError(.malformed, "there are no integers of \(width) bits")
    }
  }

  private static func unit(_ table: FlatbufferTable, default fallback: Int16) throws
    -> ArrowType.TimeUnit
  {
    let raw = try table.number(0, default: fallback)
    guard let unit = ArrowType.TimeUnit(rawValue: raw) else {
      throw ArrowError(.malformed, "there is no time unit \(raw)")
    }
    return unit
  }

  /// The only child of a list or map.
  static func only(_ children: [ArrowField], of type: String) throws(ArrowError) -> ArrowField {
    guard children.count == 1 else {
      throw ArrowError(.malformed, "a \(type) has one child, not \(children.count)")
    }
    return children[0]
  }

  /// A map of the entries that are its only child.
  static func map(_ children: [ArrowField], keysSorted: Bool) throws(ArrowError) -> ArrowType {
    let entries = try only(children, of: "map")
    guard case .structure(let pair) = entries.type, pair.count == 2 else {
      throw ArrowError(.malformed, "a map has entries of key and value, not \(entries.type)")
    }
    return .map(entries: entries, keysSorted: keysSorted)
  }

  /// Decimals of a width and a number of digits that exist.
  static func decimal(bits: Int, precision: Int, scale: Int) throws(ArrowError) -> ArrowType {
    guard let digits = [32: 9, 64: 18, 128: 38, 256: 76][bits] else {
      throw ArrowError(.malformed, "there are no decimals of \(bits) bits")
    }
    guard (1...digits).contains(precision), abs(scale) <= 1000 else {
      throw ArrowError(
        .malformed, "a decimal of \(bits) bits with precision \(precision) and scale \(scale)")
    }
    return .decimal(bitWidth: bits, precision: precision, scale: scale)
  }

  /// Why a field of a type that is not handled is refused.
  static func unsupported(_ type: String) -> ArrowError {
    ArrowError(
      .unsupported,
      "columns of the type \(type) are not supported; cast the column before writing it")
  }

  private static func type(_ field: FlatbufferTable, _ children: [ArrowField]) throws -> ArrowType {
    let raw = try field.number(FieldField.typeKind, default: UInt8(0))
    guard let kind = TypeKind(rawValue: raw), let table = try field.table(FieldField.type) else {
      throw ArrowError(.unsupported, "the type number \(raw) is not one that Arrow had in 2025")
    }
    switch kind {
    case .null: return .null
    case .bool: return .bool
    case .int: return try integer(table)
    case .floatingPoint:
      switch try table.number(0, default: Int16(0)) {
      case 0: return .float16
      case 1: return .float32
      case 2: return .float64
      case let precision:
        throw ArrowError(.malformed, "there is no floating-point precision \(precision)")
      }
    case .decimal:
      return try decimal(
        bits: Int(try table.number(2, default: Int32(128))),
        precision: Int(try table.number(0, default: Int32(0))),
        scale: Int(try table.number(1, default: Int32(0))))
    case .date: return try table.number(0, default: Int16(1)) == 0 ? .date32 : .date64
    case .time:
      let unit = try unit(table, default: 1)
      switch try table.number(1, default: Int32(32)) {
      case 32 where unit == .second || unit == .millisecond: return .time32(unit)
      case 64 where unit == .microsecond || unit == .nanosecond: return .time64(unit)
      case let bits:
        throw ArrowError(.malformed, "there are no times of \(bits) bits in \(unit.symbol)")
      }
    case .timestamp:
      return .timestamp(try unit(table, default: 0), timeZone: try table.string(1))
    case .duration: return .duration(try unit(table, default: 1))
    case .interval:
      let unit = try table.number(0, default: Int16(0))
      guard let unit = ArrowType.IntervalUnit(rawValue: unit) else {
        throw ArrowError(.malformed, "there is no interval unit \(unit)")
      }
      return .interval(unit)
    case .utf8: return .utf8
    case .largeUTF8: return .largeUTF8
    case .utf8View: return .utf8View
    case .binary: return .binary
    case .largeBinary: return .largeBinary
    case .binaryView: return .binaryView
    case .fixedSizeBinary:
      let width = Int(try table.number(0, default: Int32(0)))
      guard width >= 0 else { throw ArrowError(.malformed, "a byte width of \(width)") }
      return .fixedSizeBinary(byteWidth: width)
    case .list: return .list(try only(children, of: "list"))
    case .largeList: return .largeList(try only(children, of: "list"))
    case .fixedSizeList:
      let count = Int(try table.number(0, default: Int32(0)))
      guard count >= 0 else { throw ArrowError(.malformed, "a list size of \(count)") }
      return .fixedSizeList(try only(children, of: "list"), count: count)
    case .structure: return .structure(children)
    case .map: return try map(children, keysSorted: try table.flag(0))
    case .union, .runEndEncoded, .listView, .largeListView: throw unsupported("\(kind)")
    }
  }
}
