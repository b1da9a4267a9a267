import FileTables
import HostProcesses

extension LocalTable {
  /// What is known of a table before its rows are read.
  package struct Facts: Sendable, Hashable {
    /// `nil` for rows in memory.
    package var files: Int?
    /// Of all files.
    package var bytes: Int64
    /// `nil` where only reading them tells.
    package var rows: Int?
    /// The parts that are read by themselves; `nil` for rows in memory.
    package var splits: Int?
  }

  /// Looks at the files, and at the ends of Parquet's.
  ///
  /// - Parameter threads: those that will read; `nil` for all cores.
  package func facts(threads: Int? = nil) -> Facts {
    let files = input as? FilesInput
    return Facts(
      files: files?.scan.fileCount, bytes: input.bytes,
      rows: input.rows.map { min($0, limitRows ?? .max) },
      splits: files?.scan.splits(parallelism: threads ?? Machine.availableCores).count)
  }
}
