import NIOCore
import Synchronization

/// What a connection is doing, and since when: written by its network thread, read by those who look
/// for connections to close.
final class ConnectionActivity: Sendable {
  enum Phase: UInt8, AtomicRepresentable {
    /// No request, or not yet the whole head of one.
    case waiting
    /// A request's body comes.
    case receiving
    /// The server is to act: a request runs, or an answer is sent.
    case working
  }

  /// The times of ``ConnectionLimits`` in the network's units.
  struct Timeouts: Sendable {
    var head: UInt64
    var body: UInt64
    var idle: UInt64
    private var stall: TimeAmount

    /// What a client that reads slowly must take in a second at least.
    private static let slowestRate = 100_000

    init(_ limits: ConnectionLimits) {
      head = limits.headTime.nanoseconds
      body = limits.bodyTime.nanoseconds
      idle = limits.idleTime.nanoseconds
      stall = .nanoseconds(Int64(clamping: limits.stallTime.nanoseconds))
    }

    /// How long a client may take for `byteCount` bytes of answers.
    func reading(_ byteCount: Int) -> TimeAmount {
      stall + .seconds(Int64(byteCount / Self.slowestRate))
    }
  }

  let channel: any Channel
  let timeouts: Timeouts
  private let reserve: Atomic<Bool>
  /// Whether bytes between requests are the beginning of one, as in HTTP/1.1.
  let hasHeads: Bool
  private let phase = Atomic<Phase>(.waiting)
  /// When the phase began.
  private let since = Atomic<UInt64>(MonotonicTime.now())
  /// When the first byte of a head came; 0 if none has.
  private let headBegan = Atomic<UInt64>(0)
  private let lastByte = Atomic<UInt64>(MonotonicTime.now())

  init(channel: any Channel, timeouts: Timeouts, isReserve: Bool, hasHeads: Bool) {
    self.channel = channel
    self.timeouts = timeouts
    reserve = Atomic(isReserve)
    self.hasHeads = hasHeads
  }

  /// Whether the connection is one beyond the limit, for small questions only.
  var isReserve: Bool { reserve.load(ordering: .relaxed) }

  /// There is room for it now.
  func leaveReserve() { reserve.store(false, ordering: .relaxed) }

  func enter(_ new: Phase) {
    since.store(MonotonicTime.now(), ordering: .relaxed)
    headBegan.store(0, ordering: .relaxed)
    phase.store(new, ordering: .relaxed)
  }

  func receivedBytes() {
    let now = MonotonicTime.now()
    lastByte.store(now, ordering: .relaxed)
    if hasHeads, phase.load(ordering: .relaxed) == .waiting,
      headBegan.load(ordering: .relaxed) == 0
    {
      headBegan.store(now, ordering: .relaxed)
    }
  }

  /// Whether the connection may be closed to make room.
  var isAtWork: Bool { phase.load(ordering: .relaxed) == .working }

  /// When it last did something.
  var lastActive: UInt64 { max(since.load(ordering: .relaxed), lastByte.load(ordering: .relaxed)) }

  /// Whether the client has had the time for what it is doing.
  func isOverdue(now: UInt64) -> Bool {
    func isPast(_ start: UInt64, _ limit: UInt64) -> Bool { now > start && now - start > limit }
    switch phase.load(ordering: .relaxed) {
    case .waiting:
      let head = headBegan.load(ordering: .relaxed)
      if head != 0 { return isPast(head, timeouts.head) }
      return isPast(hasHeads ? since.load(ordering: .relaxed) : lastActive, timeouts.idle)
    case .receiving: return isPast(lastActive, timeouts.body)
    case .working: return false
    }
  }
}

/// Notes when bytes come in.
final class ConnectionActivityWatch: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let activity: ConnectionActivity

  init(_ activity: ConnectionActivity) { self.activity = activity }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    activity.receivedBytes()
    context.fireChannelRead(data)
  }
}
