import Glibc
import NIOCore

/// Nanoseconds of the clock that never goes back, as the conditions of threads take them.
enum MonotonicTime {
  static func now() -> UInt64 { NIODeadline.now().uptimeNanoseconds }
}

extension Duration {
  /// Whole nanoseconds, 0 for what lies in the past, and at most some hundred years.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    if seconds < 0 || attoseconds < 0 { return 0 }
    return UInt64(min(seconds, 1 << 33)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }
}

/// The time of day.
enum WallTime {
  /// Milliseconds since 1970.
  static func milliseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) &* 1000 &+ UInt64(time.tv_nsec) / 1_000_000
  }
}
