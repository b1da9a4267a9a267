import FoundationEssentials
import HostProcesses
import SparkConnect

/// The Python that a server's executors start for functions.
enum ExecutorPython {
  /// The variable in which a user can say its version.
  static let variable = "NEEDLETAIL_EXECUTOR_PYTHON"

  /// The version as `3.12`, by a query that Python refuses for want of it: Spark tells it nowhere else.
  ///
  /// - Parameter ask: runs a function in the session, with the version that is sent.
  /// - Throws: ``NeedletailError`` if Python does not say its version.
  static func version(ask: (_ version: String) async throws -> Void) async throws -> String {
    if let told = ProcessInfo.processInfo.environment[variable], !told.isEmpty { return told }
    let reason: String
    do {
      try await ask("?")
      reason = "it did not refuse one for Python '?'"
    } catch let error as SparkError where error.kind == .server {
      if let version = version(inRefusal: error.message) { return version }
      reason = "\(error)"
    }
    throw NeedletailError(
      .session,
      "the version of the executors' Python, which calls through it must name (--execution-mode shim), is "
        + "not known: \(reason). Where it is another fault, mend that; else say the version in "
        + "\(variable), for example 3.12")
  }

  /// PySpark's words since 4.0: `Python in worker has different version: 3.11 than that in driver: ?`.
  static func version(inRefusal text: String) -> String? {
    text.firstMatch(of: /different version:? \(?(\d+\.\d+)/).map { String($0.1) }
  }
}
