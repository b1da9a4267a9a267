import Foundation
import Synchronization

/// What this process knows of itself: its functions and its build.
///
/// The same executable is driver and worker, so both sides have the same list.
final class Program: Sendable {
  private static let shared = Mutex<Program?>(nil)

  let registry: FunctionRegistry
  let fingerprint: String

  private init(registry: FunctionRegistry, fingerprint: String) {
    self.registry = registry
    self.fingerprint = fingerprint
  }

  /// The functions that every program has.
  static let builtInFunctions: [any UserDefinedFunction] = [
    ModelPrediction(loaders: ModelFormat.loaders, placement: ModelFormat.placement),
    BatchModelPrediction(loaders: ModelFormat.loaders, placement: ModelFormat.placement),
    InlineBatchesFunction(),
    NodeServersFunction.function(),
  ]

  /// Declares the functions of this process; once, at its start.
  ///
  /// - Throws: ``InferenceError`` if two functions have the same name.
  static func start(functions: [any UserDefinedFunction]) throws -> Program {
    let program = Program(
      registry: try FunctionRegistry(functions + builtInFunctions),
      fingerprint: try ExecutableImage.current().fingerprint)
    shared.withLock { $0 = program }
    return program
  }

  /// The program that was declared.
  ///
  /// - Throws: ``InferenceError`` if there is none.
  static func current() throws -> Program {
    guard let program = shared.withLock({ $0 }) else {
      throw InferenceError(
        .unknownFunction,
        "functions can be used in a program whose entry point is a SparkProgram, which lists them, "
          + "so that the executors, which run the same program, find them")
    }
    return program
  }
}
