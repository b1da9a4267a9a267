import JSONText

/// A JSON value with its place in the file, read with the checks that messages need.
struct JSONReader {
  let value: JSONValue
  /// The path from the root, such as `model.vocab`; empty at the root.
  let path: String

  func failure(
    _ message: String, code: TokenizerError.Code = .invalidFile
  ) -> TokenizerError {
    TokenizerError(code, message, location: path.isEmpty ? "the file" : path)
  }

  private func mismatch(_ expected: String) -> TokenizerError {
    failure("expected \(expected), found \(value.kind)")
  }

  /// What is in the value, which must be what is `expected`.
  private func require<Content>(
    _ content: Content?, _ expected: String
  ) throws(TokenizerError) -> Content {
    guard let content else { throw mismatch(expected) }
    return content
  }

  /// The member `name`, nil where it is missing or null; the last one wins.
  func optional(_ name: String) throws(TokenizerError) -> JSONReader? {
    guard let member = try members.last(where: { $0.0 == name }), member.1 != .null else {
      return nil
    }
    return JSONReader(value: member.1, path: path.isEmpty ? name : "\(path).\(name)")
  }

  /// The member `name`, which must be there.
  func required(_ name: String) throws(TokenizerError) -> JSONReader {
    guard let member = try optional(name) else { throw failure("lacks \"\(name)\"") }
    return member
  }

  var members: [(String, JSONValue)] {
    get throws(TokenizerError) { try require(value.members, "an object") }
  }

  var elements: [JSONReader] {
    get throws(TokenizerError) {
      try require(value.elements, "a list").enumerated().map {
        JSONReader(value: $1, path: "\(path)[\($0)]")
      }
    }
  }

  var string: String {
    get throws(TokenizerError) { try require(value.string, "a string") }
  }

  var bool: Bool {
    get throws(TokenizerError) { try require(value.boolean, "true or false") }
  }

  var double: Double {
    get throws(TokenizerError) { try require(value.double, "a number") }
  }

  /// A whole number from 0 to 2³¹ − 1: a size, or the number of a token.
  var count: Int {
    get throws(TokenizerError) {
      guard case .integer(let number) = value else { throw mismatch("a whole number") }
      guard 0...Int64(Int32.max) ~= number else {
        throw failure("\(number) is outside 0...\(Int32.max)")
      }
      return Int(number)
    }
  }

  /// A string of exactly one Unicode scalar.
  var scalar: Unicode.Scalar {
    get throws(TokenizerError) {
      let text = try string
      guard let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1 else {
        throw failure("expected one character, found \"\(text)\"")
      }
      return scalar
    }
  }
}

extension JSONReader {
  private static let rules = JSONRules { JSONNumber.value($0) }

  /// The root of the document in `bytes`.
  init(parsing bytes: [UInt8]) throws(TokenizerError) {
    do throws(JSONError) {
      value = try JSONValue(parsing: bytes, rules: Self.rules)
    } catch {
      throw TokenizerError(
        .invalidFile, "not valid JSON at byte \(error.byte): \(error.message)", cause: error)
    }
    path = ""
  }
}

extension JSONValue {
  /// What the value is, for messages.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a truth value"
    case .integer, .unsigned, .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}
