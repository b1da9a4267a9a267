import Texts

/// What a check has found.
package struct Finding: Sendable, Hashable {
  package enum Status: String, Sendable, Hashable, Encodable {
    case ok
    /// Something optional is missing, or may be better.
    case warn
    /// What needs it does not work.
    case fail
    /// It could not be looked at, since something before it failed.
    case skip
  }

  package var status: Status
  /// In one line.
  package var text: String
  /// What to do; `nil` for the check's own.
  package var remedy: String?
  /// The same for programs: versions, paths, numbers.
  package var facts: [String: String]

  package static func ok(_ text: String, _ facts: [String: String] = [:]) -> Finding {
    Finding(status: .ok, text: text, remedy: nil, facts: facts)
  }

  package static func warn(
    _ text: String, remedy: String? = nil, _ facts: [String: String] = [:]
  ) -> Finding {
    Finding(status: .warn, text: text, remedy: remedy, facts: facts)
  }

  package static func fail(
    _ text: String, remedy: String? = nil, _ facts: [String: String] = [:]
  ) -> Finding {
    Finding(status: .fail, text: text, remedy: remedy, facts: facts)
  }
}

extension String {
  /// The text in one line, shortened if it is a page.
  var inOneLine: String {
    let lines = split(whereSeparator: \.isNewline).map { $0.trimmed }
    let line = lines.filter { !$0.isEmpty }.joined(separator: " ")
    return line.count <= 600 ? line : "\(line.prefix(600)) ..."
  }
}

/// Bytes as people say them.
func sizeText(_ bytes: Int64) -> String {
  let (shift, unit): (Int64, String) =
    bytes >= 1 << 30 ? (30, "GiB") : bytes >= 1 << 20 ? (20, "MiB") : (0, "bytes")
  let whole = bytes >> shift
  if shift == 0 || whole >= 10 { return "\(whole) \(unit)" }
  let tenths = (((bytes >> (shift - 10)) & 1023) * 10) >> 10
  return tenths == 0 ? "\(whole) \(unit)" : "\(whole).\(tenths) \(unit)"
}

/// A number of things: `1 core`, `2 cores`.
func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
  let name = count == 1 ? one : many ?? one + "s"
  return "\(count) \(name)"
}
