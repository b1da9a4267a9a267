/// The name that somebody may have meant.
enum NearestName {
  /// The one of `names` that differs least from `text`, if that is little.
  static func of(_ text: String, among names: [String]) -> String? {
    let most = max(1, text.count / 3)
    let best = names.map { (name: $0, distance: distance(text, $0)) }.min { $0.1 < $1.1 }
    return best.flatMap { $0.distance <= most ? $0.name : nil }
  }

  /// How many letters must be put in, taken away or replaced.
  static func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in right.enumerated() {
        let replaced = diagonal + (a == b ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[right.count]
  }
}
