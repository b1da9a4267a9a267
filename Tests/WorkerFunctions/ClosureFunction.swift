public import ArrowIPC
public import SparkFunctions

/// A function made from a closure over batches, for tests.
public struct ClosureFunction: UserDefinedFunction {
  public typealias Body =
    @Sendable (RecordBatch, FunctionInvocation, WorkerContext) async throws
    -> RecordBatch?

  public let name: String
  public let kind: FunctionKind
  private let body: Body

  /// - Parameter body: gives a batch for each batch; `nil` ends the result.
  public init(_ name: String, _ kind: FunctionKind = .column, _ body: @escaping Body) {
    self.name = name
    self.kind = kind
    self.body = body
  }

  public func evaluate(
    _ input: any BatchSource, invocation: FunctionInvocation, worker: WorkerContext
  ) async throws -> any BatchSource {
    BatchGenerator { [body] in
      guard let batch = try await input.next() else { return nil }
      return try await body(batch, invocation, worker)
    }
  }
}
