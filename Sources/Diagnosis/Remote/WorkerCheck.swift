import Deployment
import SparkConnect

/// Whether executors start the program as their worker.
struct WorkerCheck: Check {
  static let key = "worker"

  let key: String = Self.key
  let name = "Worker"
  let needs: [String] = [SettingsCheck.key, ArtifactsCheck.key]
  let remedy =
    "Ask the operator: 'What does the log of an executor (stderr) say when it starts the worker of my "
    + "session?'"
  let server: any ServerAccess
  /// Whether an operator has put the program on the executors.
  var isInstalled = false

  func run() async throws -> Finding {
    let start = ContinuousClock.now
    let found: [ExecutorFacts]
    do {
      found = try await server.executors()
    } catch {
      return await failure(error)
    }
    let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
    guard !found.isEmpty else { return .fail("no worker has answered") }
    let hosts = Set(found.map(\.hostName))
    let mode = try server.chosenMode()
    let text =
      "\(counted(found.count, "process", "processes")) on \(counted(hosts.count, "host")), "
      + "\(isInstalled ? "" : "sent and ")started within \(Int(milliseconds)) ms"
    let facts = [
      "processes": "\(found.count)", "hosts": hosts.sorted().joined(separator: ","),
      "milliseconds": "\(Int(milliseconds))",
      "mode": (mode == .direct ? ExecutionMode.direct : .shim).rawValue,
    ]
    guard case .shim(let reason) = mode else { return .ok(text, facts) }
    let passed = text + ", through the executors' own Python (execution mode shim)"
    // A server that refuses the setting was told of with the settings.
    guard let reason, try await server.refusal() == nil else { return .ok(passed, facts) }
    return .warn(
      "\(passed), with more work for each row, since \(reason)", remedy: SettingsCheck.plea, facts)
  }

  /// What is told of `error`, and of the other way if that is closed too.
  private func failure(_ error: any Error) async -> Finding {
    let text = Self.text(error)
    let mode = try? server.executionMode()
    if mode == .shim {
      return .fail(
        "no worker starts through the executors' own Python (execution mode shim): \(error)",
        remedy: WorkerFailure.remedyThroughPython(for: text))
    }
    guard mode == .auto, let refusal = try? await server.refusal() else {
      return .fail("no worker starts: \(error)", remedy: WorkerFailure.remedy(for: text))
    }
    let remedy = WorkerFailure.remedyThroughPython(for: text) ?? remedy
    return .fail(
      "neither way works. Direct: the server refuses \(WorkerSettings.executable) (\(refusal)). Shim, "
        + "through the executors' own Python: \(error)",
      remedy: "\(SettingsCheck.plea). For the other way: \(remedy)")
  }

  /// All that the error says, with what is cut for people.
  private static func text(_ error: any Error) -> String {
    (error as? SparkError)?.message ?? "\(error)"
  }
}
