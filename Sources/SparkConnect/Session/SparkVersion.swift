/// The version of a Spark, as far as it decides what works.
package struct SparkVersion: Sendable, Hashable {
  package enum Support: Sendable, Hashable {
    case tooOld
    case supported
    /// It came after this program.
    case newer
  }

  /// The versions that this package is made for.
  package static let supported = "4.0 to 4.3"

  package let major: Int
  package let minor: Int

  /// `nil` if the text does not begin with two numbers.
  package init?(_ text: String) {
    let numbers = text.split(separator: ".").prefix(2).map { Int($0.prefix { $0.isNumber }) }
    guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return nil }
    self.major = major
    self.minor = minor
  }

  package var support: Support {
    if (major, minor) < (4, 0) { return .tooOld }
    return (major, minor) > (4, 3) ? .newer : .supported
  }
}
