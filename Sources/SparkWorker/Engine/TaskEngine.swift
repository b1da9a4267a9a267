import ArrowIPC
import Models
package import SparkFunctions

/// Evaluates the functions of one task over its batches.
///
/// The engine knows nothing of sockets and streams: batches come from a `BatchSource` and the
/// results are one.
package struct TaskEngine: Sendable {
  /// The program's functions.
  package let registry: FunctionRegistry
  /// The build of the program; commands of another build are refused.
  package let fingerprint: String

  package init(registry: FunctionRegistry, fingerprint: String) {
    self.registry = registry
    self.fingerprint = fingerprint
  }

  /// Begins to evaluate `calls`; the work is done as the result's batches are asked for.
  ///
  /// - Parameters:
  ///   - calls: the functions, and the columns that each gets.
  ///   - evaluation: how they take their rows.
  ///   - input: Spark's batches: the arguments' columns for scalar evaluations, one struct column
  ///     of all columns for `mapInArrow`.
  ///   - worker: the task's surroundings.
  /// - Returns: batches as Spark wants them: one column for each call, as many rows as the input; or
  ///   one struct column for `mapInArrow`.
  /// - Throws: here or while the result is read: `InferenceError` and ``WorkerError``, what a
  ///   function throws, and `CancellationError`.
  package func evaluate(
    _ calls: [FunctionCall], as evaluation: EvaluationType, input: any BatchSource,
    worker: WorkerContext
  ) async throws -> any BatchSource {
    if calls.isEmpty {
      throw WorkerError(.protocolViolation, "the task has no function to evaluate")
    }
    let chains = try calls.map { call in
      (arguments: call.arguments, functions: try call.commands.map { try resolve($0, evaluation) })
    }
    if evaluation.kind == .batches {
      guard chains.count == 1, let chain = chains.first else {
        throw WorkerError(.unsupported, "mapInArrow with \(calls.count) functions, expected one")
      }
      var source = input.unwrapped()
      for item in chain.functions {
        source = try await item.function.evaluate(
          source, invocation: item.invocation, worker: worker)
      }
      return source.wrapped(chain.functions.last?.function.name ?? "")
    }
    let shared = SharedInput(input, consumers: chains.count)
    var outputs: [any BatchSource] = []
    for (index, chain) in chains.enumerated() {
      var source = shared.source(index).selecting(chain.arguments.map(\.column))
      for item in chain.functions {
        let counted = CountedBatches(source)
        let output = try await item.function.evaluate(
          counted, invocation: item.invocation, worker: worker)
        source = CheckedColumn(output, input: counted, function: item.function.name)
      }
      outputs.append(source)
    }
    return AlignedColumns(outputs)
  }

  private struct ResolvedFunction {
    let function: any UserDefinedFunction
    let invocation: FunctionInvocation
  }

  private func resolve(
    _ command: [UInt8], _ evaluation: EvaluationType
  ) throws -> ResolvedFunction {
    let invocation = try FunctionCommand.decode(command)
    guard invocation.fingerprint == fingerprint else {
      throw InferenceError(
        .buildMismatch,
        "this executor runs build \(fingerprint) of the program, the driver is build "
          + "\(invocation.fingerprint); open a new session (run the program again), which sends it anew, "
          + "or, where NEEDLETAIL_WORKER names a program on the executors, install the driver's build there",
        function: invocation.function)
    }
    let function = try registry.function(named: invocation.function)
    guard function.kind == evaluation.kind else {
      throw WorkerError(
        .unsupported,
        function.kind == .column
          ? "the function gives a column and was used where a function of whole batches is expected; "
            + "use it in withColumn or select"
          : "the function takes whole batches and was used as a column; use it in mapBatches",
        function: invocation.function)
    }
    return ResolvedFunction(function: function, invocation: invocation)
  }
}
