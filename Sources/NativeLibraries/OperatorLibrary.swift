/// A shared library with operators that a runtime does not have.
package enum OperatorLibrary {
  /// What to do about one that the system's loader refuses, by what it says.
  ///
  /// - Parameters:
  ///   - text: the loader's text, perhaps with a runtime's around it.
  ///   - instead: what to give instead of a module of Python, as the end of a sentence.
  /// - Returns: a sentence to append to the text; empty where that says it all.
  package static func advice(for text: String, instead: String) -> String {
    let symbol = text.split(
      separator: "undefined symbol: ", maxSplits: 1, omittingEmptySubsequences: false
    ).dropFirst().first
      .map { $0.prefix { $0 == "_" || $0.isLetter || $0.isNumber } }
    guard let symbol, symbol.hasPrefix("Py") || symbol.hasPrefix("_Py") else { return "" }
    return (text.hasSuffix(".") ? " " : ". ")
      + "The library is an extension module of Python (\(symbol) is Python's own), which nothing but Python "
      + "can open. Give \(instead)"
  }
}
