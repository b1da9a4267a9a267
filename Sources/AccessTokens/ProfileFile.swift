import Texts

/// The files in which clouds' own tools keep their profiles.
package enum ProfileFile {
  /// The parts of a file of `[NAME]` and `field = value`; a later field counts.
  ///
  /// - Throws: ``TokenError`` that names a line which is neither.
  package static func sections(
    _ text: String, of path: String
  ) throws(TokenError) -> [(name: String, fields: [String: String])] {
    var sections: [(name: String, fields: [String: String])] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let line = line.trimming { " \t\u{FEFF}".contains($0) }
      if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
      if line.hasPrefix("["), line.hasSuffix("]") {
        let name = line.dropFirst().dropLast().trimmed
        sections.append((name, [:]))
        continue
      }
      guard let equals = line.firstIndex(of: "="), !sections.isEmpty else {
        // The line itself may be a token.
        throw TokenError(
          .settings,
          "line \(index + 1) of \(path) is neither [PROFILE] nor 'field = value' below one; correct it"
        )
      }
      let field = line[..<equals].trimmed.lowercased()
      let value = line[line.index(after: equals)...].trimmed
      sections[sections.count - 1].fields[field] = value
    }
    return sections
  }
}
