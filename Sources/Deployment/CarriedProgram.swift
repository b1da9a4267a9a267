import FoundationEssentials
import HostProcesses

/// This program for the executors of a session that another process holds: it, and not this one, sends
/// the files and chooses the worker.
package struct CarriedProgram: Sendable {
  /// What the executors start as their worker.
  package let worker: String
  /// Tells it from other programs of the session.
  package let id: String
  /// What is sent to them before; nothing where they have it.
  package let files: [SessionFile]

  /// - Parameters:
  ///   - directory: where the files are put.
  ///   - isHere: whether the only executor runs on this machine, as this user.
  /// - Throws: ``NeedletailError`` if the program cannot be packed, or this machine cannot keep it.
  package init(
    in directory: String, isHere: Bool,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws {
    if let installed = InstalledProgram.path(environment) {
      // The operator has put the program on the executors.
      (worker, id, files) = (installed, Data(installed.utf8).shortHash, [])
      return
    }
    let package = try ProgramPackage.current(forThisMachine: isHere)
    if isHere {
      guard let cache = ProgramCache(environment: environment) else {
        throw NeedletailError(
          .packaging,
          "the executors run on this machine, and take the program from the cache of programs, which "
            + "\(ProgramCache.variable) forbids; take that variable away, or name a folder in it")
      }
      worker = "\(try cache.folder(of: package))/\(package.programFile)"
      (id, files) = (package.id, [])
      return
    }
    let launcher = ProgramLauncher(package: package)
    let start = try SessionFile(
      artifact: "files/\(launcher.name)", Data(launcher.text.utf8), in: directory)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    let archive: SessionFile
    if let known = names.first(where: { launcher.isArchive($0) }) {
      archive = SessionFile(path: "\(directory)/\(known)")
    } else {
      let contents = try package.archive(level: 6)
      archive = try SessionFile(
        artifact: "files/\(launcher.name(ofArchive: contents))", contents, in: directory)
    }
    (worker, id, files) = ("./\(launcher.name)", package.id, [start, archive])
  }
}
