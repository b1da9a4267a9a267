import NIOHPACK
import Testing

@testable import KServeClient

/// What a call does next, whatever the order in which the server's and the caller's doings come.
struct ClientCallStateTests {
  typealias State = ClientCallState<String>

  enum Event: Sendable {
    case start
    case cancel
    case opened
    case written
    case headers(HPACKHeaders, isLast: Bool = false, isCut: Bool = false)
    case message(String)
    case compressed(String)
    case end
    case closed
    case deadline
  }

  struct Case {
    var name: String
    var events: [Event]
    var actions: [String]
    var hasEnded = true
  }

  private struct Broken: Error {}

  static let answer: HPACKHeaders = [":status": "200", "content-type": "application/grpc"]
  static let ok: HPACKHeaders = ["grpc-status": "0"]
  /// A request that is on its way, and one that has gone out.
  static let sent: [Event] = [.start, .opened]
  static let written: [Event] = sent + [.written]

  static func gateway(_ status: String) -> [Event] {
    written + [.headers([":status": status, "location": "elsewhere"])]
  }

  static var answered: [Case] {
    [
      Case(
        name: "one response",
        events: written + [.headers(answer), .message("a"), .headers(ok, isLast: true), .closed],
        actions: ["open", "send", "deliver a", "end"]),
      Case(
        name: "several responses",
        events: written + [
          .headers(answer), .message("a"), .message("b"), .headers(ok, isLast: true),
        ], actions: ["open", "send", "deliver a", "deliver b", "end"]),
      Case(
        name: "an answer before all of the request has gone out",
        events: sent + [.headers(answer), .message("a"), .headers(ok, isLast: true), .written],
        actions: ["open", "send", "deliver a", "end, close"]),
      Case(
        name: "no answer yet", events: written + [.headers(answer)], actions: ["open", "send"],
        hasEnded: false),
      Case(
        name: "a status alone",
        events: written + [
          .headers([":status": "200", "grpc-status": "5", "grpc-message": "no%21"], isLast: true)
        ], actions: ["open", "send", "NOT_FOUND no!"]),
      Case(
        name: "a status without a reason",
        events: written + [.headers(answer), .headers(["grpc-status": "8"], isLast: true)],
        actions: [
          "open", "send", "RESOURCE_EXHAUSTED the server gave the status 8 and no reason",
        ]),
    ]
  }

  static var given: [Case] {
    [
      Case(
        name: "up before the start", events: [.cancel, .start, .opened],
        actions: ["cancelled, close", "close"]),
      Case(
        name: "up while the stream is opened", events: [.start, .cancel, .opened],
        actions: ["open", "cancelled, close", "close"]),
      Case(
        name: "up in the answer",
        events: written + [
          .headers(answer), .cancel, .message("a"), .headers(ok, isLast: true), .closed,
        ], actions: ["open", "send", "cancelled, close"]),
      Case(
        name: "up twice", events: [.start, .cancel, .cancel], actions: ["open", "cancelled, close"]
      ),
      Case(
        name: "too little time", events: written + [.deadline, .headers(answer)],
        actions: ["open", "send", "deadline, close"]),
    ]
  }

  static var broken: [Case] {
    [
      Case(
        name: "no connection", events: [.start, .closed], actions: ["open", "not sent, close"]),
      Case(
        name: "a connection that ends", events: sent + [.closed],
        actions: ["open", "send", "lost, close"]),
      Case(
        name: "a connection that ends in the answer",
        events: written + [.headers(answer), .message("a"), .closed],
        actions: ["open", "send", "deliver a", "lost, close"]),
      Case(
        name: "a message that is cut off",
        events: written + [.headers(answer), .headers(ok, isLast: true, isCut: true)],
        actions: ["open", "send", "lost"]),
      Case(
        name: "an end without a status", events: written + [.headers(answer), .message("a"), .end],
        actions: ["open", "send", "deliver a", without]),
      Case(
        name: "last headers without a status",
        events: written + [.headers(answer), .headers(["x": "y"], isLast: true)],
        actions: ["open", "send", without]),
      Case(
        name: "a compressed message", events: written + [.headers(answer), .compressed("a")],
        actions: [
          "open", "send",
          "INTERNAL the server compressed its answer, which it was not asked to do, close",
        ]),
      Case(
        name: "a message before the headers", events: written + [.message("a")],
        actions: [
          "open", "send", "INTERNAL the server sent a message before its answer's headers, close",
        ]),
    ]
  }

