import ErrorCauses
import Testing

/// The way from an error to those behind it.
struct CausedErrorTests {
  struct Bottom: Error, Hashable { var code: Int }
  struct Leaf: CausedError { let message = "leaf", description = "[LEAF] leaf" }
  struct Middle: CausedError, Hashable {
    var message = "middle"
    @Uncompared var cause: (any Error)?
    var description: String { "[MIDDLE] \(message)" }
  }
  struct Top: CausedError {
    var cause: (any Error)?
    let message = "top", description = "[TOP] top"
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var error: any Error
    var depth: Int
    var root: String
    var bottom: Int?
    var testDescription: String { "\(depth) below \(error)" }
  }

  @Test(arguments: [
    Case(error: Bottom(code: 1), depth: 0, root: "Bottom(code: 1)", bottom: 1),
    Case(error: Leaf(), depth: 0, root: "[LEAF] leaf"),
    Case(error: Middle(), depth: 0, root: "[MIDDLE] middle"),
    Case(error: Middle(cause: Leaf()), depth: 1, root: "[LEAF] leaf"),
    Case(error: Top(cause: Bottom(code: 2)), depth: 1, root: "Bottom(code: 2)", bottom: 2),
    Case(
      error: Top(cause: Middle(cause: Bottom(code: 3))), depth: 2, root: "Bottom(code: 3)",
      bottom: 3),
    Case(error: CancellationError(), depth: 0, root: "CancellationError()"),
  ])
  func walk(of test: Case) {
    #expect("\(test.error.root)" == test.root)
    #expect(test.error.first(Bottom.self)?.code == test.bottom)
    let found: Bottom? = test.error.first()
    #expect(found?.code == test.bottom)
    var depth = 0
    var next = (test.error as? any CausedError)?.cause
    while let error = next {
      depth += 1
      next = (error as? any CausedError)?.cause
    }
    #expect(depth == test.depth)
  }

  @Test("the nearest of a type is found, the error itself first")
  func nearest() {
    let inner = Middle(message: "inner", cause: Bottom(code: 1))
    let outer = Middle(message: "outer", cause: inner)
    #expect(Top(cause: outer).first(Middle.self)?.message == "outer")
    #expect(outer.first(Middle.self)?.message == "outer")
    #expect(outer.first(Leaf.self) == nil)
  }

  @Test("two errors that say the same are the same, whatever was behind them")
  func comparison() {
    let plain = Middle()
    let caused = Middle(cause: Bottom(code: 1))
    #expect(plain == caused)
    #expect(Set([plain, caused, Middle(cause: Leaf())]).count == 1)
    #expect(plain != Middle(message: "other"))
  }
}
