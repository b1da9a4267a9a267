import FoundationEssentials
import HostProcesses

/// The options of a model as they travel, from which a kind reads its own.
package struct OptionValues: Sendable {
  /// What the options for headers of a server's calls begin with: `header.Authorization`.
  static let header = "header."

  package let texts: [String: String]
  /// What to call the model in messages.
  package let model: String

  package init(_ texts: [String: String], model: String) {
    self.texts = texts
    self.model = model
  }

  package subscript(name: String) -> String? { texts[name] }

  /// What `parse` makes of the option's text; `nil` if it is not given.
  ///
  /// - Throws: ``NeedletailError`` that says what was `expected` if `parse` makes nothing of it.
  package func read<Value>(
    _ name: String, as expected: String, _ parse: (String) -> Value?
  ) throws -> Value? {
    guard let text = texts[name] else { return nil }
    guard let value = parse(text) else {
      throw NeedletailError(.usage, "\(name) is '\(text)', it must be \(expected)")
    }
    return value
  }

  /// A whole number above 0.
  package func number(_ name: String, as expected: String = "a positive number") throws -> Int? {
    try read(name, as: expected) { text in
      guard let number = Int(text), number > 0 else { return nil }
      return number
    }
  }

  package func seconds(_ name: String) throws -> Double? {
    try read(name, as: "a number of seconds above 0") { text in
      guard let seconds = Double(text), seconds > 0, seconds.isFinite else { return nil }
      return seconds
    }
  }

  package func flag(_ name: String) throws -> Bool? {
    try read(name, as: "true or false") { Bool($0) }
  }

  /// One of an enum's cases.
  package func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, of type: Choice.Type, ignoringCase: Bool = false
  ) throws -> Choice? {
    let known = type.allCases.map(\.rawValue).joined(separator: ", ")
    return try read(name, as: "one of \(known)") { text in
      Choice(rawValue: ignoringCase ? text.lowercased() : text)
    }
  }

  /// A value that travels as JSON.
  ///
  /// - Parameter example: JSON that it could be, for the message.
  package func json<Value: Decodable>(
    _ name: String, as type: Value.Type, such example: String
  ) throws -> Value? {
    guard let text = texts[name] else { return nil }
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      throw NeedletailError(
        .usage, "\(name) is '\(text)', it must be JSON such as \(example): \(error)",
        cause: error)
    }
  }

  /// The paths that the option names, separated by commas.
  package func paths(_ name: String) -> [String] { Self.paths(in: texts[name]) }

  /// The paths in the text of an option that names files.
  static func paths(in text: String?) -> [String] {
    (text ?? "").split(separator: ",").map(String.init)
  }

  /// The text of an option that names files; `nil` for none.
  static func text(of paths: [String]) -> String? {
    paths.isEmpty ? nil : paths.joined(separator: ",")
  }
}
