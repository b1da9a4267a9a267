import FoundationEssentials
import Needletail

/// A query as the command line asks for it, after all that can be checked before it begins.
struct QueryJob: Sendable {
  /// A model, loaded, with what is asked of it.
  private struct Called: Sendable {
    let name: String
    let source: ModelSource
    let model: any Model
    let request: PredictionRequest
  }

  private let request: SQL
  private let settings: [String: String]
  private let called: [Called]
  private let tables: TablePlaces
  private let mode: SaveMode
  private let writing: TableFormat
  /// The files that the query names.
  private let files: [PlainFiles]

  /// - Throws: ``CommandFailure``, and what a model's runtime throws.
  init(_ request: SQL) async throws {
    self.request = request
    settings = try request.conf.once("--conf")
    tables = TablePlaces(input: nil, output: request.file, remote: request.remote)
    mode = try tables.check(mode: request.writes.mode)
    writing = try Self.writing(request)
    try tables.checkOutputIsPlain(writing.name, mode)
    files = PlainFiles.named(in: request.query, remote: request.remote)
    for file in files { try file.checkIsPlain() }
    try SparkJars.check(request.jar)
    var called: [Called] = []
    for given in request.models {
      let source = try request.asked.source(given.model)
      let model = try await Activity.during("loading \(given.model)") {
        try await source.loadForPlan()
      }
      do {
        called.append(
          Called(
            name: given.name, source: source, model: model,
            request: try request.asked.request(of: model)))
      } catch {
        throw Self.error(error, of: given, in: request)
      }
    }
    self.called = called
  }

  /// The format of the rows that are written.
  static func writing(_ request: SQL) throws -> TableFormat {
    let format = try PredictionJob.with(
      request.writes.outputOption, "--output-option",
      try request.writes.outputFormat.map { try TableFormat(named: $0, option: "--output-format") }
        ?? request.file.map { try TableFormat.writing($0) } ?? .ofCatalog)
    guard format.name != "arrow" else {
      throw CommandFailure(
        "Spark does not write the format arrow; name the output otherwise, or say --output-format")
    }
    return format
  }

  /// `error`, if it is about an option that does not fit a model: with the model's name, where there are several.
  static func error(
    _ error: any Error, of given: CalledModel, in request: SQL
  ) -> any Error {
    guard let failure = error as? CommandFailure, request.models.count > 1,
      failure.description.hasPrefix("--")
    else { return error }
    return CommandFailure(
      "the model '\(given.name)': \(failure.description)", status: failure.status,
      cause: failure)
  }

  /// What a Spark that is started for the query is told as it starts.
  var startSettings: [String: String] {
    SparkJars.startSettings(settings, jars: request.jar, formats: [writing.name])
  }

  func run(_ spark: SparkSession) async throws {
    if !called.isEmpty { try await spark.requireFunctions() }
    try await spark.prepare(
      settings, jars: request.jar, formats: [writing.name], isOwn: tables.startsSpark)
    let table = request.outputTable.map {
      CatalogTable(
        name: $0, mode: mode, format: writing, partitions: request.partitionBy?.names ?? [])
    }
    if let table, try await table.isIgnored(on: spark, isOwn: tables.startsSpark) {
      return tellIgnored()
    }
    if mode == .ignore, try await isThere(spark) { return tellIgnored() }
    for file in files { try await file.checkIsPlain(on: spark) }
    try await tables.checkArePlain(on: spark, nil, writing.name, mode)
    for model in called {
      let function = try await spark.register(
        model.name, model.source, loaded: model.model, model.request)
      if request.verbose { StatusLine.shared.note("\(function)") }
    }
    var rows = try await spark.sql(request.query)
    if let table {
      try await table.write(rows, on: spark)
    } else if let output = request.file {
      if writing.isCSV { rows = try await rows.withNestedAsJSON() }
      try await writing.options.reduce(
        rows.write.format(writing.name).mode(mode).partitionBy(request.partitionBy?.names ?? [])
      ) { $0.option($1.key, $1.value) }.save(output)
    } else {
      // A statement such as CREATE VIEW gives none.
      if try await rows.schema().isEmpty { return }
      let text = try await rows.showString(request.limit ?? SQL.shownRows)
      return print(FittedTable.text(text, width: Terminal.output.tableWidth), terminator: "")
    }
    if !request.quiet { print("written to \(target)") }
  }

  /// Whether there is something at the output's place, which this machine or else the server sees.
  private func isThere(_ spark: SparkSession) async throws -> Bool {
    guard let output = request.file else { return false }
    return tables.isOutputSeen ? tables.isOutputThere : try await spark.hasFiles(at: output)
  }

  private var target: String { request.file ?? "the table \(request.outputTable ?? "")" }

  /// Whether there is nothing to do, which is known before Spark starts.
  var isIgnored: Bool { mode == .ignore && tables.isOutputThere }

  func tellIgnored() {
    if !request.quiet { print("nothing written: \(target) exists (--mode ignore)") }
  }
}
