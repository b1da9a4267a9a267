import ArrowIPC
import Foundation
import NeedletailTesting
import SparkConnectProtocol
import Testing

@testable import SparkConnect

/// Retries that cost a test no time.
let quickRetries = RetryPolicy(
  maximumRetries: 3, initialPause: .milliseconds(1), maximumPause: .milliseconds(5), multiplier: 2)

/// Runs `body` with a session on a new fake server.
func withSession<Result>(
  on server: FakeConnectServer = FakeConnectServer(), parameters: String = "",
  _ body: (SparkSession, FakeConnectServer) async throws -> Result
) async throws -> Result {
  let session = try await SparkSession.connect(
    "sc://127.0.0.1:\(try await server.port)/;\(parameters)", retries: quickRetries)
  do {
    let result = try await body(session, server)
    await session.stop()
    await server.stop()
    return result
  } catch {
    await session.stop()
    await server.stop()
    throw error
  }
}

/// Waits until `condition` holds; an issue is recorded if it does not in time.
func expectEventually(
  within limit: Duration = .seconds(5), sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () -> Bool
) async throws {
  let start = ContinuousClock.now
  while !condition() {
    if ContinuousClock.now - start > limit {
      Issue.record("it did not happen within \(limit)", sourceLocation: sourceLocation)
      return
    }
    try await Task.sleep(for: .milliseconds(5))
  }
}

/// A batch of one column `id`.
func numbers(_ range: Range<Int64>) throws -> RecordBatch {
  try RecordBatch([("id", .numbers(range.map { $0 }))])
}

/// The kind and message of the ``SparkError`` that `body` throws.
func sparkError(
  _ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async -> SparkError {
  do {
    try await body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  } catch let error as SparkError {
    return error
  } catch {
    Issue.record("another error: \(error)", sourceLocation: sourceLocation)
  }
  return SparkError(.result, "")
}
