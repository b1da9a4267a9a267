import Texts

/// Checks that are made one after the other.
package struct Examination: Sendable {
  let version: String
  let scope: ExaminationReport.Scope
  /// The server, as `host:port`.
  var server: String?
  let checks: [any Check]
  /// What is done when all is over, or broken off.
  var end: @Sendable () async -> Void = {}

  /// Makes the checks.
  ///
  /// - Parameter told: hears of each as soon as it was made.
  /// - Throws: `CancellationError` when the task is cancelled; what else goes wrong is a finding.
  package func run(_ told: @Sendable (ExaminationReport.Entry) -> Void = { _ in }) async throws
    -> ExaminationReport
  {
    do {
      let entries = try await entries(told)
      await end()
      return ExaminationReport(version: version, scope: scope, server: server, checks: entries)
    } catch {
      // A cancelled task cannot speak with a server; the farewell gets one of its own.
      let end = end
      await Task.detached { await end() }.value
      throw error
    }
  }

  private func entries(_ told: @Sendable (ExaminationReport.Entry) -> Void) async throws
    -> [ExaminationReport.Entry]
  {
    var entries: [ExaminationReport.Entry] = []
    for check in checks {
      let missing = entries.first { entry in
        check.needs.contains(entry.key) && (entry.status == .fail || entry.status == .skip)
      }
      var finding: Finding
      if let missing {
        // The first cause is told, not the last link of the chain.
        let cause = missing.status == .skip ? missing.finding : "needs \(missing.name)"
        finding = Finding(status: .skip, text: cause, remedy: nil, facts: [:])
      } else {
        finding = try await found(check)
        if finding.status != .ok { finding.remedy = finding.remedy ?? check.remedy }
      }
      let entry = ExaminationReport.Entry(check, finding)
      entries.append(entry)
      told(entry)
    }
    return entries
  }

  private func found(_ check: any Check) async throws -> Finding {
    try Task.checkCancellation()
    do {
      let finding = try await check.run()
      try Task.checkCancellation()
      return finding
    } catch {
      if Task.isCancelled { throw CancellationError() }
      return .fail(error.reasonWithPath)
    }
  }
}
