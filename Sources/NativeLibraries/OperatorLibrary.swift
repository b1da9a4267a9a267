import Glibc

/// A shared library with operators that a runtime does not have.
package enum OperatorLibrary {
  /// What to do about one that the system's loader refuses, by what it says.
  ///
  /// - Parameters:
  ///   - text: the loader's text, perhaps with a runtime's around it.
  ///   - instead: what to give instead of a module of Python, as the end of a sentence.
  /// - Returns: a sentence to append to the text; empty where that says it all.
  package static func advice(for text: String, instead: String) -> String {
    guard let symbol = pythonSymbol(in: text) else { return "" }
    return (text.hasSuffix(".") ? " " : ". ")
      + "The library is an extension module of Python (\(symbol) is Python's own), which needs the library "
      + "of its Python, such as libpython3.11.so.1.0, and that was not found here: install it (Debian: "
      + "libpython3.11), or name its folder in LD_LIBRARY_PATH. Or give \(instead)"
  }

  /// Opens Python's own library, for all that is opened later, if a library was refused that is an
  /// extension module of Python: nothing of Python runs, but the module finds its symbols.
  ///
  /// - Parameters:
  ///   - path: the module, whose name or folder tells its Python.
  ///   - text: why the loader refused it.
  /// - Returns: whether it is open now, so that the module may be tried again.
  package static func opensPython(for path: String, refused text: String) -> Bool {
    guard pythonSymbol(in: text) != nil else { return false }
    return pythonLibraries(for: path).contains { dlopen($0, RTLD_NOW | RTLD_GLOBAL) != nil }
  }

  /// What Python's library may be called for a module: beside its environment's packages, and for the
  /// system's loader.
  package static func pythonLibraries(for path: String) -> [String] {
    let folders = path.split(separator: "/").map(String.init)
    let file = folders.last ?? ""
    var minors: [Int] = []
    // module.cpython-311-x86_64-linux-gnu.so
    let tags = file.split { $0 == "." || $0 == "-" }
    for (tag, digits) in zip(tags, tags.dropFirst()) where tag == "cpython" {
      if digits.hasPrefix("3"), let minor = Int(digits.dropFirst()) { minors.append(minor) }
    }
    var beside: [String] = []
    for (index, folder) in folders.enumerated().dropFirst() where folders[index - 1] == "lib" {
      guard folder.hasPrefix("python3."), let minor = Int(folder.dropFirst("python3.".count)) else {
        continue
      }
      if !minors.contains(minor) { minors.append(minor) }
      let start = (path.hasPrefix("/") ? "/" : "") + folders[..<index].joined(separator: "/")
      beside.append("\(start)/\(name(minor))")
    }
    // Modules with the stable interface take any Python, the newest first.
    if minors.isEmpty, tags.contains("abi3") { minors = Array(stable.reversed()) }
    return beside + minors.map(name)
  }

  /// The versions of Python 3 that are looked for where the module does not tell.
  private static let stable = 8...20

  private static func name(_ minor: Int) -> String { "libpython3.\(minor).so.1.0" }

  /// The symbol of Python's that the loader misses.
  private static func pythonSymbol(in text: String) -> Substring? {
    let symbol = text.split(
      separator: "undefined symbol: ", maxSplits: 1, omittingEmptySubsequences: false
    ).dropFirst().first
      .map { $0.prefix { $0 == "_" || $0.isLetter || $0.isNumber } }
    guard let symbol, symbol.hasPrefix("Py") || symbol.hasPrefix("_Py") else { return nil }
    return symbol
  }
}
