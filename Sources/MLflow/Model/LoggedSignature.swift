import JSONText

/// What a model takes and gives, by who logged it.
package struct LoggedSignature: Sendable, Hashable {
  /// An input or output.
  package struct Entry: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
      /// A tensor: its type as numpy calls it, and its shape with -1 for what varies.
      case tensor(type: String, shape: [Int])
      /// A column of a table: its type as MLflow calls it; that of the elements of an array.
      case column(type: String)
    }

    /// `nil` where the only one needs no name.
    package let name: String?
    package let kind: Kind
    /// Whether it may be missing.
    package let isOptional: Bool
  }

  /// `nil` if nothing is said of them.
  package let inputs: [Entry]?
  package let outputs: [Entry]?

  struct Wrong: Error, CustomStringConvertible {
    let description: String
  }

  /// What `MLmodel` says; `nil` if it says nothing.
  ///
  /// - Throws: what is wrong with it.
  init?(_ json: JSONValue?) throws {
    guard let json, json.members != nil else { return nil }
    inputs = try Self.entries(json["inputs"])
    outputs = try Self.entries(json["outputs"])
    if inputs == nil, outputs == nil { return nil }
  }

  /// A list that is JSON in a text.
  private static func entries(_ value: JSONValue?) throws -> [Entry]? {
    guard let text = value?.string else { return nil }
    guard let list = try JSONValue(parsing: Array(text.utf8), rules: .strict).elements else {
      throw Wrong(description: "'\(text.prefix(100))' is no list")
    }
    return try list.map(Entry.init)
  }
}

extension LoggedSignature.Entry {
  fileprivate init(_ json: JSONValue) throws {
    name = json["name"]?.string
    isOptional = json["required"]?.boolean == false
    guard let type = json["type"]?.string else {
      throw LoggedSignature.Wrong(description: "'\(name ?? "")' has no type")
    }
    guard type == "tensor" else {
      kind = .column(type: Self.element(json))
      return
    }
    let tensor = json["tensor-spec"]
    guard let element = tensor?["dtype"]?.string,
      let shape = tensor?["shape"]?.elements?.map(\.wholeNumber)
    else {
      throw LoggedSignature.Wrong(description: "the tensor '\(name ?? "")' has no type or shape")
    }
    kind = .tensor(type: element, shape: shape.map { $0 ?? -1 })
  }

  /// The type of the elements of arrays in arrays.
  private static func element(_ json: JSONValue) -> String {
    var json = json
    for _ in 0..<16 {
      guard json["type"]?.string == "array", let items = json["items"] else { break }
      json = items
    }
    return json["type"]?.string ?? "any"
  }
}
