import FoundationEssentials

extension ExaminationReport {
  /// All of it as one JSON object.
  ///
  /// - Throws: an `EncodingError`, which no report causes.
  package func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The last line of the text: how many checks ended how.
  package var summary: String {
    func count(_ status: Finding.Status) -> Int { checks.count { $0.status == status } }
    var parts = ["\(count(.ok)) ok"]
    if count(.warn) > 0 { parts.append(counted(count(.warn), "warning")) }
    if count(.fail) > 0 { parts.append("\(count(.fail)) failed") }
    if count(.skip) > 0 { parts.append("\(count(.skip)) skipped") }
    return parts.joined(separator: ", ")
  }
}

extension ExaminationReport.Entry {
  /// One line, and a second one with what to do.
  package var text: String {
    let word = status.rawValue
    let line = word + String(repeating: " ", count: 6 - word.count) + "\(name): \(finding)"
    return remedy.map { "\(line)\n      \($0)" } ?? line
  }
}
