package import FoundationEssentials
import NativeLibraries

/// The files of `/proc`, of which Foundation's reading of whole files takes the first page for all.
package enum ProcFile {
  package static func data(_ path: String) -> Data? {
    FileSystem.contents(of: path, limit: .max).map { Data($0) }
  }

  /// Bytes that are no UTF-8 are replaced.
  package static func text(_ path: String) -> String? {
    data(path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The path of the running program.
  package static func programPath() throws -> String {
    try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  }
}
