public import ArrowIPC
import Glibc
public import SparkTypes
import Synchronization

/// Writes a table to one file, or to a folder of parts, all or nothing: the rows are written beside
/// the output under a hidden name, and ``commit()`` gives them theirs.
///
/// ```swift
/// let sink = try FileSink("result.parquet", format: nil, options: [:], mode: .error, schema: schema)
/// let part = try sink.part(0)
/// try part.write(batch)
/// try part.close()
/// try sink.commit()
/// ```
///
/// A name with the extension of a format is one file, any other a folder as Spark writes it, with an
/// empty file `_SUCCESS`. Parts may be written by several threads at once, each by one.
public final class FileSink: Sendable {
  /// Whether nothing is written because there is something already (``FileSaveMode/ignore``).
  public let isIgnored: Bool
  /// Whether all rows get into one file, which has one part.
  public let isSingleFile: Bool
  /// The format of the files.
  public let format: FileFormat
  /// The schema that batches must have: ``arrowSchema`` of a scan of the same columns.
  public let arrowSchema: ArrowSchema
  let settings: SinkSettings
  let store: FileStore
  /// The output in its store.
  let path: String
  /// As the user named it.
  let location: String
  private let mode: FileSaveMode
  /// Where the parts are written: a hidden folder beside the output or in it, or a hidden file.
  let staging: String
  /// What tells the files of this job from those of others.
  let job: String
  private let state = Mutex(State())

  private struct State {
    var parts: [Int: FilePart] = [:]
    var isEnded = false
  }

  /// What the names of hidden folders begin with in which rows are written that are appended.
  static let stagingPrefix = "_temporary-"

  /// Checks that the output can be written, and writes nothing yet.
  ///
  /// - Parameters:
  ///   - format: by default, the one that the name tells; Parquet if it tells none.
  ///   - options: Spark's, by Spark's names; `compression` above all.
  /// - Throws: ``FileTableError``, for example if the output exists and `mode` is
  ///   ``FileSaveMode/error``.
  public init(
    _ path: String, format: FileFormat?, options: [String: String], mode: FileSaveMode,
    schema: StructType
  ) throws(FileTableError) {
    if path.isEmpty {
      throw FileTableError(.invalidOption, "the output has no path; name a file or a folder")
    }
    let opened = try FileStore.open(path)
    store = opened.store
    self.path = PathNames.trimmed(opened.path)
    let ending = NameEnding(self.path)
    let kind = format ?? ending.format ?? .parquet
    self.format = kind
    location = path
    self.mode = mode
    settings = try SinkSettings(kind, FileOptions(options), ending: ending, schema: schema)
    let zone = settings.zone.name
    arrowSchema = try ColumnConversion.wrapped { try schema.arrowSchema(timeZone: zone) }
    let existing = try store.info(self.path)
    // What is a folder stays one, whatever its name.
    isSingleFile = ending.isFile && !path.hasSuffix("/") && !(existing?.isFolder ?? false)
    isIgnored = mode == .ignore && existing != nil
    job = Self.uuid()
    let parent = PathNames.parent(self.path) ?? ""
    let name = PathNames.last(self.path)
    staging =
      isSingleFile
      ? PathNames.joined(parent, ".\(name).\(job).part")
      : PathNames.joined(
        mode == .append ? self.path : parent,
        mode == .append ? Self.stagingPrefix + job : ".\(name).\(job).parts")
    if let existing { try checkExisting(existing) }
    if !isIgnored { try checkIsPlain(existing) }
  }

  /// What can be refused before the columns are known: options and formats that this engine does not
  /// have, and an output that is there already.
  ///
  /// - Throws: ``FileTableError`` with the reason.
  public static func check(
    _ path: String, format: FileFormat?, options: [String: String], mode: FileSaveMode
  ) throws(FileTableError) {
    // Every format can have a column of strings.
    _ = try FileSink(
      path, format: format, options: options, mode: mode, schema: ["value": .string])
  }

  private func checkExisting(_ existing: FileEntry) throws(FileTableError) {
    switch mode {
    case .error:
      throw FileTableError(
        .exists,
        "the output '\(location)' is there already; name another one, or say mode overwrite (replaces "
          + "it), append (adds to a folder) or ignore", path: location)
    case .append where isSingleFile:
      throw FileTableError(
        .exists,
        "'\(location)' is a file, and rows cannot be appended to one; name a folder (without the "
          + "extension), to which files are added", path: location)
    case .append where !existing.isFolder:
      throw FileTableError(
        .exists, "'\(location)' is a file, so that no files can be added to it; name a folder",
        path: location)
    case .append, .overwrite, .ignore: break
    }
  }

  /// Makes sure that the output does not get among the files of a table in another format.
  private func checkIsPlain(_ existing: FileEntry?) throws(FileTableError) {
    var folder = path
    if isSingleFile {
      // A new file beside others harms none of them.
      guard existing != nil else { return }
      folder = PathNames.parent(path) ?? ""
    } else if existing == nil, OpenTable.candidates(path).count == 1 {
      return
    }
    if let table = OpenTable.containing(folder, in: store) {
      throw FileTableError(.tableFormat, table.writingProblem(location), path: location)
    }
  }

