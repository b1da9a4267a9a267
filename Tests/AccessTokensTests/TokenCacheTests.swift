import Foundation
import Synchronization
import Testing

@testable import AccessTokens

/// When a provider is asked.
struct TokenCacheTests {
  /// Gives numbered tokens, or fails.
  private final class Source: TokenProvider {
    let source = "a test"
    let count = Mutex(0)
    let fails = Mutex(false)
    let life: Double?
    let clock: Clock

    init(life: Double?, clock: Clock) {
      self.life = life
      self.clock = clock
    }

    func token() async throws -> AccessToken {
      let number = count.withLock {
        $0 += 1
        return $0
      }
      // Others come meanwhile.
      try await Task.sleep(for: .milliseconds(5))
      if fails.withLock({ $0 }) { throw TokenError(.unavailable, "out of order") }
      return AccessToken("t\(number)", expiry: life.map { clock.now.addingTimeInterval($0) })
    }
  }

  private final class Clock: Sendable {
    private let seconds = Mutex(1_000_000.0)
    var now: Date { Date(timeIntervalSince1970: seconds.withLock { $0 }) }
    func pass(_ more: Double) { seconds.withLock { $0 += more } }
  }

  private static func made(_ life: Double?) -> (TokenCache, Source, Clock) {
    let clock = Clock()
    let source = Source(life: life, clock: clock)
    return (TokenCache(source) { clock.now }, source, clock)
  }

  @Test(
    "kept until a fifth of its life is left, or five minutes",
    arguments: [
      (100.0, 79.0, "t1"), (100, 81, "t2"), (3600, 3299, "t1"), (3600, 3301, "t2"),
      (nil, 1e9, "t1"),
    ] as [(Double?, Double, String)])
  func renewal(life: Double?, passed: Double, expected: String) async throws {
    let (cache, _, clock) = Self.made(life)
    #expect(try await cache.token().value == "t1")
    clock.pass(passed)
    #expect(try await cache.token().value == expected)
  }

  @Test("one request serves all who wait")
  func together() async throws {
    let (cache, source, _) = Self.made(100)
    let values = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<20 { group.addTask { try await cache.token().value } }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(values == ["t1"])
    #expect(source.count.withLock { $0 } == 1)
  }

  @Test("a token that is good still is used when its provider fails, and none that has ended")
  func failure() async throws {
    let (cache, source, clock) = Self.made(100)
    _ = try await cache.token()
    source.fails.withLock { $0 = true }
    clock.pass(90)
    #expect(try await cache.token().value == "t1")
    #expect(try await cache.token().value == "t1")
    // Not each call asks a provider that fails.
    #expect(source.count.withLock { $0 } == 2)
    clock.pass(11)
    let error = await tokenError { _ = try await cache.token() }
    #expect(error.code == .unavailable)
    source.fails.withLock { $0 = false }
    #expect(try await cache.token().value == "t4")
  }

  @Test("a refused token is replaced once for all who were refused")
  func refused() async throws {
    let (cache, source, _) = Self.made(nil)
    let first = try await cache.token()
    #expect(try await cache.token(insteadOf: first)?.value == "t2")
    #expect(try await cache.token(insteadOf: first)?.value == "t2")
    #expect(source.count.withLock { $0 } == 2)
    let fixed = TokenCache(FixedToken(Secret("same")))
    let same = try await fixed.token()
    #expect(try await fixed.token(insteadOf: same) == nil)
  }
}
