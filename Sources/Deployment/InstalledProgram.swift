import FoundationEssentials

/// The program where an operator has put it on the executors, so that it is not sent.
package enum InstalledProgram {
  /// The variable of the driver that says so.
  package static let variable = "NEEDLETAIL_WORKER"

  /// Its path there; `nil` if the executors do not have it.
  package static func path(
    _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String? {
    guard let path = environment[variable], !path.isEmpty else { return nil }
    return path
  }
}
