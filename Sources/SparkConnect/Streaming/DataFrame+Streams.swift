import SparkConnectProtocol
import SwiftProtobuf

extension DataFrame {
  /// Whether rows go on coming, so that it takes ``writeStream`` to compute them.
  ///
  /// - Throws: ``SparkError`` if Spark cannot make sense of the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public var isStreaming: Bool {
    get async throws {
      let plan = try plan()
      return try await session.analyze { $0.isStreaming = .with { $0.plan = plan } }
        .isStreaming.isStreaming
    }
  }

  /// The same, for which the server is asked only if the query alone does not tell.
  package var isStream: Bool {
    get async throws {
      if relation.readsStream { return true }
      return relation.readsByName ? try await isStreaming : false
    }
  }

  /// The same rows, of which those count as late that are older than the newest by more than `delay`: what
  /// aggregates and joins of a stream keep for them is then let go, and rows that are later are dropped.
  ///
  /// - Parameters:
  ///   - column: the column that tells when the row's event was.
  ///   - delay: how late a row may come, as SQL writes it: `10 minutes`.
  public func withWatermark(_ column: String, _ delay: String) -> DataFrame {
    over { result, _ in
      result.withWatermark.eventTime = column
      result.withWatermark.delayThreshold = delay
    }
  }
}
