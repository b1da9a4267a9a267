/// How a function sees a table.
public enum FunctionKind: String, Sendable, Hashable, Codable {
  /// It takes columns and gives one column of the same length (Spark's scalar iterator function).
  case column
  /// It takes whole batches and gives batches of any length (Spark's `mapInArrow`).
  case batches
}

/// A function that Spark's executors run in this package's worker.
///
/// The same executable is driver and worker, so a function is found by ``name`` on both sides; only
/// the name and a ``FunctionInvocation`` travel.
public protocol UserDefinedFunction: Sendable {
  /// The name, unique among a program's functions.
  var name: String { get }
  /// How the function sees a table.
  var kind: FunctionKind { get }

  /// Evaluates the function over the batches of one task.
  ///
  /// - Parameters:
  ///   - input: for ``FunctionKind/column``, batches of the argument columns in order; for
  ///     ``FunctionKind/batches``, batches of all columns of the table.
  ///   - invocation: what the driver sent: parameters and names.
  ///   - worker: the task's surroundings.
  /// - Returns: for ``FunctionKind/column``, batches of exactly one column, in all as many rows as
  ///   `input` in the same order (batch boundaries are free).
  /// - Throws: why the model cannot be loaded or `input` does not fit. What goes wrong in a batch
  ///   is thrown by the result, when the batch is asked for.
  func evaluate(
    _ input: any BatchSource, invocation: FunctionInvocation, worker: WorkerContext
  ) async throws -> any BatchSource
}
