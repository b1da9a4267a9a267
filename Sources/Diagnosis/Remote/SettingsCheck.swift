import Deployment
import SparkConnect

/// The settings that a session changes for its functions.
struct SettingsCheck: Check {
  static let key = "settings"

  let key: String = Self.key
  let name = "Settings"
  let needs: [String] = [SparkVersionCheck.key]
  let remedy = Self.plea
  let server: any ServerAccess

  /// The sentence for who can let sessions choose their workers.
  static let plea =
    "Ask the operator: 'Please let sessions of Spark Connect set \(WorkerSettings.executable): my program "
    + "replaces the Python worker for its own session, nothing else changes'"

  func run() async throws -> Finding {
    let mode = try server.executionMode()
    let refusal = mode == .shim ? nil : try await server.refusal()
    if let refusal, mode == .direct {
      return .fail(
        "\(Self.told(refusal)), and no other way was asked for (execution mode direct)",
        remedy: "Let the executors' own Python pass the batches on: --execution-mode auto or shim. "
          + "Or else: \(Self.plea)",
        ["mode": ExecutionMode.direct.rawValue])
    }
    let isShim = mode == .shim || refusal != nil
    for (key, value) in Self.others(try server.version()) {
      do {
        try await server.set(key, value)
      } catch let error as SparkError where isShim && error.isRefusal {
        // It makes direct queries faster, and these are not.
        continue
      } catch {
        return .fail(
          "the server refuses \(key): \(error)",
          remedy: "Ask the operator: 'Please let sessions of Spark Connect set \(key)'"
            + (key == WorkerSettings.columnarInput
              ? "; until then leave it alone: export NEEDLETAIL_COLUMNAR_INPUT=spark" : ""))
      }
    }
    if let refusal {
      return .warn(
        "\(Self.told(refusal)), so that executors do not start the program in the place of Python "
          + "(direct); their own Python passes the batches to it (execution mode shim), with more work "
          + "for each row",
        ["mode": ExecutionMode.shim.rawValue])
    }
    return isShim
      ? .ok(
        "the session leaves the executors' Python in its place (execution mode shim)",
        ["mode": ExecutionMode.shim.rawValue])
      : .ok("the session may choose its worker", ["mode": ExecutionMode.direct.rawValue])
  }

  private static func told(_ refusal: SparkError) -> String {
    "the server refuses \(WorkerSettings.executable) (\(refusal))"
  }

  /// The settings that are not the worker's.
  static func others(_ version: String) -> [(key: String, value: String)] {
    var settings = [(key: WorkerSettings.batchBytes, value: "\(16 << 20)b")]
    if let version = SparkVersion(version), (version.major, version.minor) >= (4, 2) {
      settings.append((key: WorkerSettings.columnarInput, value: "false"))
    }
    return settings
  }
}
