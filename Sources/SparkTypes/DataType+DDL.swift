public import ErrorCauses

/// Why a type or schema string could not be understood.
public struct DataTypeError: CausedError, Hashable {
  /// What was found, where, and what was expected.
  public var message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}

extension DataType {
  /// The type in Spark SQL's words, for example `array<float>`.
  public var ddl: String {
    switch self {
    case .null: "void"
    case .boolean: "boolean"
    case .byte: "tinyint"
    case .short: "smallint"
    case .integer: "int"
    case .long: "bigint"
    case .float: "float"
    case .double: "double"
    case .decimal(let precision, let scale): "decimal(\(precision),\(scale))"
    case .string: "string"
    case .collatedString(let collation): "string collate \(collation)"
    case .char(let length): "char(\(length))"
    case .varchar(let length): "varchar(\(length))"
    case .binary: "binary"
    case .date: "date"
    case .time(let precision): "time(\(precision))"
    case .timestamp: "timestamp"
    case .timestampNTZ: "timestamp_ntz"
    case .timestampNanos(let precision): "timestamp_ltz(\(precision))"
    case .timestampNTZNanos(let precision): "timestamp_ntz(\(precision))"
    case .dayTimeInterval(let from, let to):
      from == to ? "interval \(from)" : "interval \(from) to \(to)"
    case .yearMonthInterval(let from, let to):
      from == to ? "interval \(from)" : "interval \(from) to \(to)"
    case .calendarInterval: "interval"
    case .array(let element, _): "array<\(element.ddl)>"
    case .map(let key, let value, _): "map<\(key.ddl),\(value.ddl)>"
    case .struct(let fields):
      "struct<"
        + fields.map {
          "\(SQLIdentifier($0.name)):\($0.type.ddl)\($0.isNullable ? "" : " not null")"
        }.joined(separator: ",") + ">"
    case .variant: "variant"
    case .geometry(let srid): "geometry(\(srid.map(String.init) ?? "any"))"
    case .geography(let srid): "geography(\(srid.map(String.init) ?? "any"))"
    case .userDefined(let type): type.simpleName
    case .unparsed(let name): name
    case .unknown(let type): "unknown(\(type.kind.map(String.init) ?? ""))"
    }
  }

  /// Parses a type in Spark SQL's words, for example `array<float>` or `struct<a:int,b:string>`.
  ///
  /// - Throws: ``DataTypeError`` with the position of what was not understood.
  public init(ddl text: String) throws {
    var parser = DDLParser(text)
    self = try parser.type()
    try parser.expectEnd()
  }
}

extension DataType: CustomStringConvertible {
  public var description: String { ddl }
}

extension StructType {
  /// The fields as a column list, for example `id bigint not null, scores array<float>`.
  public var ddl: String {
    fields.map { "\(SQLIdentifier($0.name)) \($0.type.ddl)\($0.isNullable ? "" : " not null")" }
      .joined(separator: ", ")
  }

  /// Parses a column list such as `id bigint, scores array<float>`, or a `struct<...>`.
  ///
  /// - Throws: ``DataTypeError`` with the position of what was not understood.
  public init(ddl text: String) throws {
    if case .struct(let fields)? = try? DataType(ddl: text) {
      self = fields
      return
    }
    var parser = DDLParser(text)
    fields = try parser.fields(until: nil)
    try parser.expectEnd()
  }
}

/// A recursive-descent parser of Spark's data type and column list syntax.
private struct DDLParser {
  /// Scalars, for a mark that combines with a back-tick would hide it.
  private let characters: [Unicode.Scalar]
  private var position = 0
  private var depth = 0

  /// Types nested deeper than this are refused: no schema needs them, and recursion must end.
  private static let maximumDepth = 200
  /// The most digits of a decimal.
  private static let maximumPrecision = 38

  init(_ text: String) { characters = Array(text.unicodeScalars) }

  private func failure(_ expected: String) -> DataTypeError {
    DataTypeError(
      "the type '\(text(characters[...]))' is not understood: expected \(expected) at character "
        + "\(position + 1)\(position < characters.count ? ", found '\(characters[position])'" : "")"
    )
  }

