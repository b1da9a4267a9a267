import ArrowIPC
import Foundation
import Testing

@testable import FileTables

@Suite("Files that a scan has opened", .needsFilePlugin) struct OpenedFilesTests {
  /// Files of 60 rows in row groups of 20.
  private func makeTable(_ files: Int, in folder: FilesFolder) throws {
    try FileManager.default.createDirectory(
      atPath: folder.file("t"), withIntermediateDirectories: true)
    for file in 0..<files {
      let numbers = (0..<60).map { Int32(file * 60 + $0) }
      let batch = try RecordBatch([("v", .numbers(numbers)), ("w", .numbers(numbers))])
      try folder.write(
        [batch], "t/\(1000 + file).parquet", options: TableWriting(rowGroupRows: 20))
    }
  }

  private func values(_ scan: FileScan, _ split: FileSplit) throws -> [ArrowValue] {
    let batches = try scan.batches(of: split, batchRows: 7)
    var values: [ArrowValue] = []
    while let batch = try batches.next() { values += batch.columns[0].values }
    return values
  }

  @Test("the schema, the rows, a sample and all splits read each footer once")
  func once() throws {
    let folder = try FilesFolder()
    try makeTable(3, in: folder)
    let scan = try folder.scan(
      "t", options: ["maxPartitionBytes": "200b", "openCostInBytes": "1b"])
    let store = scan.files[0].store
    #expect(store.openedTables == 1)
    #expect(scan.rows == 180 && scan.rows == 180)
    #expect(store.openedTables == 3)
    let narrow = try scan.selecting(["w"])
    let splits = narrow.splits(parallelism: 100)
    #expect(splits.count > 3)
    let read = try splits.flatMap { try values(narrow, $0) }
    #expect(read == (0..<180).map { .int($0) })
    let sample = try scan.sampled(rows: 50).selecting(["v"])
    #expect(sample.rows == 50)
    #expect(try sample.splits(parallelism: 1).flatMap { try values(sample, $0) }.count == 50)
    #expect(store.openedTables == 3)
  }

  @Test("threads that want a file wait for the one that opens it")
  func threads() async throws {
    let folder = try FilesFolder()
    try makeTable(2, in: folder)
    let scan = try folder.scan(
      "t", options: ["maxPartitionBytes": "200b", "openCostInBytes": "1b"], schema: "v int")
    let splits = scan.splits(parallelism: 100)
    let rows = try await withThrowingTaskGroup(of: Int.self) { group in
      for split in splits { group.addTask { try values(scan, split).count } }
      return try await group.reduce(0) { $0 + $1 }
    }
    #expect(rows == 120)
    #expect(scan.files[0].store.openedTables == 2)
  }

  @Test("a sample's places are looked for once, also if the footers do not stay")
  func places() throws {
    let folder = try FilesFolder()
    try makeTable(3, in: folder)
    let all = try folder.scan("t", schema: "v int, w int")
    let scan = try FileScan(
      format: all.format, settings: all.settings, files: all.files, columns: all.columns,
      limit: nil, opened: OpenedFiles(mostFiles: 1)
    ).sampled(rows: 30)
    let store = all.files[0].store
    #expect(scan.rows == 30)
    #expect(store.openedTables == 3)
    #expect(try scan.limited(to: 9).selecting(["v"]).splits(parallelism: 4).count > 1)
    #expect(store.openedTables == 3)
    // Of fewer files they are others.
    #expect(try scan.filtering { _ in false }.rows == 0)
    #expect(try scan.filtering { _ in true }.rows == 30)
    #expect(store.openedTables > 3)
  }

  @Test("of many files those used last are kept", arguments: [(2, 1 << 15), (256, 12)])
  func bounds(files: Int, chunks: Int) throws {
    let folder = try FilesFolder()
    try makeTable(4, in: folder)
    let scan = try folder.scan("t", schema: "v int, w int")
    let store = scan.files[0].store
    // Each has six column chunks.
    let opened = OpenedFiles(mostFiles: files, mostChunks: chunks)
    func use(_ file: Int) throws -> Int {
      #expect(try opened.table(scan.files[file], .parquet).rowGroups.count == 3)
      return store.openedTables
    }
    let counts = try [0, 1, 0, 1, 2, 1, 2, 0, 3, 3].map(use)
    #expect(counts == [1, 2, 2, 2, 3, 3, 3, 4, 5, 5])
  }

