import Foundation

/// A folder for one test.
package struct Folder: ~Copyable {
  package let path: String

  package init() throws {
    path =
      FileManager.default.temporaryDirectory.appending(path: "needletail-test-\(UUID().uuidString)")
      .path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file; its path.
  package func write(_ text: String, _ name: String) throws -> String {
    let file = "\(path)/\(name)"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }
}
