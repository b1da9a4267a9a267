package import NIOCore

/// The time that a client gives a call, as the field `grpc-timeout` has it: up to eight digits and a
/// unit.
package enum GRPCTimeout {
  /// The time that `text` says; `nil` if it says none.
  package static func amount(_ text: String) -> TimeAmount? {
    let digits = text.dropLast()
    guard let unit = text.last, digits.utf8.count <= 8,
      digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int64(digits)
    else { return nil }
    switch unit {
    case "H": return .hours(value)
    case "M": return .minutes(value)
    case "S": return .seconds(value)
    case "m": return .milliseconds(value)
    case "u": return .microseconds(value)
    case "n": return .nanoseconds(value)
    default: return nil
    }
  }

  /// The text for `amount`, in whole milliseconds where eight digits are enough for them, and at least
  /// in one.
  package static func text(_ amount: TimeAmount) -> String {
    var value = max(amount.nanoseconds / 1_000_000, 1)
    for (unit, units) in [("m", Int64(1000)), ("S", 60)] {
      if value < 100_000_000 { return "\(value)\(unit)" }
      value /= units
    }
    return "\(min(value, 99_999_999))M"
  }
}