  static let without =
    "UNKNOWN the answer ended without a gRPC status; something other than a gRPC server may listen "
    + "there"

  /// What is not in order is not done.
  static var illegal: [Case] {
    [
      Case(
        name: "nothing before the start",
        events: [.closed, .written, .headers(answer), .message("a"), .end], actions: [],
        hasEnded: false),
      Case(
        name: "a stream that nobody asked for", events: [.opened], actions: ["close"],
        hasEnded: false),
      Case(name: "two starts", events: [.start, .start], actions: ["open"], hasEnded: false),
      Case(
        name: "an answer without a stream",
        events: [.start, .headers(answer), .message("a"), .end, .written], actions: ["open"],
        hasEnded: false),
      Case(
        name: "all behind the end",
        events: written + [
          .closed, .start, .opened, .written, .headers(answer), .message("a"), .compressed("b"),
          .end, .closed, .deadline, .cancel,
        ], actions: ["open", "send", "lost, close", "close"]),
    ]
  }

  @Test("what follows")
  func follows() {
    for test in Self.answered + Self.given + Self.broken + Self.illegal {
      var state = State()
      let actions = test.events.compactMap { Self.tell(&state, $0) }
      #expect(actions == test.actions, "\(test.name)")
      #expect(state.hasEnded == test.hasEnded, "\(test.name)")
    }
  }

  @Test(
    "answers that are not gRPC's",
    arguments: [
      ("400", "lost, close"), ("404", "lost, close"), ("405", "lost, close"),
      ("415", "lost, close"), ("302", "UNAVAILABLE"), ("403", "PERMISSION_DENIED"),
      ("500", "INTERNAL"), ("503", "UNAVAILABLE"), ("x", "UNKNOWN"),
    ])
  func otherServers(status: String, outcome: String) throws {
    var state = State()
    let actions = Self.gateway(status).compactMap { Self.tell(&state, $0) }
    let end = try #require(actions.last)
    #expect(actions.count == 3)
    #expect(end.hasPrefix(outcome), "\(end)")
    #expect(outcome.hasPrefix("lost") || end.contains("names elsewhere"), "\(end)")
  }

  /// What is done at an event, in words.
  private static func tell(_ state: inout State, _ event: Event) -> String? {
    let action: State.Action?
    switch event {
    case .start: action = state.start()
    case .cancel: action = state.cancel()
    case .opened: return state.opened() ? "send" : "close"
    case .written:
      state.written()
      return nil
    case .headers(let headers, let isLast, let isCut):
      action = state.received(headers, isLast: isLast, isInMessage: isCut)
    case .message(let message): action = state.received(message, isCompressed: false)
    case .compressed(let message): action = state.received(message, isCompressed: true)
    case .end: action = state.receivedEnd()
    case .closed: action = state.closed(Broken())
    case .deadline: action = state.failed(.deadline)
    }
    switch action {
    case .open?: return "open"
    case .deliver(let message)?: return "deliver \(message)"
    case .end(let failure, let closesStream)?:
      return words(for: failure) + (closesStream ? ", close" : "")
    case nil: return nil
    }
  }

  private static func words(for failure: CallFailure?) -> String {
    switch failure {
    case nil: "end"
    case .notSent?: "not sent"
    case .lost?: "lost"
    case .refused(let error)?: "\(error.code.rawValue) \(error.message)"
    case .tooLong?: "too long"
    case .deadline?: "deadline"
    case .cancelled?: "cancelled"
    }
  }
}
