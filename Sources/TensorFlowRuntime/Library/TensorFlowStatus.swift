public import ErrorCauses

/// What a function of the runtime answered instead of success: the cause of a ``TensorFlowError``.
public struct TensorFlowStatus: CausedError {
  /// The runtime's own code (`TF_Code`): 3 is an invalid argument, 5 not found, 15 lost data.
  public var code: Int32
  /// The runtime's text, without the places in its graph and source.
  public var text: String
  /// What the runtime answered before, if this tells what it was about.
  public var cause: (any Error)?

  init(code: Int32, text: String, cause: (any Error)? = nil) {
    self.code = code
    self.text = Self.cleaned(text)
    self.cause = cause
  }

  public var message: String { text }
  public var description: String { text }

  /// The sentences of a message: TensorFlow surrounds them with the graph's nodes, the function
  /// names that Python gave, and stack traces.
  static func cleaned(_ text: String) -> String {
    var kept: [Substring] = []
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.drop { $0 == " " || $0 == "\t" }
      let isNoise =
        line.isEmpty || line.hasPrefix("[[") || line.hasPrefix("Graph execution error")
        || line.hasPrefix("Detected at node") || line.hasPrefix("<stack traces unavailable>")
        || line.hasPrefix("Stack trace for op") || line.hasPrefix("File \"")
        || line.hasPrefix("Original stack trace")
        || line.hasSuffix("derived errors ignored.") || line.hasSuffix("root error(s) found.")
      if !isNoise, !kept.contains(line) { kept.append(line) }
    }
    let joined = kept.joined(separator: "; ")
    if joined.isEmpty { return text.isEmpty ? "the runtime gave no reason" : text }
    // Each nesting of functions appends the node that called.
    var result = joined[...]
    while let node = result.range(of: "[[{{node "),
      let close = result[node.upperBound...].range(of: "}}]]")
    {
      result = result[..<node.lowerBound] + result[close.upperBound...]
    }
    return String(result)
  }
}

extension Substring {
  /// The first place of `text`.
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
