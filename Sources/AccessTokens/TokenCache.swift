package import FoundationEssentials
import Synchronization

/// The token of a provider: kept until shortly before its end, and asked for by one caller for all.
package final class TokenCache: Sendable {
  private struct State {
    var current: AccessToken?
    /// When the provider is asked again.
    var renewal = Date.distantPast
    var fetch: Task<AccessToken, any Error>?
  }

  /// Where a caller's token comes from.
  private enum Step {
    case use(AccessToken)
    case ask(Task<AccessToken, any Error>, old: AccessToken?)
  }

  package let provider: any TokenProvider
  private let now: @Sendable () -> Date
  private let state = Mutex(State())

  /// A token is renewed when a fifth of its life is left, and no earlier than this, in seconds.
  private static let longestMargin = 300.0

  /// - Parameter now: the time, for tests.
  package init(_ provider: any TokenProvider, now: @escaping @Sendable () -> Date = { Date() }) {
    self.provider = provider
    self.now = now
  }

  /// The token that was given last.
  package var current: AccessToken? { state.withLock { $0.current } }

  /// A token that is good now.
  ///
  /// One that is renewed before its end is still used if the provider fails.
  ///
  /// - Throws: what the provider throws.
  package func token() async throws -> AccessToken {
    let now = now()
    let step = state.withLock { state -> Step in
      if let current = state.current, now < state.renewal { return .use(current) }
      return .ask(begin(&state), old: state.current)
    }
    switch step {
    case .use(let token): return token
    case .ask(let fetch, let old):
      do {
        return try await fetch.value
      } catch {
        guard let old, let expiry = old.expiry, now < expiry else { throw error }
        // Half of what is left is used before the provider is asked again.
        let pause = expiry.timeIntervalSince(now) / 2
        state.withLock { $0.renewal = max($0.renewal, now.addingTimeInterval(pause)) }
        return old
      }
    }
  }

  /// Another token than the one that a server has refused; `nil` if the provider has no other.
  ///
  /// - Throws: what the provider throws.
  package func token(insteadOf refused: AccessToken) async throws -> AccessToken? {
    let step = state.withLock { state -> Step in
      // Somebody else was refused before, and has renewed it.
      if let current = state.current, current.value != refused.value { return .use(current) }
      return .ask(begin(&state), old: nil)
    }
    switch step {
    case .use(let token): return token
    case .ask(let fetch, _):
      let token = try await fetch.value
      return token.value == refused.value ? nil : token
    }
  }

  /// The request for a token that is on its way, or a new one.
  private func begin(_ state: inout State) -> Task<AccessToken, any Error> {
    if let fetch = state.fetch { return fetch }
    // A task of its own: whoever asked first may be cancelled.
    let fetch = Task {
      do {
        let token = try await provider.token()
        keep(token)
        return token
      } catch {
        self.state.withLock { $0.fetch = nil }
        throw error
      }
    }
    state.fetch = fetch
    return fetch
  }

  private func keep(_ token: AccessToken) {
    let now = now()
    var renewal = token.renewal ?? .distantFuture
    if let expiry = token.expiry {
      let left = max(0, expiry.timeIntervalSince(now))
      renewal = min(renewal, expiry.addingTimeInterval(-min(Self.longestMargin, left / 5)))
    }
    let next = renewal
    state.withLock { state in
      state.current = token
      state.renewal = next
      state.fetch = nil
    }
  }
}
