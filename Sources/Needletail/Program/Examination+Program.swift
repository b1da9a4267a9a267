package import Diagnosis
import ProgramFunctions
package import SparkConnect

extension Examination {
  /// What works for this program: on the server that `remote` names, else on this machine.
  ///
  /// - Parameters:
  ///   - mode: how executors run the program; `nil` for what the environment says, else
  ///     ``ExecutionMode/auto``.
  ///   - version: the program's.
  /// - Throws: what keeps the program from knowing itself.
  package static func ofProgram(
    remote: String?, mode: ExecutionMode? = nil, version: String
  ) throws -> Examination {
    guard let remote, !remote.isEmpty else { return .local(version: version) }
    _ = try Program.start(own: [])
    return .remote(remote, mode: mode, version: version)
  }
}
