import SparkConnectProtocol
import SwiftProtobuf

/// When a streaming query computes.
public enum StreamingTrigger: Sendable, Hashable {
  /// A batch of what is there, again and again, at this distance or, if a batch takes longer, at once.
  case processingTime(Duration)
  /// Everything that is there when the query starts, in one batch or several; then the query ends.
  case availableNow
  /// The same in one batch. ``availableNow`` minds the limits of the source, such as `maxFilesPerTrigger`.
  case once
  /// Row by row, with a checkpoint at this distance. Few sources and no functions of a program's own can.
  case continuous(Duration)

  /// - Throws: ``SparkError`` if it is a time that Spark does not know.
  func fill(_ start: inout Spark_Connect_WriteStreamOperationStart) throws {
    switch self {
    case .processingTime(let time): start.processingTimeInterval = try Self.interval(time)
    case .availableNow: start.availableNow = true
    case .once: start.once = true
    case .continuous(let time): start.continuousCheckpointInterval = try Self.interval(time)
    }
  }

  private static func interval(_ time: Duration) throws -> String {
    guard let milliseconds = time.wholeMilliseconds, milliseconds >= 0 else {
      throw SparkError(
        .invalidArgument,
        "the time of a trigger is \(time); it must be from zero up, and Spark counts it in milliseconds"
      )
    }
    return "\(milliseconds) milliseconds"
  }
}

/// Which rows of the result a streaming query writes after a batch.
public enum StreamingOutputMode: String, Sendable, Hashable, CaseIterable {
  /// Those that are new, and will not change.
  case append
  /// All of them, for aggregates.
  case complete
  /// Those that are new or have changed.
  case update
}

extension Duration {
  /// The milliseconds, the parts of one left out; `nil` if they are too many.
  var wholeMilliseconds: Int64? {
    let (seconds, attoseconds) = components
    let (product, isTooMany) = seconds.multipliedReportingOverflow(by: 1000)
    let (sum, isOver) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
    return isTooMany || isOver ? nil : sum
  }
}
