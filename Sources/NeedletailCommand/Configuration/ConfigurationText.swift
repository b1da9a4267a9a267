import JSONText
import YAMLText

/// The options in a file, with the lines in which they stand.
struct ConfigurationText {
  /// What a key has.
  enum Value: Equatable {
    case one(String)
    /// A list, or `NAME=VALUE` for each entry of a mapping.
    case several([String])
  }

  struct Entry: Equatable {
    var key: String
    var line: Int
    var value: Value
  }

  let entries: [Entry]

  /// - Parameter file: its name for messages.
  /// - Throws: ``CommandFailure`` with the line of what is no YAML, or no list of options.
  init(_ bytes: [UInt8], file: String) throws {
    let document: JSONValue
    do throws(YAMLError) {
      document = try JSONValue(yaml: bytes)
    } catch {
      throw CommandFailure("--config \(file), line \(error.line): \(error.message)", cause: error)
    }
    let lines = String(decoding: bytes, as: UTF8.self)
      // In files of Windows the end of a line is one character of two.
      .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    guard case .object(let members) = document else {
      if case .null = document {
        entries = []
        return
      }
      throw CommandFailure(
        "--config \(file): options are expected, each in a line of its own, such as `input: table.parquet`"
      )
    }
    var places: [Int] = members.map { member in
      lines.firstIndex { Self.key(of: $0) == member.0 } ?? 0
    }
    places.append(lines.count)
    entries = try members.indices.map { index in
      let (key, value) = members[index]
      let line = places[index]
      let end = places.filter { $0 > line }.min() ?? lines.count
      let reader = ValueReader(
        place: "--config \(file), line \(line + 1)", key: key,
        source: lines[line..<max(end, line + 1)].joined(separator: "\n"))
      return Entry(key: key, line: line + 1, value: try reader.value(value))
    }
  }

  /// The key with which a line begins at its first letter.
  private static func key(of line: String) -> String? {
    guard let first = line.first, first != " ", first != "#", let colon = line.firstIndex(of: ":")
    else { return nil }
    return String(line[..<colon].filter { $0 != "\"" && $0 != "'" && $0 != " " })
  }
}

/// Turns a value into the text that it would be on a command line.
private struct ValueReader {
  /// The file and line, for messages.
  let place: String
  let key: String
  /// The lines of the key and its value.
  let source: String

  func value(_ value: JSONValue) throws -> ConfigurationText.Value {
    switch value {
    case .array(let elements): return .several(try elements.map(text))
    case .object(let members):
      return .several(
        try members.map { member in
          let value = try text(member.1)
          return "\(member.0)=\(value)"
        })
    default: return .one(try text(value))
    }
  }

  private func text(_ value: JSONValue) throws -> String {
    switch value {
    case .string(let text): return text
    case .bool(let flag): return "\(flag)"
    case .integer(let number): return try written("\(number)")
    case .unsigned(let number): return try written("\(number)")
    case .number(let number): return try written("\(number)")
    case .null: throw CommandFailure("\(place): '\(key)' has no value")
    default:
      throw CommandFailure(
        "\(place): '\(key)' has a value with lists in it; write it between quotes, as on the command line"
      )
    }
  }

  /// `number`, if that is how the file has it: 1.10 would have become 1.1.
  private func written(_ number: String) throws -> String {
    let words = source.split { ": ,[]{}\n\t#".contains($0) }
    if words.contains(where: { $0 == number }) { return number }
    throw CommandFailure(
      "\(place): write the number of '\(key)' between quotes, so that it is taken as it stands there"
    )
  }
}
