import JSONText

/// The names of a model's inputs or outputs, as far as its call specification has them: PyTorch
/// writes down how arguments and results nest (its "pytree" in JSON), with the names of keyword
/// arguments and of a dictionary's keys.
enum CallSpecification {
  /// The name of each tensor in order, `nil` for those that have only a position.
  ///
  /// - Returns: `nil` if `text` is not understood.
  static func names(_ text: String) -> [String?]? {
    guard let root = JSONValue(text)?.elements, root.count == 2 else { return nil }
    var names: [String?] = []
    return collect(root[1], prefix: [], into: &names, depth: 0) ? names : nil
  }

  /// The names in the specification of arguments: a pair of positional and keyword ones.
  static func argumentNames(_ text: String) -> [String?]? {
    guard let root = JSONValue(text)?.elements, root.count == 2,
      let parts = root[1]["children_spec"]?.elements, parts.count == 2
    else { return nil }
    var names: [String?] = []
    guard collect(parts[0], prefix: [], into: &names, depth: 0),
      collect(parts[1], prefix: [], into: &names, depth: 0)
    else { return nil }
    return names
  }

  private static func collect(
    _ node: JSONValue, prefix: [String], into names: inout [String?], depth: Int
  ) -> Bool {
    guard depth < 64, let children = node["children_spec"]?.elements else { return false }
    guard let type = node["type"]?.string else {
      // A leaf has no type.
      guard node["type"] == .null, children.isEmpty else { return false }
      names.append(prefix.isEmpty ? nil : prefix.joined(separator: "."))
      return true
    }
    var keys: [String?] = Array(repeating: nil, count: children.count)
    if type.hasSuffix("dict") || type.hasSuffix("OrderedDict"),
      let context = node["context"]?.string, let list = JSONValue(context)?.elements,
      list.count == children.count
    {
      keys = list.map(\.string)
    }
    for (position, (child, key)) in zip(children, keys).enumerated() {
      // What is nested in something named has its position for a name.
      let part = key ?? (prefix.isEmpty ? nil : String(position))
      guard
        collect(child, prefix: prefix + (part.map { [$0] } ?? []), into: &names, depth: depth + 1)
      else { return false }
    }
    return true
  }
}

extension JSONValue {
  /// The value in `text`; `nil` if it is no JSON.
  init?(_ text: String) {
    guard let value = try? JSONValue(parsing: Array(text.utf8), rules: .strict) else { return nil }
    self = value
  }
}
