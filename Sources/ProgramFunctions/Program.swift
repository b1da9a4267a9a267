import Deployment
import Models
package import SparkFunctions
import Synchronization

/// What this process knows of itself: its functions and its build.
///
/// The same executable is driver and worker, so both sides have the same list.
package final class Program: Sendable {
  private static let shared = Mutex<Program?>(nil)

  package let registry: FunctionRegistry
  package let fingerprint: String

  private init(registry: FunctionRegistry, fingerprint: String) {
    self.registry = registry
    self.fingerprint = fingerprint
  }

  /// Declares the functions of this process, those that every program has among them; once, at its
  /// start.
  ///
  /// - Throws: ``InferenceError`` if two functions have the same name.
  package static func start(functions: [any UserDefinedFunction]) throws -> Program {
    let program = Program(
      registry: try FunctionRegistry(functions),
      fingerprint: try ExecutableImage.current().fingerprint)
    shared.withLock { $0 = program }
    return program
  }

  /// The program that was declared.
  ///
  /// - Throws: ``InferenceError`` if there is none.
  package static func current() throws -> Program {
    guard let program = shared.withLock({ $0 }) else {
      throw InferenceError(
        .unknownFunction,
        "functions can be used in a program whose entry point is a SparkProgram, which lists them, "
          + "so that the executors, which run the same program, find them")
    }
    return program
  }
}
