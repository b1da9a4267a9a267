import Glibc
import NIOCore
import NativeLibraries
import Synchronization

/// The connections that are open, and the room for more.
///
/// When there are as many as there may be, a new one takes the place of the one that has been without
/// a request for longest. If all are at work, a few more are let in for small questions (is the server
/// alive?), so that nobody can lock health checks out.
final class OpenConnections: Sendable {
  private let timeouts: ConnectionActivity.Timeouts
  private let limit: Int
  private let reserve: Int
  private let open = Mutex<[ObjectIdentifier: ConnectionActivity]>([:])

  init(limit: Int, reserve: Int = 8, limits: ConnectionLimits) {
    self.limit = max(limit, 1)
    self.reserve = reserve
    timeouts = ConnectionActivity.Timeouts(limits)
  }

  /// As many connections as the process's descriptors allow, some of which are kept for files.
  static func limitByDescriptors() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 512 }
    let all = Int(clamping: limit.rlim_cur)
    let kept = max(16, min(128, all / 8))
    let open = FileSystem.entries(of: "/proc/self/fd").count
    return max(all - (open == 0 ? 32 : open) - kept, 8)
  }

  /// Counts a new connection in; `nil` if there is no room for it at all.
  func admit(_ channel: any Channel, hasHeads: Bool) -> ConnectionActivity? {
    let id = ObjectIdentifier(channel)
    let (activity, evicted) = open.withLock { open in
      var evicted: ConnectionActivity?
      if open.count >= limit {
        let idle = open.min { left, right in
          (left.value.isAtWork ? 1 : 0, left.value.lastActive)
            < (right.value.isAtWork ? 1 : 0, right.value.lastActive)
        }
        if let idle, !idle.value.isAtWork {
          evicted = idle.value
          open[idle.key] = nil
        } else if open.count >= limit + reserve {
          return (nil as ConnectionActivity?, evicted)
        }
      }
      let activity = ConnectionActivity(
        channel: channel, timeouts: timeouts, isReserve: open.count >= limit, hasHeads: hasHeads)
      open[id] = activity
      return (activity, evicted)
    }
    evicted?.channel.close(promise: nil)
    if let activity {
      channel.closeFuture.whenComplete { _ in
        self.open.withLock { open in
          if open[id] === activity { open[id] = nil }
          if open.count == self.limit { for rest in open.values { rest.leaveReserve() } }
        }
      }
    }
    return activity
  }

  /// Those that came from one kind of listening socket.
  func channels(hasHeads: Bool) -> [any Channel] {
    open.withLock { $0.values.filter { $0.hasHeads == hasHeads }.map(\.channel) }
  }

  /// Closes those whose clients have had their time.
  func closeOverdue() {
    let now = MonotonicTime.now()
    let overdue = open.withLock { open in open.values.filter { $0.isOverdue(now: now) } }
    for activity in overdue {
      activity.channel.pipeline.fireUserInboundEventTriggered(HTTPConnection.TimedOut())
    }
  }
}