  private func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    String(String.UnicodeScalarView(scalars))
  }

  private mutating func skipSpace() {
    while position < characters.count, characters[position].properties.isWhitespace {
      position += 1
    }
  }

  private mutating func accept(_ symbol: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < characters.count, characters[position] == symbol else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ symbol: Unicode.Scalar) throws {
    guard accept(symbol) else { throw failure("'\(symbol)'") }
  }

  mutating func expectEnd() throws {
    skipSpace()
    guard position == characters.count else { throw failure("the end") }
  }

  private mutating func word() -> String {
    skipSpace()
    let start = position
    while position < characters.count, Self.isWordPart(characters[position]) { position += 1 }
    return text(characters[start..<position])
  }

  private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
      || scalar.properties.canonicalCombiningClass != .notReordered
  }

  private mutating func acceptWord(_ expected: String) -> Bool {
    let before = position
    if word().lowercased() == expected { return true }
    position = before
    return false
  }

  /// A number within bounds; `noun` says what it is.
  private mutating func integer(_ noun: String, _ allowed: ClosedRange<Int>) throws -> Int {
    skipSpace()
    let start = position
    let sign = accept("-") ? "-" : ""
    guard let number = Int(sign + word()), allowed.contains(number) else {
      position = start
      throw failure("\(noun) from \(allowed.lowerBound) to \(allowed.upperBound)")
    }
    return number
  }

  private mutating func name() throws -> String {
    guard accept("`") else {
      let plain = word()
      if plain.isEmpty { throw failure("a field name") }
      return plain
    }
    var name = String.UnicodeScalarView()
    while position < characters.count {
      let character = characters[position]
      position += 1
      if character != "`" {
        name.append(character)
      } else if position < characters.count, characters[position] == "`" {
        name.append("`")
        position += 1
      } else {
        return String(name)
      }
    }
    throw failure("a closing back-tick")
  }

  mutating func fields(until close: Unicode.Scalar?) throws -> [StructField] {
    var fields: [StructField] = []
    if let close, accept(close) { return fields }
    skipSpace()
    if close == nil, position == characters.count { return fields }
    repeat {
      let name = try name()
      _ = accept(":")
      let type = try type()
      var isNullable = true
      if acceptWord("not") {
        guard acceptWord("null") else { throw failure("'null' after 'not'") }
        isNullable = false
      }
      if acceptWord("comment") { try skipQuoted() }
      fields.append(StructField(name, type, isNullable: isNullable))
    } while accept(",")
    if let close { try expect(close) }
    return fields
  }

  private mutating func skipQuoted() throws {
    skipSpace()
    guard position < characters.count, characters[position] == "'" || characters[position] == "\""
    else { throw failure("a quoted comment") }
    let quote = characters[position]
    position += 1
    while position < characters.count, characters[position] != quote {
      position += characters[position] == "\\" ? 2 : 1
    }
    guard position < characters.count else { throw failure("the end of the comment") }
    position += 1
  }

  mutating func type() throws -> DataType {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else { throw failure("a type nested less deeply") }
    let start = position
    let name = word().lowercased()
    switch name {
    case "void", "null": return .null
    case "boolean", "bool": return .boolean
    case "tinyint", "byte": return .byte
    case "smallint", "short": return .short
    case "int", "integer": return .integer
    case "bigint", "long": return .long
    case "float", "real": return .float
    case "double": return .double
    case "string": return try string()
    case "binary": return .binary
    case "date": return .date
    case "time": return .time(precision: try timePrecision() ?? 6)
    case "timestamp", "timestamp_ltz": return try timestamp(isLocal: true)
    case "timestamp_ntz": return try timestamp(isLocal: false)
    case "geometry": return .geometry(srid: try srid())
    case "geography": return .geography(srid: try srid())
    case "variant": return .variant
    case "decimal", "dec", "numeric":
      guard accept("(") else { return .decimal() }
      let most = Self.maximumPrecision
      let precision = try integer("a precision", 0...most)
      let scale = accept(",") ? try integer("a scale", -most...precision) : 0
      try expect(")")
      return .decimal(precision: precision, scale: scale)
    case "char", "character", "varchar":
      try expect("(")
      let length = try integer("a length", 0...Int(Int32.max))
      try expect(")")
      return name == "varchar" ? .varchar(length: length) : .char(length: length)
    case "array":
      try expect("<")
      let element = try type()
      try expect(">")
      return .array(element)
    case "map":
      try expect("<")
      let key = try type()
      try expect(",")
      let value = try type()
      try expect(">")
      return .map(key, value)
    case "struct":
      try expect("<")
      return .struct(StructType(try fields(until: ">")))
    case "interval": return interval()
    default:
      position = start
      skipSpace()
      throw failure("a Spark SQL type")
    }
  }

  private mutating func string() throws -> DataType {
    guard acceptWord("collate") else { return .string }
    let collation = try name()
    return collation.uppercased() == "UTF8_BINARY" ? .string : .collatedString(collation: collation)
  }

  /// The digits in parentheses, if there are any.
  private mutating func precision(_ allowed: ClosedRange<Int>) throws -> Int? {
    guard accept("(") else { return nil }
    let digits = try integer("a precision", allowed)
    try expect(")")
    return digits
  }

  private mutating func timePrecision() throws -> Int? {
    let digits = try precision(0...9)
    if acceptWord("without") { try expectWords("time", "zone") }
    return digits
  }

  /// Six digits are Spark's plain timestamps, more of them those of nanoseconds.
  private mutating func timestamp(isLocal: Bool) throws -> DataType {
    let digits = try precision(6...9) ?? 6
    var isLocal = isLocal
    if acceptWord("without") {
      try expectWords("time", "zone")
      isLocal = false
    } else if acceptWord("with") {
      try expectWords("local", "time", "zone")
    }
    if digits > 6 {
      return isLocal ? .timestampNanos(precision: digits) : .timestampNTZNanos(precision: digits)
    }
    return isLocal ? .timestamp : .timestampNTZ
  }

  private mutating func expectWords(_ words: String...) throws {
    for word in words {
      guard acceptWord(word) else { throw failure("'\(word)'") }
    }
  }

  /// The number of a reference system in parentheses, `nil` for `any`.
  private mutating func srid() throws -> Int? {
    try expect("(")
    if acceptWord("any") {
      try expect(")")
      return nil
    }
    let number = try integer("the number of a reference system", 0...Int(Int32.max))
    try expect(")")
    return number
  }

  private mutating func interval() -> DataType {
    let before = position
    let first = word().lowercased()
    let second = acceptWord("to") ? word().lowercased() : first
    func find<Field: CaseIterable & RawRepresentable<Int32>>(_: Field.Type) -> (Field, Field)? {
      guard let from = Field.allCases.first(where: { "\($0)" == first }),
        let to = Field.allCases.first(where: { "\($0)" == second }), from.rawValue <= to.rawValue
      else { return nil }
      return (from, to)
    }
    if let (from, to) = find(DataType.DayTimeField.self) {
      return .dayTimeInterval(from: from, to: to)
    }
    if let (from, to) = find(DataType.YearMonthField.self) {
      return .yearMonthInterval(from: from, to: to)
    }
    position = before
    return .calendarInterval
  }
}
