/// A format of files with tables.
public enum FileFormat: String, Sendable, Hashable, Codable, CaseIterable {
  case parquet
  case csv
  /// JSON lines: an object a line.
  case json
  /// Arrow IPC, the file format and the stream format.
  case arrow
  /// A row for each file: its path, modification time, length and content.
  case binary
  /// A row for each line.
  case text
}
