/// What a mistyped name may have meant.
package enum Suggestion {
  /// A question to append to a message, empty if nothing is similar.
  package static func text(for name: String, among candidates: [String]) -> String {
    nearest(to: name, among: candidates).map { "; did you mean '\($0)'?" } ?? ""
  }

  /// The most similar of the candidates; `nil` if none is similar.
  package static func nearest(to name: String, among candidates: [String]) -> String? {
    // Of a short name nothing would be left.
    let limit = min(max(2, name.count / 3), name.count - 1)
    return
      candidates
      .map { (name: $0, distance: distance(name.lowercased(), $0.lowercased())) }
      .filter { $0.distance <= limit }
      .min { $0.distance < $1.distance }?.name
  }

  /// The number of insertions, deletions and replacements between two words.
  private static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (i, character) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in right.enumerated() {
        let replaced = diagonal + (character == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[right.count]
  }
}
