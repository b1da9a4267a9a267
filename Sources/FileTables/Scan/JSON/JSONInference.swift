import JSONText
import SparkTypes

/// The schema that Spark infers of JSON lines: columns by their names' order, whole numbers as long,
/// others as double.
struct JSONInference {
  private let options: JSONOptions

  init(_ settings: ScanSettings) { options = settings.json }

  func schema(of files: [ScanFile]) throws(FileTableError) -> StructType {
    var found: DataType = .struct(StructType([]))
    for file in files {
      var lines = try LineReader(file)
      while true {
        let number = lines.line + 1
        let type = try lines.next { (line) throws(FileTableError) -> DataType? in
          do throws(JSONError) {
            guard let node = try JSONNode(line) else { return nil }
            return self.type(node)
          } catch {
            return try self.malformed(error, number, file)
          }
        }
        guard let type else { break }
        guard let type else { continue }
        found = try row(found, type, line: number, file)
      }
    }
    guard case .struct(let fields)? = Self.finished(found) else { return StructType([]) }
    return fields
  }

  /// The type of rows of the type `known` and of a line's value, which is an object or an array of them;
  /// any other is a malformed line.
  private func row(
    _ known: DataType, _ type: DataType, line: Int, _ file: ScanFile
  ) throws(FileTableError) -> DataType {
    switch type {
    case .struct: return Self.common(known, type)
    case .null: return known
    case .array(let element, _): return try row(known, element, line: line, file)
    default:
      let error = JSONError(json: "the value is no object", byte: 0)
      return try malformed(error, line, file).map { Self.common(known, $0) } ?? known
    }
  }

  private static let corrupt = DataType.struct([JSONOptions.corruptColumn: .string])

  private func malformed(
    _ error: JSONError, _ line: Int, _ file: ScanFile
  ) throws(FileTableError) -> DataType? {
    switch options.mode {
    case .permissive: return Self.corrupt
    case .dropMalformed: return nil
    case .failFast:
      throw FileTableError(
        .malformed,
        "line \(line) of '\(file.location)' is no JSON: \(error); mend it, or read with mode PERMISSIVE "
          + "or DROPMALFORMED",
        path: file.location)
    }
  }

  private func type(_ node: JSONNode) -> DataType {
    switch node {
    case .null: return .null
    case .string(let text): return text.isEmpty ? .null : .string
    case .array(let elements, _):
      return .array(elements.map { type($0) }.reduce(.null) { Self.common($0, $1) })
    case .object(let members, _):
      var fields: [ExactName: DataType] = [:]
      for (name, value) in members {
        let type = type(value)
        let name = ExactName(name)
        fields[name] = fields[name].map { Self.common($0, type) } ?? type
      }
      return .struct(Self.sorted(fields.map { StructField($0.key.text, $0.value) }))
    case .bool, .number, .word:
      if options.primitivesAsString { return .string }
      switch node {
      case .bool: return .boolean
      case .number(let text): return number(text)
      default: return .double
      }
    }
  }

  private func number(_ text: String) -> DataType {
    let isWhole = text.utf8.allSatisfy { SparkTimes.isDigit($0) || $0 == UInt8(ascii: "-") }
    if isWhole, Int64(text) != nil { return .long }
    if isWhole || options.prefersDecimal, let decimal = JavaNumbers.decimal(text) {
      let precision = max(decimal.precision, decimal.scale)
      if precision <= 38, decimal.scale >= 0 {
        return .decimal(precision: precision, scale: decimal.scale)
      }
    }
    return .double
  }

  /// By the order of Java's strings.
  private static func sorted(_ fields: [StructField]) -> StructType {
    StructType(fields.sorted { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) })
  }

  private static func common(_ a: DataType, _ b: DataType) -> DataType {
    switch (a, b) {
    case (.struct(let left), .struct(let right)):
      var fields = left.fields
      for field in right.fields {
        if let index = fields.firstIndex(where: { $0.name.isExactly(field.name) }) {
          fields[index].type = common(fields[index].type, field.type)
        } else {
          fields.append(field)
        }
      }
      return .struct(sorted(fields))
    case (.array(let left, _), .array(let right, _)): return .array(common(left, right))
    default: return CSVTypes.common(a, b)
    }
  }

  /// Without what has no type of its own: nulls are strings, structs without fields no columns.
  private static func finished(_ type: DataType) -> DataType? {
    switch type {
    case .null: return .string
    case .array(let element, _): return finished(element).map { .array($0) }
    case .struct(let fields):
      let kept = fields.fields.compactMap { field -> StructField? in
        if field.name.isEmpty { return nil }
        return finished(field.type).map { StructField(field.name, $0) }
      }
      return kept.isEmpty ? nil : .struct(StructType(kept))
    default: return type
    }
  }
}
