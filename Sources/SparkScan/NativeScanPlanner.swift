import ArrowIPC
import Deployment
import FileTables
import FoundationEssentials
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
  /// A table of which fewer rows are taken is read by Spark.
  static let leastRows = 10_000
  /// The same where the workers must be sent the plug-in with its libraries (some 80 MB unpacked), and
  /// where it takes a job to find out whether they can read the files.
  static let leastBytesElsewhere: Int64 = 512 << 20
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
    // What costs no question to the server.
    if choice == .automatic, session.isLocal, LocalSize.isBelow(Self.leastBytes, read.paths) {
      return ScanRefusal("the table is small", isPlain: true)
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
    return nil
  }

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
    if isAutomatic, candidate.isSample || (candidate.limit ?? .max) < Self.leastRows {
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
    let isNear = isThisMachine && listing.isLocal
    if isAutomatic, listing.bytes < (isNear ? Self.leastBytes : Self.leastBytesElsewhere) {
      throw ScanRefusal("the table is small (\(Self.text(listing.bytes)))", isPlain: true)
    }
    let planning = SplitPlanning(
      maxPartitionBytes: settings.maxPartitionBytes, openCostInBytes: settings.openCostInBytes,
      parallelism: try await parallelism(settings, isThisMachine, session))
    let files = listing.files.filter { format == .binary || $0.length > 0 }
    let cutting = FileCutting(format, options: candidate.read.options)
    var tasks = planning.tasks(
      files.map { ($0.location, $0.length, $0.modified) },
      isCut: { cutting.allows(files[$0].location) }
    ).map { $0.map { ScanPart(split: $0, values: files[$0.file].values) } }
    // As in Spark, what follows a limit is one task's.
    if candidate.limit != nil { tasks = [tasks.flatMap(\.self)] }

    var options = candidate.read.options
    if !options.keys.contains(where: { $0.lowercased() == "timezone" }) {
      options["timeZone"] = settings.timeZone
    }
    let names = partitions.names
    if isNear {
      try Self.probe(
        files.prefix(Self.checkedFiles).map(\.location),
        try Self.files(format, options, candidate.fileTable, names, selection))
    }
    let plan = ScanPlan(
      format: format, options: options, schema: candidate.fileTable, partitions: names,
      columns: selection.columns, call: try selection.call(of: candidate),
      parts: try await Self.placed(tasks, in: session), limit: candidate.limit,
      library: try await library.path(in: session, isThisMachine: isThisMachine))
    if !isNear { try await Self.probe(plan, tasks: tasks.count, in: session) }
    let note =
      "\(files.count) \(format.sparkName) file\(files.count == 1 ? "" : "s") "
      + "(\(Self.text(listing.bytes))) in \(tasks.count) task\(tasks.count == 1 ? "" : "s"), "
      + "for \(candidate.function)"
    return .native(
      .batches(ScanFunction(), plan, returning: selection.returned(by: candidate)),
      tasks: tasks.count, note: note)
  }

  private func parallelism(
    _ settings: ReadingSettings, _ isThisMachine: Bool, _ session: SparkSession
  ) async throws -> Int {
    if let known = settings.parallelism { return known }
    if isThisMachine { return Machine.availableCores }
    return try await Self.clusterParallelism(session)
  }

  /// How many tasks the cluster wants to have at once. Only it knows how many cores it has; it gives a
  /// range as many partitions.
  package static func clusterParallelism(_ session: SparkSession) async throws -> Int {
    // The column first: Spark refuses aggregates of expressions that differ from place to place.
    let last = try await session.range(0, 1 << 16).select(sparkPartitionID().as("part"))
      .agg(max("part").as("last")).first()?.get("last", as: Int.self)
    return (last ?? 0) + 1
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

  /// Lets workers look into some of the files.
  ///
  /// - Throws: ``ScanRefusal`` with what one of them met.
  private static func probe(
    _ plan: ScanPlan, tasks: Int, in session: SparkSession
  ) async throws {
    if tasks == 0 { return }
    let looks = min(tasks, checkedFiles)
    let numbers = session.range(0, tasks, step: tasks / looks, partitions: looks)
    // The probe's own table has no files, whatever the session asks of its functions.
    let probe = numbers.mapPartitions(
      .batches(ScanProbe(), plan, returning: ScanProbe.result, scan: .spark),
      columns: [column(named: "id")])
    let reasons: [Row]
    do {
      reasons = try await probe.collect()
    } catch let error as SparkError {
      throw ScanRefusal(
        "the workers cannot read files: \(error.message.prefix { $0 != "\n" })")
    }
    if case .string(let reason)? = reasons.first?.values.first {
      throw ScanRefusal("a worker says: \(reason)")
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
