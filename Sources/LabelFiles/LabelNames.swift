import FoundationEssentials
package import JSONText
import Texts

/// Reads the names of a classifier's classes.
package enum LabelNames {
  /// The names in a file: one in each line, or JSON (`.json`) with a list, an object of numbers and
  /// names, or one with `id2label`, as `config.json` has it.
  ///
  /// - Throws: ``LabelError`` that names the file and what is wrong in it.
  package static func read(_ path: String) throws(LabelError) -> [String] {
    guard path.lowercased().hasSuffix(".json") else { return try lines(of: path) }
    let json = try json(of: path)
    if let elements = json.elements {
      var names: [String] = []
      for (index, element) in elements.enumerated() {
        guard let name = element.label else {
          throw failure(path, "element \(index) of the list is \(element.text), expected a string")
        }
        names.append(name)
      }
      return names
    }
    if let names = try inConfiguration(json, path) { return names }
    guard let entries = json.entries, !entries.isEmpty,
      entries.keys.allSatisfy({ Int($0) != nil })
    else {
      throw failure(
        path, "expected a list of labels, an object with numbers and labels, or one with id2label")
    }
    return try inOrder(entries, of: path)
  }

  /// The names in `id2label` of a `config.json`; `nil` if it has none.
  ///
  /// - Throws: ``LabelError`` if the file is no JSON, or its `id2label` no list of names.
  package static func read(configuration path: String) throws(LabelError) -> [String]? {
    try inConfiguration(try json(of: path), path)
  }

  private static func inConfiguration(
    _ json: JSONValue, _ path: String
  ) throws(LabelError) -> [String]? {
    guard let value = json.entries?["id2label"], value != .null else { return nil }
    guard let names = value.entries else {
      throw LabelError(
        "in \(path) the entry \"id2label\" is \(value.text), expected an object")
    }
    return try inOrder(names, of: "id2label in \(path)")
  }

  private static func lines(of path: String) throws(LabelError) -> [String] {
    var bytes = try bytes(of: path)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw failure(path, "expected text in UTF-8, a label in each line")
    }
    var names = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    while let last = names.last, last.allSatisfy(\.isWhitespace) { names.removeLast() }
    if let line = names.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) {
      throw failure(path, "line \(line + 1) is empty, expected a label in each line")
    }
    return names.map(String.init)
  }

  private static func json(of path: String) throws(LabelError) -> JSONValue {
    let bytes = try bytes(of: path)
    do throws(JSONError) {
      return try JSONValue(parsing: bytes, rules: .strict)
    } catch {
      throw failure(path, "it is no JSON: \(error)", cause: error)
    }
  }

  private static func bytes(of path: String) throws(LabelError) -> [UInt8] {
    do {
      return [UInt8](try Data(contentsOf: URL(filePath: path)))
    } catch {
      var isFolder = false
      let reason =
        !FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        ? "there is no such file" : isFolder ? "it is a folder" : error.reason
      throw failure(
        path, "it cannot be read: \(reason); expected a file with a label in each line, or JSON",
        cause: error)
    }
  }

  private static func failure(
    _ path: String, _ message: String, cause: (any Error)? = nil
  ) -> LabelError {
    LabelError("labels in \(path): \(message)", cause: cause)
  }

  /// The names in the order of their numbers, which are the keys.
  ///
  /// - Parameter place: what has the entries, for messages.
  /// - Throws: ``LabelError`` if the keys are not the numbers from 0 on, or a name is none.
  package static func inOrder(
    _ entries: [String: JSONValue], of place: String
  ) throws(LabelError) -> [String] {
    func failure(_ message: String) -> LabelError { LabelError("\(place) \(message)") }
    var names: [Int: String] = [:]
    for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
      guard let id = Int(key) else {
        throw failure("has the key \"\(key)\", expected the numbers \"0\", \"1\", …")
      }
      guard let name = value.label else {
        throw failure("maps \(key) to \(value.text), expected a string or a number")
      }
      names[id] = name
    }
    guard !names.isEmpty, names.keys.sorted() == Array(0..<names.count) else {
      throw failure(
        "has the numbers \(names.keys.sorted().map(String.init).joined(separator: ", ")), expected "
          + "all from 0 on without gaps")
    }
    return (0..<names.count).compactMap { names[$0] }
  }
}

extension JSONValue {
  /// The value as a label; numbers and truth values as Python writes them.
  fileprivate var label: String? {
    switch self {
    case .string(let text): text
    case .integer(let number): "\(number)"
    case .unsigned(let number): "\(number)"
    case .number(let number): Int(exactly: number).map(String.init) ?? "\(number)"
    case .bool(let value): value ? "True" : "False"
    case .null, .array, .object: nil
    }
  }

  /// The value as JSON, for people.
  fileprivate var text: String { String(decoding: encoded(isSpaced: true), as: UTF8.self) }
}
