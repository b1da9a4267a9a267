package import ArrowIPC
import Glibc
package import SparkTypes
import Synchronization

/// A folder to which a table is written part by part, each of which counts as soon as it is whole: what
/// a job that broke has written stays, and the next one goes on.
///
/// ```swift
/// let folder = try GrowingFolder("out", format: .parquet, options: [:], schema: schema)
/// try folder.open()
/// if try folder.note() == nil { try folder.begin(note, deleting: false) }
/// let part = try folder.part()
/// try part.write(batch)
/// try folder.publish(part)
/// try folder.complete()
/// ```
///
/// Beside the parts there are a note of what computes them, in the hidden folder `_needletail`, and, as
/// Spark has it, the empty file `_SUCCESS` once the table is complete.
package final class GrowingFolder: Sendable {
  /// The hidden folder with the note.
  package static let noteFolder = "_needletail"
  private static let noteFile = "job.json"
  private static let completed = "_SUCCESS"

  /// The schema that batches must have.
  package var arrowSchema: ArrowSchema { sink.arrowSchema }
  /// The folder, as the user named it.
  package let location: String
  private let sink: FileSink
  package let format: FileFormat
  private let options: [String: String]
  private let schema: StructType
  private let state = Mutex(State())

  private struct State {
    var lock: FolderLock?
    var parts = 0
  }

  private var store: FileStore { sink.store }

  /// Checks that the folder can be written, and writes nothing yet.
  ///
  /// - Parameters:
  ///   - format: by default, the one that the name tells; Parquet if it tells none.
  ///   - options: Spark's, by Spark's names.
  /// - Throws: ``FileTableError`` for a name of a file, and a format whose values are not read as they
  ///   were written.
  package init(
    _ path: String, format: FileFormat?, options: [String: String], schema: StructType
  ) throws(FileTableError) {
    sink = try FileSink(path, format: format, options: options, mode: .append, schema: schema)
    guard !sink.isSingleFile else {
      throw FileTableError(
        .invalidOption,
        "'\(path)' would be one file, which is there only when it is whole; to go on with it later, name "
          + "a folder (without the extension), to which parts are added", path: path)
    }
    location = path
    self.format = sink.format
    self.options = options
    self.schema = schema
    switch sink.format {
    case .parquet, .arrow, .json: break
    case .csv, .text, .binary:
      throw FileTableError(
        .invalidOption,
        "\(sink.format.sparkName) does not keep all values as they are, so that a later run could not "
          + "tell by their keys which rows are there; write parquet, json or arrow", path: path)
    }
  }

  // MARK: What is there

  /// Whether there are files with rows.
  ///
  /// - Throws: ``FileTableError`` if the folder cannot be listed.
  package var hasParts: Bool {
    get throws(FileTableError) { try !files().isEmpty }
  }

  private func files() throws(FileTableError) -> [FileEntry] {
    guard let entry = try store.info(sink.path), entry.isFolder else { return [] }
    return try store.list(sink.path, recursive: false).filter {
      !$0.isFolder && PathNames.isData(PathNames.last($0.path)) && $0.length != 0
    }
  }

  /// What the job that began the folder noted; `nil` if none did.
  ///
  /// - Throws: ``FileTableError`` if it cannot be read.
  package func note() throws(FileTableError) -> [UInt8]? {
    let folder = PathNames.joined(sink.path, Self.noteFolder)
    guard try store.info(folder)?.isFolder ?? false else { return nil }
    // Spark calls the file otherwise.
    let files = try store.list(folder, recursive: false).filter {
      !$0.isFolder && PathNames.isData(PathNames.last($0.path)) && $0.length != 0
    }
    guard let file = files.first else { return nil }
    guard files.count == 1 else {
      throw FileTableError(
        .malformed,
        "the folder '\(store.location(folder))' has \(files.count) files, expected one that says what "
          + "writes '\(location)'; begin anew (--restart)", path: store.location(folder))
    }
    return try store.read(file.path, limit: 1 << 20)
  }

  /// The rows that are there in some of the columns; `nil` if there are none.
  ///
  /// - Throws: ``FileTableError`` if they cannot be read.
  package func scan(_ columns: [String]) throws(FileTableError) -> FileScan? {
    guard try hasParts else { return nil }
    return try FileScan(
      [location], format: format, options: options, schema: schema
    ).selecting(columns)
  }

  // MARK: Changes

  /// Makes the folder, keeps other processes of this machine from writing to it, and removes what a
  /// killed one has left behind that was not whole.
  ///
  /// - Throws: ``FileTableError`` if another process writes to it.
  package func open() throws(FileTableError) {
    try store.makeFolder(sink.path)
    if store.isLocal {
      let lock = try FolderLock(sink.path, of: location)
      state.withLock { $0.lock = lock }
    }
    for entry in try store.list(sink.path, recursive: false)
    where PathNames.last(entry.path).hasPrefix(FileSink.stagingPrefix) {
      try store.remove(entry.path)
    }
  }

  /// Writes the note, before any rows.
  ///
  /// - Parameter deleting: whether all rows that are there are removed before.
  package func begin(_ note: [UInt8], deleting: Bool) throws(FileTableError) {
    let notes = PathNames.joined(sink.path, Self.noteFolder)
    if deleting {
      // Without a note what is left of the rows is nobody's, should this be killed now.
      try store.remove(notes)
      for entry in try store.list(sink.path, recursive: false) { try store.remove(entry.path) }
    }
    try store.makeFolder(notes)
    let beside = PathNames.joined(notes, ".\(Self.noteFile).\(sink.job)")
    try store.write(note, to: beside)
    try store.move(beside, to: PathNames.joined(notes, Self.noteFile))
  }

  /// Takes the mark of a complete table away, as more rows will follow.
  package func reopen() throws(FileTableError) {
    try store.remove(PathNames.joined(sink.path, Self.completed))
  }

  /// A new part. Nobody sees it before ``publish(_:)``.
  package func part() throws(FileTableError) -> FilePart {
    try sink.makePart(
      state.withLock { state in
        defer { state.parts += 1 }
        return state.parts
      })
  }

  /// Ends a part and makes its rows rows of the folder, all at once.
  package func publish(_ part: FilePart) throws(FileTableError) {
    try publish(part, as: PathNames.joined(sink.path, PathNames.last(part.path)))
  }

  private func publish(_ part: FilePart, as path: String) throws(FileTableError) {
    try part.close()
    if store.isLocal { Self.flush(part.path) }
    try removeChecksum(of: path)
    try store.move(part.path, to: path)
  }

  /// Removes what Hadoop may have noted of a file on this machine, which Spark would hold against another
  /// one in its place.
  private func removeChecksum(of path: String) throws(FileTableError) {
    guard store.isLocal else { return }
    let parent = PathNames.parent(path) ?? ""
    try store.remove(PathNames.joined(parent, ".\(PathNames.last(path)).crc"))
  }

  /// Has a file on the disk before it gets its name: a machine that goes down leaves no empty part.
  private static func flush(_ path: String) {
    let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = fsync(file)
    _ = close(file)
  }

  /// Removes the rows with a value in the column `name` from the parts, each part at once.
  ///
  /// - Returns: the number of rows that were removed.
  /// - Throws: ``FileTableError``; each part is then as it was, or without these rows.
  package func removeRows(with name: String) throws -> Int {
    guard let scan = try scan([name]) else { return 0 }
    var counts: [String: Int] = [:]
    for split in scan.splits(parallelism: 1) {
      let batches = try scan.batches(of: split, batchRows: 8192)
      while let batch = try batches.next() {
        let found = (0..<batch.rowCount).count { !batch.columns[0].isNull($0) }
        if found > 0 { counts[split.location, default: 0] += found }
      }
    }
    for location in counts.keys.sorted() { try rewrite(location, without: name) }
    return counts.values.reduce(0, +)
  }

  /// Writes the part at `location` again, without the rows that have a value in the column `name`.
  private func rewrite(_ location: String, without name: String) throws {
    // Parquet's own schema has the lineage of the columns.
    let scan = try FileScan(
      [location], format: format, options: options, schema: format == .json ? schema : nil)
    let place = scan.schema.fields.firstIndex { $0.name.isExactly(name) }
    guard let place, let file = scan.files.first else {
      throw FileTableError(
        .schema, "the part has no column '\(name)', which the others have", path: location)
    }
    let copy = try FileSink(
      self.location, format: format, options: options, mode: .append, schema: scan.schema)
    try store.makeFolder(sink.staging)
    let part = try FilePart(
      copy, PathNames.joined(sink.staging, "again-\(PathNames.last(file.path))"))
    var rows = 0
    do {
      for split in scan.splits(parallelism: 1) {
        let batches = try scan.batches(of: split, batchRows: 8192)
        while let batch = try batches.next() {
          var start = 0
          for row in 0...batch.rowCount
          where row == batch.rowCount || !batch.columns[place].isNull(row) {
            if start < row {
              try part.write(batch.slice(start..<row))
              rows += row - start
            }
            start = row + 1
          }
        }
      }
      if rows > 0 {
        try publish(part, as: file.path)
      } else {
        part.abort()
        try removeChecksum(of: file.path)
        try store.remove(file.path)
      }
    } catch {
      part.abort()
      throw error
    }
  }

  /// Marks the table as complete; one without rows gets a file that tells its columns.
  package func complete() throws(FileTableError) {
    if try files().isEmpty { try publish(part()) }
    try store.createEmpty(PathNames.joined(sink.path, Self.completed))
    clean()
  }

  /// Removes what is not whole; what was published stays.
  package func clean() {
    try? store.remove(sink.staging)
    state.withLock { $0.lock = nil }
  }
}

/// Keeps other processes of this machine from a folder, as long as this one lives, however it ends.
private final class FolderLock: Sendable {
  private let file: Int32

  /// - Parameter folder: as the user named it.
  /// - Throws: ``FileTableError`` if another process has it.
  init(_ path: String, of folder: String) throws(FileTableError) {
    let file = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else {
      throw FileTableError(
        .denied, "the folder cannot be opened: \(String(cString: strerror(errno)))", path: folder)
    }
    // File systems without locks have no such guard.
    guard flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      _ = close(file)
      throw FileTableError(
        .exists,
        "another process is writing to '\(folder)'; wait until it has ended, or name another output",
        path: folder)
    }
    self.file = file
  }

  deinit { _ = close(file) }
}
