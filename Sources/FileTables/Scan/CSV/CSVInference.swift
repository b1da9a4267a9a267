import SparkTypes

/// The schema that Spark infers of CSV: names of the first line, and with `inferSchema` types of all
/// values.
struct CSVInference {
  private let options: CSVOptions
  private let zone: ZoneRules

  init(_ settings: ScanSettings) {
    options = settings.csv
    zone = settings.zone
  }

  func schema(of files: [ScanFile]) throws(FileTableError) -> StructType {
    var names: [String]?
    var first = CSVRow()
    var types: [DataType] = []
    let finder = CSVTypes(options, zone)
    // Spark takes the names from the file that it reads first, which is the largest.
    for file in files.sorted(by: { $0.length > $1.length }) {
      var records = try CSVRecords(file, options)
      var row = CSVRow()
      var isFirst = true
      while try records.next(into: &row) {
        if names == nil {
          first = row
          names = safeNames(row.strings)
          if !options.infersSchema { break }
          types = Array(repeating: .null, count: row.count)
        }
        // Spark takes every line that is as the first one for a header again; with multiLine it is the
        // first record of each file, whatever it says.
        let isHeader = options.isMultiLine ? isFirst : row == first
        isFirst = false
        if options.hasHeader, isHeader { continue }
        for index in 0..<min(row.count, types.count) where types[index] != .string {
          types[index] = finder.type(types[index], row.string(index))
        }
      }
      if names != nil, !options.infersSchema { break }
    }
    guard let names else { return StructType([]) }
    return StructType(
      names.enumerated().map { index, name in
        guard options.infersSchema else { return StructField(name, .string) }
        return StructField(name, types[index] == .null ? .string : types[index])
      })
  }

  /// Names for all columns, no two of them the same.
  private func safeNames(_ row: [String]) -> [String] {
    guard options.hasHeader else { return row.indices.map { "_c\($0)" } }
    let null = String(decoding: options.nullValue, as: UTF8.self)
    var counts: [ExactName: Int] = [:]
    for name in row { counts[ExactName(folding: name), default: 0] += 1 }
    return row.enumerated().map { index, name in
      if name.isEmpty || name.isExactly(null) { return "_c\(index)" }
      return counts[ExactName(folding: name), default: 0] > 1 ? "\(name)\(index)" : name
    }
  }
}

/// The narrowest type that values of CSV have, as Spark finds it.
struct CSVTypes {
  private let options: CSVOptions
  private let zone: ZoneRules

  init(_ options: CSVOptions, _ zone: ZoneRules) {
    self.options = options
    self.zone = zone
  }

  /// The type of a column that was `type` up to this value.
  func type(_ type: DataType, _ text: String) -> DataType {
    if text.isEmpty || text.utf8.elementsEqual(options.nullValue) || type == .string {
      return type
    }
    let found: DataType =
      switch type {
      case .null, .integer: integer(text)
      case .long: long(text)
      case .decimal: decimal(text)
      case .double: double(text)
      case .date: date(text)
      case .timestamp: timestamp(text)
      default: boolean(text)
      }
    return Self.common(type, found)
  }

  private func integer(_ text: String) -> DataType {
    JavaNumbers.integer(text, as: Int32.self) == nil ? long(text) : .integer
  }

  private func long(_ text: String) -> DataType {
    JavaNumbers.integer(text, as: Int64.self) == nil ? decimal(text) : .long
  }

  private func decimal(_ text: String) -> DataType {
    guard let number = JavaNumbers.decimal(text), number.scale == 0,
      number.precision <= 38
    else { return double(text) }
    return .decimal(precision: number.precision, scale: number.scale)
  }

  private func double(_ text: String) -> DataType {
    if JavaNumbers.double(text) != nil || options.special(text) != nil { return .double }
    return options.prefersDate ? date(text) : timestamp(text)
  }

  private func date(_ text: String) -> DataType {
    SparkTimes.strictDate(text) == nil ? timestamp(text) : .date
  }

  private func timestamp(_ text: String) -> DataType {
    SparkTimes.timestamp(text, zone: zone) == nil ? boolean(text) : .timestamp
  }

  private func boolean(_ text: String) -> DataType {
    ["true", "false"].contains(text.lowercased()) ? .boolean : .string
  }

  static func common(_ a: DataType, _ b: DataType) -> DataType {
    if a == b { return a }
    switch (a, b) {
    case (.null, let other), (let other, .null): return other
    case (.integer, .long), (.long, .integer): return .long
    case (.integer, .double), (.long, .double), (.decimal, .double), (.double, .integer),
      (.double, .long), (.double, .decimal):
      return .double
    case (.integer, .decimal): return common(.decimal(precision: 10, scale: 0), b)
    case (.decimal, .integer): return common(a, .decimal(precision: 10, scale: 0))
    case (.long, .decimal): return common(.decimal(precision: 20, scale: 0), b)
    case (.decimal, .long): return common(a, .decimal(precision: 20, scale: 0))
    case (.decimal(let precision, let scale), .decimal(let other, let otherScale)):
      let fraction = max(scale, otherScale)
      let whole = max(precision - scale, other - otherScale)
      return whole + fraction > 38
        ? .double : .decimal(precision: whole + fraction, scale: fraction)
    case (.date, .timestamp), (.timestamp, .date): return .timestamp
    default: return .string
    }
  }
}
