import FoundationEssentials
import Needletail
import Synchronization

/// A prediction in this process, without Spark.
final class LocalPrediction: Sendable {
  private let job: PredictionJob
  private let reason = Mutex<String?>(nil)

  init(_ job: PredictionJob) { self.job = job }

  /// Why Spark must do it after all; known after ``run()``.
  var sparkReason: String? { reason.withLock { $0 } }

  /// Predicts and writes, unless only now is found out that Spark must do it.
  func run() async throws {
    do {
      let table = try job.openedLocally()
      try await job.run(table)
    } catch let error as FileTableError {
      guard let why = job.sparkReason(for: error) else { throw error }
      reason.withLock { $0 = why }
    }
  }
}

extension FileTableError {
  /// Whether Spark may be able to do what was refused.
  fileprivate var isOfThisEngine: Bool {
    code == .unsupported || code == .libraryMissing
  }
}

extension PredictionJob {
  /// Whether the user left it to the command which engine to use, and Spark can take over.
  fileprivate var mayUseSpark: Bool {
    request.engine == .auto && ![reading.name, writing.name].contains("arrow")
  }

  /// Why Spark is to do what this process has refused; `nil` if it is not.
  func sparkReason(for error: FileTableError) -> String? {
    mayUseSpark && error.isOfThisEngine ? error.message : nil
  }

  /// The input, after the output's place and format were looked at.
  func checkedLocally() throws -> LocalTable {
    let table = try openedLocally()
    try checkWriting(table)
    return table
  }

  private func checkWriting(_ table: LocalTable) throws {
    if !request.isPrinted { try writer(of: table).check(request.output) }
  }

  /// Options of a format with what the session's settings say of it.
  private func options(_ format: TableFormat) -> [String: String] {
    var options = format.options
    if let zone = settings["spark.sql.session.timeZone"], format.option("timeZone") == nil {
      options["timeZone"] = zone
    }
    return options
  }

  /// The input; nothing but what tells its schema is read.
  func openedLocally() throws -> LocalTable {
    let table = try options(reading).reduce(LocalTable.read.format(reading.name)) {
      $0.option($1.key, $1.value)
    }.load(request.input)
    try check(table.schema)
    return table
  }

  private func writer(of table: LocalTable) -> LocalTableWriter {
    let writer = options(writing).reduce(table.write.format(writing.name)) {
      $0.option($1.key, $1.value)
    }
    return request.isResumed
      ? writer.resume(
        key: request.resumeKey, restarting: request.restart, partRows: request.partRows)
      : writer.mode(mode)
  }

  fileprivate func run(_ input: LocalTable) async throws {
    var table = input
    if let sample = request.sample { table = try table.sample(rows: sample) }
    if let limit = request.limit { table = table.limit(limit) }
    try checkWriting(table)
    tellOmitted()
    let known = table.schema
    let names = try columns(of: known)
    var predicted: LocalTable
    do {
      predicted = try await table.predicting(source, loaded: model, prediction)
    } catch let error as InferenceError {
      throw advised(error, known)
    }
    let added = predicted.schema.fields.dropFirst(known.count)
    predicted = try predicted.select((names + added.map(\.name)).map { column(named: $0) })
    let bar = request.quiet ? nil : ProgressBar.onStandardError()
    predicted = predicted.running(threads: request.threads) { bar?.show($0) }
    defer { bar?.clear() }

    if request.isPrinted {
      let text = try await predicted.showString(request.shownRows)
      bar?.clear()
      print(FittedTable.text(text, width: Terminal.output.tableWidth), terminator: "")
      return
    }
    // CSV has no arrays, structs and maps.
    if writing.isCSV {
      predicted = try predicted.withNestedAsJSON(
        timeZone: options(writing).first { $0.key.lowercased() == "timezone" }?.value)
    }
    let summary = try await writer(of: predicted).save(request.output)
    bar?.clear()
    if summary.isIgnored { return tellIgnored() }
    if let file = request.metrics { try RunMetrics(self, summary).write(to: file) }
    if request.quiet { return }
    print(Self.line(summary, loadSeconds: loadSeconds, output: request.output, writing.name))
    if summary.skipped + summary.redone > 0 {
      print(Self.resumeLine(done: summary.skipped, redone: summary.redone))
    }
    if summary.failures.count > 0 { print(summary.failures.report(of: summary.rows)) }
  }

  /// What is told of the rows that were in the output before.
  static func resumeLine(done: Int, redone: Int) -> String {
    let again = redone > 0 ? "; \(redone) further ones had an error and were done again" : ""
    return "\(done) rows were in the output already\(again)"
  }

  /// What is told of a run.
  static func line(
    _ summary: LocalSummary, loadSeconds: Double, output: String, _ format: String
  ) -> String {
    let shares = summary.shares
    return summaryLine(
      rows: summary.rows, seconds: summary.elapsed / .seconds(1), loadSeconds: loadSeconds,
      output: output, format)
      + " (without Spark, \(summary.threads) \(summary.threads == 1 ? "thread" : "threads"): "
      + "\(shares.decoding) % reading, \(shares.computing) % model, \(shares.writing) % writing)"
  }
}
