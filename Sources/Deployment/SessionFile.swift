package import FoundationEssentials
import HostProcesses
import Texts

/// A file on this machine that another process sends to the executors of its session.
package struct SessionFile: Sendable, Hashable, Encodable {
  /// Where it lies. The last part is its name among the executors' files.
  package let path: String
  /// What the executors see it as if it is an archive: a folder of this name.
  package let folder: String?

  init(path: String, folder: String? = nil) {
    self.path = path
    self.folder = folder
  }

  /// Puts what belongs to an artifact (`files/NAME` or `archives/NAME#FOLDER`) into a folder, unless a
  /// file of its name, which tells what is in it, is there.
  ///
  /// - Throws: ``NeedletailError`` if the file cannot be written.
  package init(artifact: String, _ contents: Data, in directory: String) throws {
    let name = artifact.drop { $0 != "/" }.dropFirst()
    let parts = name.split(separator: "#", maxSplits: 1).map(String.init)
    self.init(path: "\(directory)/\(parts[0])", folder: parts.count > 1 ? parts[1] : nil)
    if FileManager.default.fileExists(atPath: path) { return }
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      try contents.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw NeedletailError(
        .packaging,
        "\(path), which is for the executors, cannot be written: \(error.reason)",
        cause: error)
    }
  }
}
