import ArrowIPC
import SparkTypes
import Synchronization

/// The Parquet files that a table has opened, so that each footer is read and taken apart once: for the
/// schema, the number of rows, the places of a sample, and every split.
///
/// A file that is kept is no open file, but its footer in memory: who reads its rows opens it for that long.
/// What is kept is bounded: the files used last, at most as many as a sample looks into (256), and no more
/// than have 32,768 column chunks (columns times row groups, about a kilobyte each) together, though always
/// the last one. A file that did not stay is read anew when it is wanted again, as is each of which the
/// store does not tell when it was changed.
final class OpenedFiles: Sendable {
  /// A file as it was listed: one that was changed is another.
  private struct Key: Hashable {
    let location: ExactName
    let length: Int64
    let modified: Int64
  }

  /// Whoever wants a file that another thread is opening waits for it.
  private final class Entry: Sendable {
    let table = Mutex<TableFile?>(nil)
  }

  private struct Kept {
    let entry = Entry()
    var chunks = 0
    var lastUse = 0
  }

  private struct State {
    let mostFiles: Int
    let mostChunks: Int
    var kept: [Key: Kept] = [:]
    var chunks = 0
    var uses = 0

    mutating func entry(_ key: Key) -> Entry {
      uses += 1
      var found = kept[key] ?? Kept()
      found.lastUse = uses
      kept[key] = found
      return found.entry
    }

    /// Notes how large a file is that was opened.
    ///
    /// - Returns: what is not kept any more.
    mutating func note(_ key: Key, _ entry: Entry, chunks count: Int) -> [Entry] {
      if let known = kept[key], known.entry === entry {
        chunks += count - known.chunks
        kept[key]?.chunks = count
      }
      var dropped: [Entry] = []
      while kept.count > mostFiles || kept.count > 1 && chunks > mostChunks {
        guard let oldest = kept.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
        kept[oldest.key] = nil
        chunks -= oldest.value.chunks
        dropped.append(oldest.value.entry)
      }
      return dropped
    }
  }

  private let state: Mutex<State>

  init(mostFiles: Int = RowSample.files, mostChunks: Int = 1 << 15) {
    state = Mutex(State(mostFiles: mostFiles, mostChunks: mostChunks))
  }

  /// The file, opened now or before. It need not be what it was when it was listed.
  ///
  /// - Throws: ``FileTableError`` if it cannot be opened; the next call tries again.
  func table(_ file: ScanFile, _ format: FileFormat) throws(FileTableError) -> TableFile {
    // An Arrow file is one split, and stays open itself.
    guard format == .parquet, file.modified >= 0 else { return try Self.opened(file, format) }
    let key = Key(
      location: ExactName(file.location), length: file.length, modified: file.modified)
    let entry = state.withLock { $0.entry(key) }
    let table: TableFile = try entry.table.withLock { known throws(FileTableError) in
      if let known { return known }
      let made = try Self.opened(file, format)
      known = made
      return made
    }
    let chunks = table.chunkCount
    // What is dropped goes here, outside of the lock.
    _ = state.withLock { $0.note(key, entry, chunks: chunks) }
    return table
  }

  private static func opened(
    _ file: ScanFile, _ format: FileFormat
  ) throws(FileTableError) -> TableFile {
    try TableFile(
      file.store, file.path, format, length: file.length < 0 ? nil : file.length)
  }
}

extension TableFile {
  /// The column chunks that the footer tells of.
  fileprivate var chunkCount: Int {
    func leaves(_ fields: [ArrowField]) -> Int {
      fields.reduce(0) { $0 + max(leaves($1.type.childFields), 1) }
    }
    return leaves(schema.fields) * rowGroups.count
  }
}
