import ArrowIPC
import Deployment
import FileTables
import Foundation
import HostProcesses
import ProgramFunctions
package import SparkConnect
import SparkFunctions
import SparkTypes

/// Decides for one session where workers read files themselves, and plans that.
package struct NativeScanPlanner: ScanPlanner {
  /// Smaller tables are read by Spark unless somebody says otherwise: listing and planning cost more
  /// than is won.
  static let leastBytes: Int64 = 8 << 20
  /// The footers that are looked into before a job starts.
  static let checkedFiles = 64
  /// A longer list of files goes to the executors as a file of the session.
  static let inlineBytes = 32 << 10

  private let library = ScanLibrary()
  private let log = ScanLog()

  package init() {}

  package func tell(_ function: String, _ decision: ScanDecision) { log.tell(function, decision) }

  // MARK: What is known of the files by their names

  package func refusal(
    _ read: FileRead, _ choice: ScanChoice, in session: SparkSession
  ) async throws -> ScanRefusal? {
    if choice == .automatic {
      // What costs no question to the server.
      if !session.isLocal { return Self.elsewhere }
      if LocalSize.isBelow(Self.leastBytes, read.paths) {
        return ScanRefusal("the table is small", isPlain: true)
      }
    }
    let settings = try await ReadingSettings.of(session)
    if let refusal = Self.refusal(read, choice, settings) { return refusal }
    do throws(FileTableError) {
      _ = try FileLibrary.shared()
    } catch {
      // A search for a library tells of all its places.
      return ScanRefusal(
        String(error.message.prefix { $0 != "\n" }), isPlain: choice == .automatic)
    }
    if choice == .automatic, try await !Machine.isThis(serverOf: session) {
      return Self.elsewhere
    }
    return nil
  }

  private static let elsewhere = ScanRefusal("the executors are on other machines", isPlain: true)

  /// Options that say which files are meant, or what their schema is, which Spark finds out.
  private static let neutralOptions: Set<String> = [
    "basepath", "pathglobfilter", "recursivefilelookup", "modifiedbefore", "modifiedafter",
    "mergeschema", "prefetch", "timezone",
  ]

  private static let refusedOptions: Set<String> = [
    "datetimerebasemode", "int96rebasemode", "ignoremissingfiles", "ignorecorruptfiles",
  ]

  /// Why files are not read so by what is said of them; `nil` if they may be.
  static func refusal(
    _ read: FileRead, _ choice: ScanChoice, _ settings: ReadingSettings
  ) -> ScanRefusal? {
    let name = read.format ?? settings.format
    guard let format = format(name) else {
      return ScanRefusal("only Spark reads the format \(name)", isPlain: true)
    }
    if choice == .automatic, format != .parquet {
      return ScanRefusal(
        "files of the format \(name) are read by workers if that is asked for (scan: native)",
        isPlain: true)
    }
    for option in read.options.keys.sorted() {
      let folded = option.lowercased()
      if refusedOptions.contains(folded)
        || format == .parquet && !neutralOptions.contains(folded)
      {
        return ScanRefusal("the option \(option) is Spark's")
      }
    }
    return settings.unserved.map { ScanRefusal("the session has \($0)") }
  }

  private static func format(_ name: String) -> FileFormat? {
    switch name.lowercased() {
    case "parquet": .parquet
    case "csv": .csv
    case "json": .json
    case "text": .text
    case "binaryfile": .binary
    default: nil
    }
  }

  // MARK: What is known of them when they are listed

  package func plan(
    _ candidate: ScanCandidate, in session: SparkSession
  ) async throws -> ScanDecision {
    do {
      return try await planned(candidate, in: session)
    } catch let refusal as ScanRefusal {
      return .spark(refusal)
    }
  }

  private func planned(
    _ candidate: ScanCandidate, in session: SparkSession
  ) async throws -> ScanDecision {
    let isAutomatic = candidate.choice == .automatic
    if isAutomatic, candidate.isSample {
      throw ScanRefusal("a few rows are wanted", isPlain: true)
    }
    let settings = try await ReadingSettings.of(session)
    guard let format = Self.format(candidate.read.format ?? settings.format) else {
      throw ScanRefusal("only Spark reads the format")
    }
    let isThisMachine = try await Machine.isThis(serverOf: session)
    let partitions = try await candidate.partitionColumns()
    try Self.check(partitions, of: candidate)
    let selection = try ScanSelection(candidate)
    let listing = try await ScanListing.of(candidate, partitions)
    if isAutomatic {
      if !listing.isLocal { throw ScanRefusal("the files are in a store") }
      if listing.bytes < Self.leastBytes {
        throw ScanRefusal("the table is small (\(Self.text(listing.bytes)))", isPlain: true)
      }
    }
    let planning = SplitPlanning(
      maxPartitionBytes: settings.maxPartitionBytes, openCostInBytes: settings.openCostInBytes,
      parallelism: settings.parallelism)
    let files = listing.files.filter { format == .binary || $0.length > 0 }
    let tasks = planning.tasks(
      files.map { ($0.location, $0.length, $0.modified) }, isCut: format == .parquet
    ).map { $0.map { ScanPart(split: $0, values: files[$0.file].values) } }

    var options = candidate.read.options
    if !options.keys.contains(where: { $0.lowercased() == "timezone" }) {
      options["timeZone"] = settings.timeZone
    }
    let names = partitions.names
    if isThisMachine, listing.isLocal {
      try Self.probe(
        files.prefix(Self.checkedFiles).map(\.location),
        try Self.files(format, options, candidate.fileTable, names, selection))
    }
    let plan = ScanPlan(
      format: format, options: options, schema: candidate.fileTable, partitions: names,
      columns: selection.columns, call: try selection.call(of: candidate),
      parts: try await Self.placed(tasks, in: session),
      library: try await library.path(in: session, isThisMachine: isThisMachine))
    let note =
      "\(files.count) \(format.sparkName) file\(files.count == 1 ? "" : "s") "
      + "(\(Self.text(listing.bytes))) in \(tasks.count) task\(tasks.count == 1 ? "" : "s"), "
      + "for \(candidate.function)"
    return .native(
      .batches(ScanFunction(), plan, returning: selection.returned(by: candidate)),
      tasks: tasks.count, note: note)
  }

  private static func files(
    _ format: FileFormat, _ options: [String: String], _ schema: StructType,
    _ partitions: [String], _ selection: ScanSelection
  ) throws -> KnownFiles {
    do throws(FileTableError) {
      return try KnownFiles(
        format: format, options: options, schema: schema, partitions: partitions,
        columns: selection.columns.compactMap(\.file))
    } catch {
      throw ScanRefusal(error.message)
    }
  }

  private static func probe(_ locations: [String], _ files: KnownFiles) throws {
    for location in locations {
      do throws(FileTableError) {
        try files.check(location)
      } catch {
        throw ScanRefusal(error.message)
      }
    }
  }

  /// Makes sure that the listing's partitions have the values that Spark's table has.
  static func check(_ partitions: StructType, of candidate: ScanCandidate) throws {
    for field in partitions {
      guard let column = candidate.fileTable[field.name] else {
        throw ScanRefusal("the partition column \(field.name) is not a column of the table")
      }
      guard column.type == field.type, ScanSelection.isPartition(field.type) else {
        throw ScanRefusal("the partition column \(field.name) is \(column.type)")
      }
    }
  }

  private static func placed(
    _ tasks: [[ScanPart]], in session: SparkSession
  ) async throws -> ScanPlan.Parts {
    let json = try JSONEncoder().encode(tasks)
    if json.count <= inlineBytes { return .here(tasks) }
    let name = "needletail-scan-\(json.shortHash).json"
    try await session.addArtifact(named: "files/\(name)", json)
    return .file(name)
  }

  static func text(_ bytes: Int64) -> String {
    bytes < 1 << 20 ? "\(bytes) bytes" : "\((bytes + 1 << 19) >> 20) MiB"
  }
}

extension SparkSession {
  /// Lets workers read files for functions where that gives the same rows for less.
  package func planNativeScans() { planScans(with: NativeScanPlanner()) }
}
