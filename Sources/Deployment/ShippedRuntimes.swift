import FoundationEssentials
import HostProcesses
import Texts

/// The large native libraries that go to the executors only if somebody asks for them:
/// `NEEDLETAIL_SHIP=torch,tensorflow`.
enum ShippedRuntimes {
  static let variable = "NEEDLETAIL_SHIP"

  private static let known: [String: @Sendable () throws -> [String]] = [
    "torch": { try torch() }, "tensorflow": { try tensorFlow() },
  ]

  /// The files of the runtimes that `names` lists, separated by commas.
  ///
  /// - Throws: ``NeedletailError`` for an unknown name, or a runtime that is not on this machine or that
  ///   this program was built without.
  static func files(
    _ names: String? = ProcessInfo.processInfo.environment[variable]
  ) throws -> [String] {
    try (names ?? "").split(separator: ",").flatMap { part in
      let name = part.trimmed.lowercased()
      guard let locate = known[name] else {
        throw NeedletailError(
          .usage,
          "\(variable) names '\(name)'; the runtimes that can be sent are "
            + known.keys.sorted().joined(separator: ", "))
      }
      let files = try locate()
      if files.isEmpty {
        throw NeedletailError(
          .packaging,
          "\(variable) asks for \(name), which was not found on this machine; install it here (pip "
            + "install \(name == "torch" ? "torch" : "tensorflow-cpu")), or put it on the executors "
            + "and name its folder there in NEEDLETAIL_RUNTIMES")
      }
      return files
    }
  }
}
