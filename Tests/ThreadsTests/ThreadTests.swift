import Testing
import Threads

/// Blocking work beside Swift's own threads.
@Suite("Threads of the system", .timeLimit(.minutes(1)))
struct ThreadTests {
  private final class Token: Sendable {}

  private struct Held {
    weak var token: Token?
  }

  /// What a thread that is done still holds of what it was given.
  private func held() async throws -> Held {
    let token = Token()
    let seen = try await Thread.run { ObjectIdentifier(token) }
    #expect(seen == ObjectIdentifier(token))
    return Held(token: token)
  }

  @Test("a thread holds nothing of its work when it is done")
  func release() async throws {
    for _ in 0..<500 {
      let held = try await held()
      #expect(held.token == nil)
    }
  }
}
