extension ArrowType {
  /// The format string of the type. It says nothing of children, which are described apart, and that
  /// of a dictionary's type is that of its codes ("Data type description -- format strings" in
  /// https://arrow.apache.org/docs/format/CDataInterface.html).
  var cFormat: String {
    switch self {
    case .null: "n"
    case .bool: "b"
    case .int8: "c"
    case .uint8: "C"
    case .int16: "s"
    case .uint16: "S"
    case .int32: "i"
    case .uint32: "I"
    case .int64: "l"
    case .uint64: "L"
    case .float16: "e"
    case .float32: "f"
    case .float64: "g"
    case .binary: "z"
    case .largeBinary: "Z"
    case .binaryView: "vz"
    case .utf8: "u"
    case .largeUTF8: "U"
    case .utf8View: "vu"
    case .decimal(128, let precision, let scale): "d:\(precision),\(scale)"
    case .decimal(let bits, let precision, let scale): "d:\(precision),\(scale),\(bits)"
    case .fixedSizeBinary(let width): "w:\(width)"
    case .date32: "tdD"
    case .date64: "tdm"
    case .time32(let unit), .time64(let unit): "tt\(unit.cFormat)"
    // The colon stands there without a time zone too.
    case .timestamp(let unit, let zone): "ts\(unit.cFormat):\(zone ?? "")"
    case .duration(let unit): "tD\(unit.cFormat)"
    case .interval(.yearMonth): "tiM"
    case .interval(.dayTime): "tiD"
    case .interval(.monthDayNano): "tin"
    case .list: "+l"
    case .largeList: "+L"
    case .fixedSizeList(_, let count): "+w:\(count)"
    case .structure: "+s"
    case .map: "+m"
    case .dictionary(_, let index, _, _): index.cFormat
    }
  }

  /// The type with the format string `format` and these children; of dictionaries, that of the codes.
  ///
  /// - Throws: ``ArrowError`` if there is no such type, it has another number of children, or it is not
  ///   handled.
  init(
    cFormat format: String, children: [ArrowField], keysSorted: Bool
  ) throws(ArrowError) {
    if format.hasPrefix("+") {
      self = try Self.nested(format, children, keysSorted: keysSorted)
      return
    }
    guard let type = try Self.simple(format) ?? Self.time(format) else {
      throw ArrowError(
        .malformed,
        "there is no type of the format '\(format)' in Arrow's C data interface of 2025")
    }
    guard children.isEmpty else {
      throw ArrowError(.malformed, "\(type) has no children, not \(children.count)")
    }
    self = type
  }

  private static func nested(
    _ format: String, _ children: [ArrowField], keysSorted: Bool
  ) throws(ArrowError) -> ArrowType {
    switch format {
    case "+l": return .list(try SchemaDecoder.only(children, of: "list"))
    case "+L": return .largeList(try SchemaDecoder.only(children, of: "list"))
    case "+s": return .structure(children)
    case "+m": return try SchemaDecoder.map(children, keysSorted: keysSorted)
    case "+vl", "+vL", "+r":
      throw SchemaDecoder.unsupported(format == "+r" ? "run-end encoded" : "list view")
    default: break
    }
    if let count = number(after: "+w:", of: format), count >= 0 {
      return .fixedSizeList(try SchemaDecoder.only(children, of: "list"), count: count)
    }
    if format.hasPrefix("+ud:") || format.hasPrefix("+us:") {
      throw SchemaDecoder.unsupported("union")
    }
    throw ArrowError(
      .malformed, "there is no nested type of the format '\(format)'; a list is '+l', a struct '+s'"
    )
  }

  /// The types that a format string says all of, by it.
  private static let plain: [String: ArrowType] = Dictionary(
    uniqueKeysWithValues: [
      ArrowType.null, .bool, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64,
      .float16, .float32, .float64, .binary, .largeBinary, .binaryView, .utf8, .largeUTF8,
      .utf8View, .date32, .date64, .interval(.yearMonth), .interval(.dayTime),
      .interval(.monthDayNano),
    ].map { ($0.cFormat, $0) })

  private static func simple(_ format: String) throws(ArrowError) -> ArrowType? {
    if let type = plain[format] { return type }
    if let width = number(after: "w:", of: format), width >= 0 {
      return .fixedSizeBinary(byteWidth: width)
    }
    guard format.hasPrefix("d:") else { return nil }
    let numbers = format.dropFirst(2).split(separator: ",", omittingEmptySubsequences: false)
      .map(number)
    guard (2...3).contains(numbers.count), let precision = numbers[0], let scale = numbers[1],
      let bits = numbers.count == 2 ? 128 : numbers[2]
    else {
      throw ArrowError(
        .malformed, "the format '\(format)' of a decimal is not d:PRECISION,SCALE or with ,BITS")
    }
    return try SchemaDecoder.decimal(bits: bits, precision: precision, scale: scale)
  }

  private static func time(_ format: String) -> ArrowType? {
    let kind = format.prefix(2)
    let rest = format.dropFirst(2)
    guard let unit = rest.first.flatMap(TimeUnit.init(cFormat:)) else { return nil }
    let tail = rest.dropFirst()
    switch kind {
    case "tt" where tail.isEmpty:
      return unit == .second || unit == .millisecond ? .time32(unit) : .time64(unit)
    case "tD" where tail.isEmpty: return .duration(unit)
    case "ts" where tail.hasPrefix(":"):
      return .timestamp(unit, timeZone: tail.count > 1 ? String(tail.dropFirst()) : nil)
    default: return nil
    }
  }

  private static func number(after prefix: String, of format: String) -> Int? {
    format.hasPrefix(prefix) ? number(format.dropFirst(prefix.count)) : nil
  }

  /// A number of 32 bits, as the schemas of streams have them.
  private static func number(_ text: Substring) -> Int? {
    text.hasPrefix("+") ? nil : Int32(text).map { Int($0) }
  }
}

extension ArrowType.TimeUnit {
  fileprivate var cFormat: Character {
    switch self {
    case .second: "s"
    case .millisecond: "m"
    case .microsecond: "u"
    case .nanosecond: "n"
    }
  }

  fileprivate init?(cFormat: Character) {
    guard let unit = Self.allCases.first(where: { $0.cFormat == cFormat }) else { return nil }
    self = unit
  }
}
