import ArgumentParser
import FoundationEssentials
import Needletail

/// What a prediction would do: `--dry-run`. Nothing is computed nor written; where Spark alone knows the
/// table it is asked, and started here if no server is named.
struct DryRun {
  private let job: PredictionJob
  private var request: Predict { job.request }

  init(_ job: PredictionJob) { self.job = job }

  /// Prints the plan.
  ///
  /// - Throws: what would keep the prediction from being done.
  func tell() async throws {
    if job.isIgnored { return job.tellIgnored() }
    var isLocal = job.engine == .local
    var reason: String?
    if case .spark(let why) = job.engine { reason = why }
    var table: LocalTable?
    do {
      table = isLocal ? try job.checkedLocally() : openedForSpark()
    } catch let error as FileTableError {
      guard let why = job.sparkReason(for: error) else { throw error }
      (isLocal, reason) = (false, why)
    }
    if let table {
      let facts = table.facts(threads: request.threads)
      return print(
        try await text(
          of: table.schema, input: Self.facts(facts),
          engine: isLocal ? engineText() : sparkText(reason),
          freight: isLocal ? ["nothing"] : try freightOfLocalSpark()), terminator: "")
    }
    // Only Spark can tell the columns.
    try SparkServer.check(request.remote)
    request.messages.tellSparkLog(remote: request.remote)
    let why = sparkText(reason)
    var run = ProgramRun(
      functions: [], remote: request.remote, mode: request.execution.executionMode,
      showsProgress: !request.quiet
    ) { [job] spark in
      let dry = DryRun(job)
      try await spark.requireFunctions()
      try await job.prepare(spark)
      if try await job.isIgnored(on: spark) { return job.tellIgnored() }
      let (_, known) = try await job.opened(spark)
      let text = try await dry.text(
        of: known, input: "", engine: why, freight: dry.freight(to: spark))
      print(text, terminator: "")
    }
    run.startSettings = job.startSettings
    let status = await run.exitStatus(of: CommandFailure.status)
    if status != 0 { throw ExitCode(status) }
  }

  /// A table that Spark will read, if this process can look at it.
  private func openedForSpark() -> LocalTable? {
    guard job.tables.localInput != nil, EngineChoice.missingFileLibrary() == nil else { return nil }
    return try? job.openedLocally()
  }

  // MARK: The plan

  private func text(
    of known: StructType, input: String, engine: String, freight: [String]
  ) async throws -> String {
    let kept = try job.columns(of: known)
    // Rows of these columns: what becomes of them is the same wherever they are.
    let table = try LocalTable(rows: [], schema: known)
    let predicted: LocalTable
    do {
      predicted = try await table.predicting(job.source, loaded: job.model, job.prediction)
    } catch let error as InferenceError {
      throw job.advised(error, known)
    }
    let added = predicted.schema.fields.dropFirst(known.count)
    let written = kept.compactMap { known[$0] } + added
    var lines = ["Nothing is done, as --dry-run is said. What would be:", "engine: \(engine)"]
    lines.append("input: \(request.input) as \(job.reading.name)\(input)")
    lines += Self.columns(known.fields)
    lines.append("model: \(request.model), run by \(job.model.runtime)")
    lines += try await modelInputs(known)
    if request.isPrinted {
      lines.append("output: printed, \(request.shownRows) rows")
    } else {
      let mode =
        request.isResumed
        ? "resumed by \(request.resumeKey.joined(separator: ", "))" : "mode \(job.mode.rawValue)"
      lines.append("output: \(request.output) as \(job.writing.name), \(mode)")
    }
    lines += Self.columns(written)
    lines.append("sent to executors: \(freight.joined(separator: "; "))")
    return lines.joined(separator: "\n") + "\n"
  }

  private static func columns(_ fields: some Sequence<StructField>) -> [String] {
    fields.map { "  \(SQLIdentifier($0.name)) \($0.type)" }
  }

  /// The model's inputs, and what feeds each.
  private func modelInputs(_ table: StructType) async throws -> [String] {
    let source = job.source
    guard
      let plan = try? await source.plan(
        job.model, reference: source.reference(source.path), table: table, job.prediction)
    else { return job.model.inputs.map { "  \($0)" } }
    return plan.parameters.inputs.map { input in
      let columns = input.columns.map { plan.argumentColumns[$0] }
      return "  \(input.specification) from "
        + (columns.isEmpty ? "--constant" : columns.joined(separator: ", "))
    } + ["  \(plan.parameters.batchSize) rows at once"]
  }

  private static func facts(_ facts: LocalTable.Facts) -> String {
    var parts: [String] = []
    if let files = facts.files { parts.append("\(files) \(files == 1 ? "file" : "files")") }
    parts.append("\(facts.bytes) bytes")
    if let splits = facts.splits { parts.append("\(splits) \(splits == 1 ? "split" : "splits")") }
    if let rows = facts.rows { parts.append("\(rows) rows") }
    return ": " + parts.joined(separator: ", ")
  }

  // MARK: Spark

  private func engineText() -> String {
    let threads = request.threads ?? Machine.availableCores
    return "this process, on \(threads) \(threads == 1 ? "thread" : "threads"), without Spark"
  }

  private func sparkText(_ reason: String?) -> String {
    let why = reason.map { ": \($0.prefix { $0 != "\n" })" } ?? ""
    if let server = server {
      return "Spark at \(server) (\(request.remote == nil ? "SPARK_REMOTE" : "--remote"))\(why)"
    }
    return "a Spark that is started on this machine\(why)"
  }

  /// The server's address, without its token.
  private var server: String? {
    guard let remote = SparkServer.named(request.remote) else { return nil }
    let address = remote.prefix { $0 != ";" && $0 != "?" }
    return address.last == "/" ? String(address.dropLast()) : String(address)
  }

  /// What goes to a Spark that would be started here: of another one the files are not looked at.
  private func freightOfLocalSpark() throws -> [String] {
    [
      "the model, \(try job.source.packed().byteCount) bytes",
      "not the program, which they take from this machine's cache",
    ]
  }

  private func freight(to spark: SparkSession) async throws -> [String] {
    let program = try await ProgramFreight.ahead(of: spark)
    return [
      "the model, \(try job.source.packed().byteCount) bytes",
      program.bytes > 0
        ? "the program, \(program.bytes) bytes, \(program.note)"
        : "not the program: \(program.note)",
    ]
  }
}
