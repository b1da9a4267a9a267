/// The version of a Spark, as far as it decides what works.
struct SparkVersion: Sendable, Hashable {
  enum Support: Sendable, Hashable {
    case tooOld
    case supported
    /// It came after this program.
    case newer
  }

  static let supported = "4.0 to 4.3"

  let major: Int
  let minor: Int

  /// `nil` if the text does not begin with two numbers.
  init?(_ text: String) {
    let numbers = text.split(separator: ".").prefix(2).map { Int($0.prefix { $0.isNumber }) }
    guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return nil }
    self.major = major
    self.minor = minor
  }

  var support: Support {
    if (major, minor) < (4, 0) { return .tooOld }
    return (major, minor) > (4, 3) ? .newer : .supported
  }
}
