import NIOCore

/// How the system finds out that nobody is there any more who could answer: a host or a network that is
/// gone says nothing, and whoever only waits for answers would wait for ever.
///
/// HTTP/2 has pings for that, but a server allows one in five minutes only. The system's own probes ask
/// the other host's system and not the server.
enum SilentServer {
  /// How long the other host may be silent before it is asked.
  static let patience: Duration = .seconds(30)
  /// The time between two questions.
  static let interval: Duration = .seconds(10)
  /// A connection ends when something that was sent, or asked, was not acknowledged for so long.
  static let limit: Duration = .seconds(60)

  // The numbers of Linux, whose constants Swift does not see everywhere.
  static let options: [(option: ChannelOptions.Types.SocketOption, value: Int)] = [
    (tcp(4), Int(patience.components.seconds)),  // TCP_KEEPIDLE
    (tcp(5), Int(interval.components.seconds)),  // TCP_KEEPINTVL
    (tcp(18), Int(limit.components.seconds * 1000)),  // TCP_USER_TIMEOUT
    (.init(level: .socket, name: .so_keepalive), 1),
  ]

  private static func tcp(_ name: CInt) -> ChannelOptions.Types.SocketOption {
    .init(level: .tcp, name: NIOBSDSocket.Option(rawValue: name))
  }

  /// Lets the system watch a connection; one that cannot be watched serves as well.
  @Sendable static func watch(_ channel: any Channel) -> EventLoopFuture<Void> {
    let set = options.map { option, value in
      channel.setOption(option, value: value).recover { _ in }
    }
    return EventLoopFuture.andAllSucceed(set, on: channel.eventLoop)
  }
}
