import KServeProtocol
import Testing

@testable import KServeServer

/// What a call does next, whatever the order in which its parts come.
struct ServerCallStateTests {
  typealias State = ServerCallState<String, String>

  enum Event {
    case headers(GRPCMethodKind)
    case message(String)
    case compressed(String)
    case end
    case cut
    case expanded(String)
    case response(String)
    case done
    case failure(GRPCStatus)
    case reset
  }

  struct Case {
    var name: String
    var events: [Event]
    var actions: [State.Action]
    var hasEnded = true
  }

  static let damaged = GRPCStatus(.invalidArgument, "damaged")
  static let late = GRPCStatus(.deadlineExceeded, "late")

  static func refused(_ message: String, isAlone: Bool = true) -> State.Action {
    .end(GRPCStatus(.internal, message), isAlone: isAlone)
  }

  static var unary: [Case] {
    [
      Case(
        name: "request and response",
        events: [.headers(.unary), .message("a"), .end, .response("A")],
        actions: [.take("a"), .send("A", isFirst: true), .end(.ok, isAlone: false)]),
      Case(
        name: "a response before the end of the input",
        events: [.headers(.unary), .message("a"), .response("A"), .end],
        actions: [.take("a"), .send("A", isFirst: true), .end(.ok, isAlone: false)]),
      Case(
        name: "not answered yet", events: [.headers(.unary), .message("a"), .end],
        actions: [.take("a")], hasEnded: false),
      Case(
        name: "a failure", events: [.headers(.unary), .message("a"), .end, .failure(late)],
        actions: [.take("a"), .end(late, isAlone: true)]),
      Case(
        name: "a response after the failure",
        events: [.headers(.unary), .message("a"), .failure(late), .end, .response("A"), .done],
        actions: [.take("a"), .end(late, isAlone: true)]),
      Case(
        name: "no request", events: [.headers(.unary), .end],
        actions: [refused("the call has no request")]),
      Case(
        name: "a request cut off", events: [.headers(.unary), .cut],
        actions: [refused("the request is cut off")]),
      Case(
        name: "a second request", events: [.headers(.unary), .message("a"), .message("b"), .end],
        actions: [.take("a"), refused("a call of this method has one request")]),
      Case(
        name: "a compressed request",
        events: [.headers(.unary), .compressed("a"), .end, .expanded("aa"), .response("A")],
        actions: [
          .expand("a"), .take("aa"), .send("A", isFirst: true), .end(.ok, isAlone: false),
        ]),
      Case(
        name: "a second request behind a compressed one",
        events: [.headers(.unary), .compressed("a"), .message("b"), .end, .expanded("aa")],
        actions: [
          .expand("a"), .take("aa"), refused("a call of this method has one request"),
        ]),
      Case(
        name: "a damaged compressed request",
        events: [.headers(.unary), .compressed("a"), .end, .failure(damaged), .expanded("aa")],
        actions: [.expand("a"), .end(damaged, isAlone: true)]),
      Case(
        name: "a reset", events: [.headers(.unary), .message("a"), .reset, .response("A"), .end],
        actions: [.take("a")]),
    ]
  }

