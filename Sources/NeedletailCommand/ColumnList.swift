import ArgumentParser
import FoundationEssentials
import Needletail
import Texts

/// Names between commas, of which those in backticks may have commas and outer blanks in them.
struct ColumnList {
  let names: [String]

  init(_ text: String, option: String) throws {
    names = try SQLIdentifier.list(text).map { entry in
      guard let name = SQLIdentifier.unquoted(entry.trimmed) else {
        let isOpen = text.unicodeScalars.count(where: { $0 == "`" }) % 2 == 1
        throw ValidationError(
          isOpen
            ? "\(option): '\(text)' has a backtick without its second one"
            : "\(option): '\(text)' needs a comma behind the name in backticks, in which two backticks "
              + "stand for one")
      }
      guard !name.isEmpty else {
        throw ValidationError("\(option): '\(text)' has an empty name between its commas")
      }
      return name
    }
  }

  /// How to write a name that a list cuts, to append to `message` about `name`, which is not among
  /// `known`; empty if none of these needs it.
  ///
  /// - Parameter lead: what stands in front of the list, such as `--map x=`.
  static func advice(
    behind message: String, about name: String, among known: [String], lead: (String) -> String
  ) -> String {
    guard let odd = SQLIdentifier.quotable(among: known, for: name) else { return "" }
    return (message.hasSuffix("?") ? " " : ". ")
      + "A name with commas, backticks or outer blanks stands in backticks, and these in quotes for the "
      + "shell: \(lead(SQLIdentifier.quoted(odd)))"
  }
}
