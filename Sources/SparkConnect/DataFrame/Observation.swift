import ArrowIPC
import SparkConnectProtocol
import SparkTypes
import SwiftProtobuf
import Synchronization

/// Measures of the rows that pass through a query, which cost no second one.
///
/// ```swift
/// let seen = Observation("predictions")
/// try await predicted.observe(seen, count().as("rows"), avg("score").as("mean")).write.parquet("out")
/// print(seen.row?["rows"] ?? "the query has not run")
/// ```
/// The values are those of the last query with it that has ended; numbers, strings, booleans, dates and
/// timestamps are among them, decimals and lists are not (cast them). A query that needs part of the rows only
/// (`limit`, `show`) measures those that it has computed.
public final class Observation: Sendable {
  /// The name under which the server sends the values. In a session no two observations that a program
  /// still has may have the same.
  public let name: String
  private let state = Mutex<Row?>(nil)

  /// - Parameter name: tells the observations of a query apart.
  public init(_ name: String) { self.name = name }

  /// The measures, by the names of their columns; `nil` before a query with them has ended.
  public var row: Row? { state.withLock { $0 } }

  func set(_ row: Row) { state.withLock { $0 = row } }
}

/// An observation as long as the program has it: nobody else can read its values.
struct KnownObservation {
  weak var observation: Observation?
}

extension DataFrame {
  /// The same rows, of which aggregates are measured as they pass: `observe(seen, count().as("rows"))`.
  ///
  /// - Parameters:
  ///   - observation: what gets the values when a query with the rows has ended.
  ///   - aggregates: what is measured, each with a name (`.as`).
  public func observe(_ observation: Observation, _ aggregates: Column...) -> DataFrame {
    observe(observation, aggregates)
  }

  package func observe(_ observation: Observation, _ aggregates: [Column]) -> DataFrame {
    // The server names them only: values of one would be taken for those of the other.
    let isTaken = session.state.withLock { state in
      state.observations = state.observations.filter { $1.observation != nil }
      if let known = state.observations[observation.name]?.observation, known !== observation {
        return true
      }
      state.observations[observation.name] = KnownObservation(observation: observation)
      return false
    }
    return over(aggregates, calls: .refused(place: "an observation")) {
      result, expressions in
      if isTaken {
        throw SparkError(
          .invalidArgument,
          "another observation of this session is called '\(observation.name)'; give each a name of its own"
        )
      }
      result.collectMetrics.name = observation.name
      result.collectMetrics.metrics = expressions
    }
  }
}

extension SparkSession {
  /// Hands out the values that came with a response.
  func tellObservations(_ response: Spark_Connect_ExecutePlanResponse) {
    for metrics in response.observedMetrics {
      guard let observation = state.withLock({ $0.observations[metrics.name]?.observation })
      else { continue }
      var fields: [StructField] = []
      var values: [ArrowValue] = []
      for (key, literal) in zip(metrics.keys, metrics.values) {
        guard let (type, value) = literal.value else { continue }
        fields.append(StructField(key, type))
        values.append(value)
      }
      observation.set(Row(schema: StructType(fields), values: values))
    }
  }
}

extension Spark_Connect_Expression.Literal {
  /// The value with its type; `nil` for a kind that measures rarely have.
  fileprivate var value: (type: DataType, value: ArrowValue)? {
    switch literalType {
    case .null(let type): (DataType(type), .null)
    case .binary(let bytes): (.binary, .binary([UInt8](bytes)))
    case .boolean(let flag): (.boolean, .bool(flag))
    case .byte(let number): (.byte, .int(Int64(number)))
    case .short(let number): (.short, .int(Int64(number)))
    case .integer(let number): (.integer, .int(Int64(number)))
    case .long(let number): (.long, .int(number))
    case .float(let number): (.float, .float(Double(number)))
    case .double(let number): (.double, .float(number))
    case .string(let text): (.string, .string(text))
    case .date(let days): (.date, .int(Int64(days)))
    case .timestamp(let micros): (.timestamp, .int(micros))
    case .timestampNtz(let micros): (.timestampNTZ, .int(micros))
    case .decimal, .array, nil: nil
    }
  }
}
