package import FoundationEssentials
import HostProcesses
public import SparkConnect

extension SparkSession {
  /// Makes the folder at `path` available to the executors under its own name (or `name`): worker
  /// closures find it by `worker.file(name)`. For models that are folders, such as SavedModels.
  ///
  /// - Throws: ``NeedletailError`` if it cannot be read, ``SparkError`` if the server does not take it.
  public func addFolder(_ path: String, as name: String? = nil) async throws {
    guard FileManager.default.isFolder(path) else {
      throw NeedletailError(
        .packaging,
        "there is no folder \(path) to send to the executors (the current folder is "
          + "\(FileManager.default.currentDirectoryPath))")
    }
    let base = URL(fileURLWithPath: path).lastPathComponent
    try await addFolder(try TarArchive(folder: path).gzipped(), as: name ?? base)
  }

  /// Makes the files at `paths` available to the executors, in a folder whose name is returned; it tells
  /// apart what other files they are.
  ///
  /// - Throws: as ``addFolder(_:as:)``.
  package func addFolder(ofFiles paths: [String], called name: String) async throws -> String {
    var tar = TarArchive()
    for path in paths {
      tar.add(
        URL(fileURLWithPath: path).lastPathComponent,
        try Data(contentsOf: URL(fileURLWithPath: path)),
        mode: 0o755)
    }
    let archive = try tar.gzipped(level: 1)
    let folder = "\(name)-\(archive.shortHash)"
    try await addFolder(archive, as: folder)
    return folder
  }

  /// Sends a packed folder.
  package func addFolder(_ archive: Data, as name: String) async throws {
    try await addArtifact(named: "archives/\(name).tar.gz#\(name)", archive)
  }
}
