import Foundation

/// The files of `/proc`. They have no size and are given out a page at a time, so Foundation's reading of
/// whole files takes the first page for all.
package enum ProcFile {
  package static func data(_ path: String) -> Data? {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? file.close() }
    var contents = Data()
    while let part = try? file.read(upToCount: 1 << 16), !part.isEmpty { contents += part }
    return contents
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
