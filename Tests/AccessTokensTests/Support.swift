import FakeTokenServer
import Foundation
import Synchronization
import Testing

@testable import AccessTokens

/// The ``TokenError`` that `body` throws.
func tokenError(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> TokenError {
  do {
    try await body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  } catch let error as TokenError {
    return error
  } catch {
    Issue.record("another error: \(error)", sourceLocation: sourceLocation)
  }
  return TokenError(.settings, "")
}