  @Test("a file with more than may be kept is kept alone")
  func large() throws {
    let folder = try FilesFolder()
    try makeTable(2, in: folder)
    let scan = try folder.scan("t", schema: "v int, w int")
    let opened = OpenedFiles(mostChunks: 1)
    for _ in 0..<2 {
      for file in scan.files {
        for _ in 0..<3 { _ = try opened.table(file, .parquet) }
      }
    }
    #expect(scan.files[0].store.openedTables == 4)
  }

  @Test("a file of which no time is known is opened each time")
  func timeless() throws {
    let folder = try FilesFolder()
    try makeTable(1, in: folder)
    var file = try folder.scan("t", schema: "v int").files[0]
    file.modified = -1
    let opened = OpenedFiles()
    for _ in 0..<2 { _ = try opened.table(file, .parquet) }
    #expect(file.store.openedTables == 2)
  }

  @Test("a file that cannot be opened is tried again")
  func failures() throws {
    let folder = try FilesFolder()
    try makeTable(1, in: folder)
    let scan = try folder.scan("t", schema: "v int")
    let file = scan.files[0]
    let hidden = folder.file("hidden")
    try FileManager.default.moveItem(atPath: file.path, toPath: hidden)
    let opened = OpenedFiles()
    #expect(code { _ = try opened.table(file, .parquet) } == .notFound)
    try FileManager.default.moveItem(atPath: hidden, toPath: file.path)
    #expect(try opened.table(file, .parquet).rowGroups.count == 3)
  }

  @Test("what is kept of a file tells nothing of the one that took its place")
  func changes() throws {
    let folder = try FilesFolder()
    try makeTable(2, in: folder)
    let scan = try folder.scan("t").selecting(["v"])
    #expect(scan.rows == 120)
    let path = scan.files[1].path
    try folder.writeNumbers([1, 2, 3], "t/1001.parquet")
    #expect(scan.rows == nil)
    let splits = scan.splits(parallelism: 1)
    #expect(try values(scan, splits[0]).count == 60)
    let error = failure { _ = try values(scan, splits[1]) }
    #expect(error?.code == .changed && error?.path == path)
  }

  @Test("a footer is not used for another file, wherever it was changed")
  func changedBehindTheFooter() throws {
    let folder = try FilesFolder()
    try makeTable(1, in: folder)
    let file = try folder.open("t/1000.parquet")
    #expect(try file.batches(batchRows: 60).next()?.rowCount == 20)
    try folder.writeNumbers([1, 2, 3], "t/1000.parquet")
    let error = failure { _ = try file.batches(batchRows: 60) }
    #expect(error?.code == .changed && error?.path == file.location, "\(String(describing: error))")
    #expect(error?.message.contains("changed") == true)
  }

  #if os(Linux)
  /// Whether a descriptor or a mapping of this process is of a file in the folder.
  private func isOpen(_ folder: FilesFolder) throws -> Bool {
    let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
    let files = descriptors.compactMap {
      try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
    }
    let maps = try #require(FileHandle(forReadingAtPath: "/proc/self/maps"))
    let mapped = String(decoding: try maps.readToEnd() ?? Data(), as: UTF8.self)
    return files.contains { $0.hasPrefix(folder.path) } || mapped.contains(folder.path)
  }

  @Test("what is kept of files holds none of them open")
  func descriptors() throws {
    let folder = try FilesFolder()
    try makeTable(3, in: folder)
    let scan = try folder.scan("t")
    #expect(scan.rows == 180)
    #expect(try !isOpen(folder))
    func read() throws {
      let batches = try scan.batches(of: scan.splits(parallelism: 1)[0], batchRows: 10)
      #expect(try batches.next()?.rowCount == 10)
      #expect(try isOpen(folder))
      withExtendedLifetime(batches) {}
    }
    try read()
    #expect(try !isOpen(folder))
    #expect(scan.files[0].store.openedTables == 3)
  }
  #endif
}
