import NIOCore
import NIOHPACK

/// How far a gRPC call of a server is, from its start to its end. What happens to the call goes in, and
/// what is to be done about it comes out: this knows no network.
struct ClientCallState<Message> {
  /// What is to be done.
  enum Action {
    /// Open a stream, and tell ``opened()`` of it.
    case open
    /// Give a response to the caller.
    case deliver(Message)
    /// Tell the caller that the call has ended, and close the stream if it does not by itself.
    case end(CallFailure?, closesStream: Bool)
  }

  private enum State {
    case new
    /// Given up before it was started.
    case cancelled
    /// The stream is being opened: the server has seen nothing of the call.
    case opening
    /// - Parameters:
    ///   - isWritten: whether all of the request has gone out.
    ///   - hasAnswer: whether the headers of the answer have come.
    case sent(isWritten: Bool, hasAnswer: Bool)
    case ended
  }

  private var state = State.new

  init() {}

  var hasEnded: Bool { if case .ended = state { true } else { false } }

  // MARK: This side

  mutating func start() -> Action? {
    switch state {
    case .new:
      state = .opening
      return .open
    case .cancelled: return end(.cancelled)
    case .opening, .sent, .ended: return nil
    }
  }

  /// The caller gives up.
  mutating func cancel() -> Action? {
    switch state {
    case .new:
      state = .cancelled
      return nil
    case .opening, .sent: return end(.cancelled)
    case .cancelled, .ended: return nil
    }
  }

  /// The stream is open.
  ///
  /// - Returns: whether to send the request on it; if not, nobody wants it any more.
  mutating func opened() -> Bool {
    guard case .opening = state else { return false }
    state = .sent(isWritten: false, hasAnswer: false)
    return true
  }

  /// All of the request has gone out.
  mutating func written() {
    if case .sent(_, let hasAnswer) = state {
      state = .sent(isWritten: true, hasAnswer: hasAnswer)
    }
  }

  /// The call cannot go on.
  mutating func failed(_ failure: CallFailure) -> Action? { hasEnded ? nil : end(failure) }

  // MARK: The server's side

  /// Headers have come: those of the answer, or what ends it.
  ///
  /// - Parameters:
  ///   - isLast: whether the server has ended the stream with them.
  ///   - isInMessage: whether they have come in the middle of a message.
  mutating func received(
    _ headers: HPACKHeaders, isLast: Bool, isInMessage: Bool
  ) -> Action? {
    guard case .sent(let isWritten, let hasAnswer) = state else { return nil }
    if !hasAnswer {
      state = .sent(isWritten: isWritten, hasAnswer: true)
      if let failure = CallFailure(ofFirst: headers) { return end(failure) }
    }
    guard isLast else { return nil }
    let status = GRPCStatus(
      number: headers.first(name: "grpc-status"), message: headers.first(name: "grpc-message"))
    guard let status else { return receivedEnd() }
    if status.code != .ok { return end(.refused(KServeError(status)), byServer: true) }
    return end(isInMessage ? .lost(ChannelError.eof) : nil, byServer: true)
  }

  /// A message of the answer has come.
  mutating func received(_ message: Message, isCompressed: Bool) -> Action? {
    guard case .sent(_, let hasAnswer) = state else { return nil }
    guard hasAnswer else {
      return end(
        .refused(KServeError(.internal, "the server sent a message before its answer's headers")))
    }
    if isCompressed {
      return end(
        .refused(
          KServeError(.internal, "the server compressed its answer, which it was not asked to do")))
    }
    return .deliver(message)
  }

  /// The server has ended the stream, and has given no status.
  mutating func receivedEnd() -> Action? {
    guard case .sent = state else { return nil }
    let error = KServeError(
      .unknown,
      "the answer ended without a gRPC status; something other than a gRPC server may listen there")
    return end(.refused(error), byServer: true)
  }

  /// The stream has ended before the call did, or could not be opened.
  mutating func closed(_ error: any Error) -> Action? {
    switch state {
    case .new, .cancelled, .ended: return nil
    case .opening: return end(.notSent(error))
    case .sent: return end(.lost(error))
    }
  }

  /// - Parameter byServer: whether the server has ended the stream.
  private mutating func end(_ failure: CallFailure?, byServer: Bool = false) -> Action {
    // A stream that both sides have ended closes by itself. To close it here would send a reset for
    // each call, of which servers take a limited number.
    var closesItself = false
    if byServer, case .sent(let isWritten, _) = state { closesItself = isWritten }
    state = .ended
    return .end(failure, closesStream: !closesItself)
  }
}

extension CallFailure {
  /// What the first headers of an answer tell that does not come from a gRPC server; `nil` if it does.
  fileprivate init?(ofFirst headers: HPACKHeaders) {
    if headers.contains(name: "grpc-status") { return nil }
    let status = headers.first(name: ":status").flatMap { Int($0) } ?? 0
    switch status {
    case 200: return nil
    // What servers say of a path or a method that only gRPC has.
    case 400, 404, 405, 415: self = .lost(PeerMismatch(spoken: .http1))
    default:
      let place = headers.first(name: "location").map { ", which names \($0)" } ?? ""
      self = .refused(
        KServeError(
          (300..<400).contains(status) ? .unavailable : KServeError.Code(httpStatus: status),
          "the answer is one of HTTP with status \(status)\(place) and not of gRPC; it may come from "
            + "a gateway before the server"))
    }
  }
}
