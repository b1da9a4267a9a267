/// How messages tell the lines that the reader of a part of a file counts: by their numbers in the file.
struct LineNumbering: Sendable {
  let file: ScanFile
  /// Where the part begins, and where its first line.
  let start: Int64
  let firstByte: Int64

  /// What is read for a number: a second's work.
  static let mostBytes: Int64 = 1 << 30

  /// The line that is number `line` of the part, from 1 on. The lines before the part are only counted
  /// here: who asks ends the reading.
  func text(_ line: Int) -> String {
    if let before = linesBefore { return "line \(before + line) of '\(file.location)'" }
    return "line \(line) of '\(file.location)' from its byte \(firstByte) on"
  }

  /// The lines of the parts before; `nil` where it would take long to count them.
  private var linesBefore: Int? {
    if start == 0 { return 0 }
    guard file.store.isLocal, start <= Self.mostBytes,
      var lines = try? LineReader(file, 0..<start)
    else { return nil }
    do {
      while try lines.next({ (_) throws(FileTableError) in }) != nil {}
      return lines.line
    } catch {
      return nil
    }
  }
}
