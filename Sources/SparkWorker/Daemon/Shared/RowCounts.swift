import Glibc
import NativeLibraries

/// How many rows the workers on this machine have computed, for a driver that started their Spark here: a
/// folder in which each process has a file with its number. Spark itself tells tasks and bytes only.
package struct RowCounts: Sendable {
  /// The variable of the workers' environment that names the folder.
  package static let variable = "NEEDLETAIL_ROW_COUNTS"

  private let folder: String

  /// `nil` where no folder can be made.
  package init?() {
    guard let folder = FileSystem.makeTemporaryDirectory("needletail-rows") else { return nil }
    self.folder = folder
  }

  /// What the environment of a Spark must have, so that its workers count.
  package var variables: [String: String] { [Self.variable: folder] }

  /// The rows that all of them have computed so far.
  package var rows: Int {
    files.reduce(0) { sum, file in
      let bytes = FileSystem.contents(of: file, limit: 8) ?? []
      guard bytes.count == 8 else { return sum }
      return sum + bytes.withUnsafeBytes { $0.loadUnaligned(as: Int.self) }
    }
  }

  package func remove() {
    for file in files { unlink(file) }
    rmdir(folder)
  }

  private var files: [String] {
    FileSystem.entries(of: folder).filter { !$0.hasPrefix(".") }.map { "\(folder)/\($0)" }
  }
}
