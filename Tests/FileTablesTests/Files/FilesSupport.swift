import ArrowIPC
import Foundation
import Testing

@testable import FileTables

/// The plug-in on this machine.
enum FilePlugin {
  static let isAvailable: Bool = {
    do {
      _ = try FileLibrary.shared()
      return true
    } catch {
      print("tests of files are skipped: \(error)")
      return false
    }
  }()
}

extension Trait where Self == ConditionTrait {
  /// Skips where the plug-in was not built.
  static var needsFilePlugin: Self {
    .enabled(if: FilePlugin.isAvailable, "needs the plug-in for files: scripts/build-files-plugin")
  }
}

/// A folder for a test, which goes with it.
final class FilesFolder: Sendable {
  let path: String
  let store: FileStore

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/needletail-files-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    store = try FileStore.open(path).store
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

  /// Writes batches to a file.
  @discardableResult
  func write(
    _ batches: [RecordBatch], _ name: String, _ format: FileFormat = .parquet,
    options: TableWriting = TableWriting()
  ) throws -> Int64 {
    let writer = try TableWriter(
      store, file(name), format, schema: #require(batches.first).schema, options: options)
    for batch in batches { try writer.write(batch) }
    return try writer.close()
  }

  func open(_ name: String, _ format: FileFormat = .parquet) throws -> TableFile {
    try TableFile(store, file(name), format)
  }
}

/// A table of the folder that `make_tables.py` fills.
func madeTable(_ name: String, _ format: FileFormat = .parquet) throws -> TableFile {
  let folder = URL(filePath: #filePath).deletingLastPathComponent().path
  let (store, path) = try FileStore.open("\(folder)/Tables/\(name)")
  return try TableFile(store, path, format)
}

extension FileBatches {
  /// All that is left.
  func all() throws -> [RecordBatch] {
    var batches: [RecordBatch] = []
    while let batch = try next() { batches.append(batch) }
    return batches
  }

  /// The values of column `index` of all that is left.
  func values(_ index: Int = 0) throws -> [ArrowValue] {
    try all().flatMap { $0.columns[index].values }
  }
}

/// The code of the error that `body` throws.
func failure(_ body: () throws -> Void) -> FileTableError? {
  do {
    try body()
    return nil
  } catch {
    return error as? FileTableError
  }
}
