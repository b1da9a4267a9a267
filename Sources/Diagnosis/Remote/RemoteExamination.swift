import Deployment
package import SparkConnect

extension Examination {
  /// What works on the server that `remote` names, and on its executors.
  ///
  /// The program's functions must have been declared.
  ///
  /// - Parameters:
  ///   - remote: the server's connection string.
  ///   - mode: how executors run the program; `nil` for what the environment says.
  ///   - version: the program's.
  package static func remote(
    _ remote: String, mode: ExecutionMode? = nil, version: String
  ) -> Examination {
    self.remote(ConnectServer(remote, mode: mode), version: version)
  }

  static func remote(_ server: any ServerAccess, version: String) -> Examination {
    let target = try? server.target()
    let installed = InstalledProgram.path()
    var checks: [any Check] = [
      ProgramCheck(version: version, host: { .here() }), AddressCheck(server: server),
      NameCheck(server: server), PortCheck(server: server), TLSCheck(server: server),
      ConnectCheck(server: server),
      SparkVersionCheck(server: server), SettingsCheck(server: server),
      ArtifactsCheck(server: server, installed: installed),
      WorkerCheck(server: server, isInstalled: installed != nil),
      ExecutorsCheck(server: server), ExecutorFoldersCheck(server: server),
    ]
    checks += RuntimeLibrary.all.map {
      ExecutorRuntimeCheck(library: $0, server: server) as any Check
    }
    checks.append(ExecutorGPUCheck(server: server))
    checks.append(RoundTripCheck(server: server))
    return Examination(
      version: version, scope: .remote, server: target.map { "\($0.host):\($0.port)" },
      checks: checks, end: { await server.close() })
  }
}
