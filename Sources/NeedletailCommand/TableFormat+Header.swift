import FoundationEssentials
import Needletail
import Texts

extension TableFormat {
  /// Refuses CSV on this machine whose first line is one of numbers: it would be lost as names.
  ///
  /// - Throws: ``CommandFailure`` that says how to read it.
  func checkHeader(of file: String) throws {
    guard assumesHeader, let path = DataFiles(file).first(1).first else { return }
    let line = FileSystem.contents(of: path, limit: 1 << 16)?.prefix { $0 != UInt8(ascii: "\n") }
    // Compressed files are looked at when Spark has read them.
    guard let text = String(data: Data(line ?? []), encoding: .utf8) else { return }
    let separator = option("sep") ?? ","
    // Whoever reads it says what is wrong with such a one.
    if separator.isEmpty { return }
    let names = text.trimming(\.isNewline).split(
      separator: separator, omittingEmptySubsequences: false
    )
    .map { $0.trimming { "\" ".contains($0) } }
    if Self.areNumbers(names) { throw Self.withoutHeader(file, names) }
  }

  /// Whether all of `names` are numbers, which no names of columns are.
  static func areNumbers(_ names: [String]) -> Bool {
    !names.isEmpty && names.allSatisfy { Double($0) != nil }
  }

  static func withoutHeader(_ file: String, _ names: [String]) -> CommandFailure {
    CommandFailure(
      "the first line of the CSV '\(file)' has numbers (\(names.prefix(3).joined(separator: ", "))"
        + "\(names.count > 3 ? ", ..." : "")) and no names of columns: say --input-option header=false, "
        + "which names the columns _c0, _c1 ..., or header=true if these are the names")
  }
}
