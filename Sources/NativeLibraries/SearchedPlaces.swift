/// The places in which something was looked for in vain, and what was wrong with each: all messages tell
/// them in these words, those about libraries as those about Spark and Java.
package struct SearchedPlaces {
  /// The places, in the order in which they were tried.
  package private(set) var places: [String] = []
  private var reasons: [String] = []

  package init() {}

  /// Notes that `place` was tried.
  package mutating func add(_ place: String, _ reason: String = "no such file") {
    places.append(place)
    reasons.append(reason)
  }

  /// Says what was not found, where it was looked for, and what to do.
  package func message(_ missing: String, advice: String) -> String {
    let list = zip(places, reasons).map { "\n  \($0): \($1)" }.joined()
    return "\(missing); tried:\(list)\n\(advice)"
  }
}
