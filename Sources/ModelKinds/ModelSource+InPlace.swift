import Deployment
import FoundationEssentials
import Glibc
import HostProcesses
import MLflow
import ModelHub
package import SparkConnect
import SparkFunctions

extension ModelSource {
  /// The model as it goes to the executors that compute `table`; for a stream by its place, because streaming
  /// queries see nothing that a session sends.
  ///
  /// - Throws: as ``packed(from:)``; ``NeedletailError`` also if the executors of a stream are on other
  ///   machines, and it does not lie at a path that they may have too.
  package func packed(for table: DataFrame) async throws -> Packed {
    guard !kind.isServed, try await table.isStream else { return try packed() }
    return Packed(try inPlace(isHere: try await Machine.isThis(serverOf: table.session)))
  }

  /// The reference to the model at its path.
  ///
  /// - Parameter isHere: whether the executors are on this machine.
  func inPlace(isHere: Bool) throws -> ModelReference {
    if !isHere, !path.hasPrefix("/") || HubReference.isOne(path) || MLflowReference.isOne(path) {
      throw NeedletailError(
        .usage,
        "the model \(path) is for a streaming query, to which Spark gives none of the files that a session "
          + "sends: its executors read the model themselves. Put it where this machine and all executors "
          + "have it at the same path, as in a shared folder, and give that path from / on; or let a server "
          + "run it (kserve://HOST:PORT/MODEL)")
    }
    let place = try place().path
    var located = reference(Self.absolute(place))
    var files = FileManager.default.isFolder(place) ? [] : [place]
    for option in kind.fileOptions {
      let named = OptionValues.paths(in: options[option])
      if named.isEmpty { continue }
      located.options[option] = OptionValues.text(of: named.map(Self.absolute))
      files += named
    }
    files +=
      FileManager.default.isFolder(place)
      ? try FolderFiles(place).files.map(\.path) : try kind.filesBeside(place).map(\.path)
    located.state = Data(files.map(Self.state).joined(separator: "\n").utf8).shortHash
    return located
  }

  private static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
  }

  /// What changes when a file is replaced.
  private static func state(_ path: String) -> String {
    var found = stat()
    guard stat(path, &found) == 0 else { return path }
    // Other than the time of writing, it cannot be set: a copy has its own.
    let age = found.st_ctim
    return "\(path) \(found.st_size) \(found.st_ino) \(age.tv_sec).\(age.tv_nsec)"
  }
}