  private static func uuid() -> String {
    var generator = SystemRandomNumberGenerator()
    var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }
      .joined(separator: "-")
  }

  /// The part with number `index`, to be written; a single file has only part 0.
  ///
  /// - Throws: ``FileTableError`` if it cannot be created.
  public func part(_ index: Int) throws(FileTableError) -> FilePart {
    if isIgnored || isSingleFile && index != 0 || state.withLock({ $0.isEnded }) {
      throw FileTableError(
        .invalidOption,
        "part \(index) of '\(location)' cannot be written: "
          + (isIgnored
            ? "the output exists and is left as it is"
            : isSingleFile && index != 0 ? "one file has one part" : "the output was ended"),
        path: location)
    }
    let part = try makePart(index)
    state.withLock { $0.parts[index] = part }
    return part
  }

  /// A part that ``commit()`` knows nothing of.
  func makePart(_ index: Int) throws(FileTableError) -> FilePart {
    let file: String
    if isSingleFile {
      let parent = PathNames.parent(path) ?? ""
      if !parent.isEmpty { try store.makeFolder(parent) }
      file = staging
    } else {
      try store.makeFolder(staging)
      file = PathNames.joined(
        staging, "part-\(SparkTimes.padded(index, 5))-\(job)-c000\(settings.ending)")
    }
    return try FilePart(self, file)
  }

  /// Gives the parts their names, in place of what was there if that was asked for. Parts that were
  /// not closed are closed.
  ///
  /// - Throws: ``FileTableError``; the output is then as it was, but for the case that a folder could
  ///   be moved away and the new one not into its place, which the message tells.
  public func commit() throws(FileTableError) {
    if isIgnored { return }
    let parts = state.withLock { state -> [Int: FilePart]? in
      if state.isEnded { return nil }
      state.isEnded = true
      return state.parts
    }
    guard var parts else { return }
    do throws(FileTableError) {
      // A table without rows is a file without rows, which tells its columns.
      if parts.isEmpty { parts[0] = try makePart(0) }
      for (_, part) in parts.sorted(by: { $0.key < $1.key }) { try part.close() }
      if isSingleFile {
        try replace()
      } else if mode == .append {
        try addParts(parts)
      } else {
        try store.makeFolder(staging)
        try store.createEmpty(PathNames.joined(staging, "_SUCCESS"))
        try replace()
      }
    } catch {
      clean()
      throw error
    }
  }

  /// Moves what was written to its place.
  private func replace() throws(FileTableError) {
    guard let existing = try store.info(path) else {
      try store.move(staging, to: path)
      return
    }
    guard mode == .overwrite else {
      throw FileTableError(
        .exists,
        "the output '\(location)' was written by someone else meanwhile; name another one, or say mode "
          + "overwrite", path: location)
    }
    if isSingleFile, !existing.isFolder {
      try store.move(staging, to: path)
      return
    }
    // The old one goes aside, so that it is there until the new one is.
    let old = PathNames.joined(
      PathNames.parent(path) ?? "", ".\(PathNames.last(path)).\(job).old")
    try store.move(path, to: old)
    do throws(FileTableError) {
      try store.move(staging, to: path)
    } catch {
      do throws(FileTableError) {
        try store.move(old, to: path)
      } catch {
        throw FileTableError(
          error.code,
          "the new output could not be given the name '\(location)', nor the old one back: "
            + "\(error.message). What was there is now '\(store.location(old))'", path: location)
      }
      throw error
    }
    try? store.remove(old)
  }

  private func addParts(_ parts: [Int: FilePart]) throws(FileTableError) {
    try store.makeFolder(path)
    var moved: [String] = []
    do throws(FileTableError) {
      for (_, part) in parts.sorted(by: { $0.key < $1.key }) {
        let target = PathNames.joined(path, PathNames.last(part.path))
        try store.move(part.path, to: target)
        moved.append(target)
      }
      let mark = PathNames.joined(path, "_SUCCESS")
      if try store.info(mark) == nil { try store.createEmpty(mark) }
    } catch {
      for path in moved { try? store.remove(path) }
      throw error
    }
    try? store.remove(staging)
  }

  /// Removes all that was begun.
  public func abort() {
    let parts = state.withLock { state -> [FilePart]? in
      if state.isEnded { return nil }
      state.isEnded = true
      return Array(state.parts.values)
    }
    guard let parts else { return }
    for part in parts { part.abort() }
    clean()
  }

  private func clean() {
    if isIgnored { return }
    try? store.remove(staging)
  }

  /// The bytes of the parts that were closed.
  public var bytes: Int64 { state.withLock { $0.parts.values.reduce(0) { $0 + $1.bytes } } }

  /// The rows of the parts.
  public var rows: Int { state.withLock { $0.parts.values.reduce(0) { $0 + $1.rows } } }

  /// An error of the store with what was being written.
  func failure(_ error: FileTableError) -> FileTableError {
    FileTableError(
      error.code, "the output '\(location)' could not be written: \(error.message)", path: location)
  }
}
