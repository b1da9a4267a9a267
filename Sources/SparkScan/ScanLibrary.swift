import Deployment
import FileTables
import FoundationEssentials
import HostProcesses
import SparkConnect

/// Brings the plug-in for files, with Arrow's libraries, to the executors of a session.
actor ScanLibrary {
  private var sending: Task<String, any Error>?

  /// Where executors find it: `nil` if they look for it themselves.
  ///
  /// Executors on this machine are told its place; to others it is sent, once (some 80 MB unpacked).
  func path(in session: SparkSession, isThisMachine: Bool) async throws -> String? {
    if isThisMachine {
      let path = try FileLibrary.shared().path
      return path.hasPrefix("/")
        ? path : URL(fileURLWithPath: path).standardizedFileURL.path
    }
    // The operator has put the program on the executors, and what it needs.
    if InstalledProgram.path() != nil { return nil }
    let task = sending ?? Task { try await Self.send(session) }
    sending = task
    do {
      return try await task.value
    } catch {
      sending = nil
      throw error
    }
  }

  private static func send(_ session: SparkSession) async throws -> String {
    let files = FileLibrary.locateFiles()
    guard let library = files.first else {
      throw NeedletailError(
        .packaging,
        "the plug-in for files was found by the system's loader only, and cannot be sent; name its file "
          + "in \(FileLibrary.environmentVariable)")
    }
    let folder = try await session.addFolder(ofFiles: files, called: "needletail-files")
    return folder + "/" + URL(fileURLWithPath: library).lastPathComponent
  }
}
