import KServeProtocol
import NIOCore

/// How many requests and responses the calls of a method have.
enum GRPCMethodKind: Sendable {
  /// One of each.
  case unary
  /// Any number of them.
  case stream
}

/// How far a call is, from its headers to its status. What happens to the call goes in, and what is to
/// be done about it comes out: this knows no network.
///
/// Messages are handed on in their order. A compressed one is expanded elsewhere, and those behind it
/// wait for it.
struct ServerCallState<Message, Response> {
  /// What is to be done.
  enum Action {
    /// Hand a request on to the method.
    case take(Message)
    /// Expand a message, and tell ``expanded(_:)`` of it.
    case expand(Message)
    /// Send a response; before the first one go the call's headers.
    case send(Response, isFirst: Bool)
    /// Send the status, which ends the call; alone it comes in the headers.
    case end(GRPCStatus, isAlone: Bool)
  }

  private enum State {
    case awaitingHeaders
    case open(Open)
    /// The status was sent, or nobody waits for it: all that still comes is dropped.
    case ended
  }

  private enum Input {
    case open
    /// - Parameter isCut: whether that was in the middle of a message.
    case ended(isCut: Bool)
  }

  /// A call whose method is known and whose status is not.
  private struct Open {
    let kind: GRPCMethodKind
    var input = Input.open
    /// The messages behind one that is being expanded; `nil` while none is.
    var waiting: CircularBuffer<(message: Message, isCompressed: Bool)>?
    /// The requests that were handed on.
    var requests = 0
    /// Those of them that have not ended.
    var active = 0
    /// Whether there was a response.
    var hasResponded = false

    /// What to do with the next message.
    mutating func step(_ message: Message, isCompressed: Bool) -> Action {
      if isCompressed {
        waiting = CircularBuffer()
        return .expand(message)
      }
      requests += 1
      if kind == .unary, requests > 1 {
        return end(GRPCStatus(.internal, "a call of this method has one request"))
      }
      active += 1
      return .take(message)
    }

    /// What ends the call if there is nothing left to wait for.
    func conclusion() -> [Action] {
      guard case .ended(let isCut) = input, waiting == nil else { return [] }
      if isCut { return [end(GRPCStatus(.internal, "the request is cut off"))] }
      switch kind {
      case .unary:
        return requests == 0 ? [end(GRPCStatus(.internal, "the call has no request"))] : []
      case .stream: return active == 0 ? [end(.ok)] : []
      }
    }

    func end(_ status: GRPCStatus) -> Action {
      .end(status, isAlone: !hasResponded)
    }
  }

  private var state = State.awaitingHeaders

  init() {}

  var awaitsHeaders: Bool { if case .awaitingHeaders = state { true } else { false } }

  var hasEnded: Bool { if case .ended = state { true } else { false } }

  // MARK: The client's side

  /// The headers have come, and name a method of this kind.
  mutating func receivedHeaders(of kind: GRPCMethodKind) {
    if case .awaitingHeaders = state { state = .open(Open(kind: kind)) }
  }

  mutating func received(_ message: Message, isCompressed: Bool) -> [Action] {
    change { open in
      guard case .open = open.input else {
        return [open.end(GRPCStatus(.internal, "a message came behind the end of the call"))]
      }
      if open.waiting != nil {
        open.waiting?.append((message, isCompressed))
        return []
      }
      return [open.step(message, isCompressed: isCompressed)]
    }
  }

  /// The client has sent all that it will.
  ///
  /// - Parameter isCut: whether that was in the middle of a message.
  mutating func receivedEnd(isCut: Bool) -> [Action] {
    change { open in
      open.input = .ended(isCut: isCut)
      return open.conclusion()
    }
  }

  // MARK: This side

  /// A message is expanded now, and handed on with those behind it, up to the next compressed one.
  mutating func expanded(_ message: Message) -> [Action] {
    change { open in
      guard var waiting = open.waiting.take() else { return [] }
      var actions = [open.step(message, isCompressed: false)]
      while case .take? = actions.last, let next = waiting.popFirst() {
        actions.append(open.step(next.message, isCompressed: next.isCompressed))
      }
      switch actions.last {
      case .expand?:
        open.waiting = waiting
        return actions
      case .end?: return actions
      default: return actions + open.conclusion()
      }
    }
  }

  /// The method has a response.
  mutating func responded(_ response: Response) -> [Action] {
    change { open in
      guard open.requests > 0 else { return [] }
      let send = Action.send(response, isFirst: !open.hasResponded)
      open.hasResponded = true
      return open.kind == .unary ? [send, open.end(.ok)] : [send]
    }
  }

  /// The method has no further response to one of the requests of a stream.
  mutating func finishedRequest() -> [Action] {
    change { open in
      guard open.active > 0 else { return [] }
      open.active -= 1
      return open.conclusion()
    }
  }

  /// The call cannot go on.
  mutating func failed(_ status: GRPCStatus) -> [Action] {
    if case .awaitingHeaders = state {
      state = .ended
      return [.end(status, isAlone: true)]
    }
    return change { open in [open.end(status)] }
  }

  /// Nobody waits for the status any more.
  mutating func abandon() { state = .ended }

  /// Changes an open call, which is open afterwards unless that ends it; does nothing to another.
  private mutating func change(_ body: (inout Open) -> [Action]) -> [Action] {
    guard case .open(var open) = state else { return [] }
    // What waits has one owner while it is changed, so that it is not copied.
    state = .ended
    let actions = body(&open)
    if case .end? = actions.last { return actions }
    state = .open(open)
    return actions
  }
}

extension ServerCallState.Action: Equatable where Message: Equatable, Response: Equatable {}
