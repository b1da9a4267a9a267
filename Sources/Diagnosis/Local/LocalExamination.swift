import FoundationEssentials
import LocalSpark

extension Examination {
  /// What works on this machine.
  ///
  /// - Parameter version: the program's.
  package static func local(version: String) -> Examination {
    let environment = ProcessInfo.processInfo.environment
    return Examination(version: version, scope: .local, checks: localChecks(version, environment))
  }

  private static func localChecks(
    _ version: String, _ environment: [String: String]
  ) -> [any Check] {
    var checks: [any Check] = [
      ProgramCheck(version: version, host: { .here() }), CapacityCheck(host: { .here() }),
      TemporaryFolderCheck(look: { .ofTemporaryFiles() }),
      JavaCheck(
        home: environment["JAVA_HOME"] ?? "", find: { try SparkInstallation.findJava(environment) },
        ask: JavaCheck.versionText),
      SparkCheck(
        home: environment["SPARK_HOME"] ?? "",
        find: { try SparkInstallation.findHome(environment) }, jars: SparkCheck.jars),
    ]
    checks += RuntimeLibrary.all.map { LibraryCheck(library: $0) as any Check }
    checks.append(LibraryCheck(library: .files))
    checks += RuntimeLibrary.ofSystem.map { LibraryCheck(library: $0) as any Check }
    checks.append(GPUCheck(look: { .here() }, providers: GPUCheck.providers))
    return checks
  }
}
