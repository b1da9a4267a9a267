public import ArrowIPC
import GRPCProtobuf
import SparkConnect
import SparkConnectProtocol
public import SparkTypes
import Synchronization

extension FakeConnectServer {
  /// Answers every query from now on with these batches.
  ///
  /// - Parameters:
  ///   - batches: what each query gets.
  ///   - schema: the columns in Spark's types; `nil` for those of the first batch.
  /// - Throws: `ArrowError` or `DataTypeError` if the batches cannot be sent.
  public func answer(with batches: [RecordBatch], schema: StructType? = nil) throws {
    let type: StructType
    if let schema {
      type = schema
    } else {
      type = StructType(
        try batches.first?.schema.fields.map {
          StructField($0.name, try DataType(arrow: $0.type), isNullable: $0.isNullable)
        } ?? [])
    }
    let message = DataType.struct(type).proto
    let steps = try batches.map { Step.respond(try .batch($0)) }
    state.withLock { state in
      state.schema = { _ in message }
      state.script = { _ in steps }
    }
  }

  /// Fails every query from now on.
  ///
  /// - Parameters:
  ///   - message: what Spark would say.
  ///   - condition: Spark's name of the error: `TABLE_OR_VIEW_NOT_FOUND`.
  public func fail(with message: String, condition: String? = nil) {
    onExecute { _ in [.fail(.spark(message, condition: condition))] }
  }

  /// The names and sizes in bytes of the artifacts that clients have sent, in their order.
  public var artifacts: [(name: String, size: Int)] {
    log.artifacts.map { ($0.name, $0.bytes.count) }
  }

  /// The settings that clients have made and not unset.
  public var settings: [String: String] { log.settings }

  /// The number of queries and commands that clients have run.
  public var executionCount: Int { log.executions.count }
}
