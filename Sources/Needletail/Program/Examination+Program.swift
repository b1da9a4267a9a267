package import Diagnosis
import ProgramFunctions

extension Examination {
  /// What works for this program: on the server that `remote` names, else on this machine.
  ///
  /// - Parameter version: the program's.
  /// - Throws: what keeps the program from knowing itself.
  package static func ofProgram(remote: String?, version: String) throws -> Examination {
    guard let remote, !remote.isEmpty else { return .local(version: version) }
    _ = try Program.start(own: [])
    return .remote(remote, version: version)
  }
}
