import Glibc
import Synchronization

/// The field `Date` of answers, made once a second.
enum HTTPDate {
  private static let last = Mutex<(second: time_t, text: String)>((0, ""))

  /// The time of day as RFC 9110 (5.6.7) writes it.
  static var now: String {
    var clock = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &clock)
    return last.withLock { last in
      if last.second != clock.tv_sec { last = (clock.tv_sec, text(clock.tv_sec)) }
      return last.text
    }
  }

  static func text(_ second: time_t) -> String {
    var second = second
    var parts = tm()
    gmtime_r(&second, &parts)
    func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    return "\(days[Int(parts.tm_wday)]), \(padded(parts.tm_mday)) \(months[Int(parts.tm_mon)]) "
      + "\(parts.tm_year + 1900) \(padded(parts.tm_hour)):\(padded(parts.tm_min)):"
      + "\(padded(parts.tm_sec)) GMT"
  }
}