  static var stream: [Case] {
    [
      Case(
        name: "requests with any number of responses",
        events: [
          .headers(.stream), .message("a"), .response("A"), .response("B"), .done, .message("b"),
          .end, .done,
        ],
        actions: [
          .take("a"), .send("A", isFirst: true), .send("B", isFirst: false), .take("b"),
          .end(.ok, isAlone: false),
        ]),
      Case(
        name: "no request", events: [.headers(.stream), .end],
        actions: [.end(.ok, isAlone: true)]),
      Case(
        name: "requests without responses",
        events: [.headers(.stream), .message("a"), .message("b"), .done, .end, .done],
        actions: [.take("a"), .take("b"), .end(.ok, isAlone: true)]),
      Case(
        name: "open until the input ends",
        events: [.headers(.stream), .message("a"), .done], actions: [.take("a")],
        hasEnded: false),
      Case(
        name: "open until all requests are done",
        events: [.headers(.stream), .message("a"), .message("b"), .end, .done],
        actions: [.take("a"), .take("b")], hasEnded: false),
      Case(
        name: "compressed and plain messages keep their order",
        events: [
          .headers(.stream), .message("a"), .compressed("b"), .message("c"), .compressed("d"),
          .message("e"), .end, .done, .expanded("bb"), .done, .done, .expanded("dd"), .done, .done,
        ],
        actions: [
          .take("a"), .expand("b"), .take("bb"), .take("c"), .expand("d"), .take("dd"), .take("e"),
          .end(.ok, isAlone: true),
        ]),
      Case(
        name: "cut off behind a compressed message",
        events: [.headers(.stream), .compressed("a"), .cut, .expanded("aa"), .done],
        actions: [.expand("a"), .take("aa"), refused("the request is cut off")]),
      Case(
        name: "a failure behind a response",
        events: [.headers(.stream), .message("a"), .response("A"), .failure(late), .done, .end],
        actions: [.take("a"), .send("A", isFirst: true), .end(late, isAlone: false)]),
      Case(
        name: "a reset while a message is expanded",
        events: [.headers(.stream), .compressed("a"), .message("b"), .reset, .expanded("aa")],
        actions: [.expand("a")]),
    ]
  }

  /// Neither a client nor the server's own parts can make it do what the call is not ready for.
  static var illegal: [Case] {
    [
      Case(
        name: "nothing before the headers",
        events: [.message("a"), .response("A"), .done, .expanded("b"), .end], actions: [],
        hasEnded: false),
      Case(
        name: "a failure before the headers", events: [.failure(damaged), .headers(.unary)],
        actions: [.end(damaged, isAlone: true)]),
      Case(
        name: "headers twice",
        events: [.headers(.unary), .headers(.stream), .message("a"), .message("b")],
        actions: [.take("a"), refused("a call of this method has one request")]),
      Case(
        name: "a message behind the end",
        events: [.headers(.stream), .message("a"), .end, .message("b")],
        actions: [.take("a"), refused("a message came behind the end of the call")]),
      Case(
        name: "a response to nothing, and an end of nothing",
        events: [.headers(.stream), .response("A"), .done, .expanded("b")], actions: [],
        hasEnded: false),
      Case(
        name: "two responses to one request",
        events: [.headers(.unary), .message("a"), .response("A"), .response("B")],
        actions: [.take("a"), .send("A", isFirst: true), .end(.ok, isAlone: false)]),
      Case(
        name: "two failures", events: [.headers(.unary), .failure(late), .failure(damaged)],
        actions: [.end(late, isAlone: true)]),
      Case(
        name: "all behind a reset",
        events: [
          .headers(.stream), .reset, .message("a"), .compressed("b"), .expanded("b"),
          .response("A"), .done, .failure(late), .end,
        ], actions: []),
    ]
  }

  @Test func doesWhatFollows() {
    for test in Self.unary + Self.stream + Self.illegal {
      var state = State()
      let actions = test.events.flatMap { Self.tell(&state, $0) }
      #expect(actions == test.actions, "\(test.name)")
      #expect(state.hasEnded == test.hasEnded, "\(test.name)")
    }
  }

  private static func tell(_ state: inout State, _ event: Event) -> [State.Action] {
    switch event {
    case .headers(let kind):
      state.receivedHeaders(of: kind)
      return []
    case .message(let message): return state.received(message, isCompressed: false)
    case .compressed(let message): return state.received(message, isCompressed: true)
    case .end: return state.receivedEnd(isCut: false)
    case .cut: return state.receivedEnd(isCut: true)
    case .expanded(let message): return state.expanded(message)
    case .response(let response): return state.responded(response)
    case .done: return state.finishedRequest()
    case .failure(let status): return state.failed(status)
    case .reset:
      state.abandon()
      return []
    }
  }

  /// Messages that wait are many if a client wants: they are neither copied nor moved for each other.
  @Test func keepsManyThatWait() {
    var state = State()
    state.receivedHeaders(of: .stream)
    _ = state.received("first", isCompressed: true)
    let count = 20_000
    for _ in 0..<count { _ = state.received("m", isCompressed: false) }
    #expect(state.expanded("first").count == count + 1)
  }
}
