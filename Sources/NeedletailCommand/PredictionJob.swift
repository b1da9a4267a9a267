import FoundationEssentials
import Needletail

/// A prediction as the command line asks for it, after all that can be checked before it begins.
struct PredictionJob: Sendable {
  let source: ModelSource
  let model: any Model
  let loadSeconds: Double
  let request: Predict
  /// What is asked of the model.
  let prediction: PredictionRequest
  let kept: [String]?
  let reading: TableFormat
  let writing: TableFormat
  let mode: SaveMode
  let tables: TablePlaces
  /// Settings of the session.
  let settings: [String: String]
  /// What computes it.
  let engine: EngineChoice.Engine

  /// Checks the options, the paths on this machine and the model, which it loads.
  ///
  /// - Throws: ``CommandFailure``, and what the model's runtime throws.
  init(_ request: Predict) async throws {
    self.request = request
    source = try request.asked.source(request.model)
    _ = try request.asked.columnNames
    settings = try request.conf.once("--conf")
    kept = try request.keep.map { $0.isEmpty ? [] : try ColumnList($0, option: "--keep").names }

    tables = TablePlaces(
      input: request.places.input, output: request.places.output,
      // Without Spark its server does not matter.
      remote: request.engine == .local ? "" : request.remote)
    mode = try tables.check(mode: request.isResumed ? .append : request.writes.mode)
    if request.isResumed { try tables.checkResume() }
    try tables.checkInputIsPlain(request.reads.inputFormat ?? request.places.format)
    try tables.checkOutputIsPlain(request.writes.outputFormat ?? request.places.format, mode)
    if let file = request.metrics { try RunMetrics.check(file) }
    var reading = try Self.with(
      request.reads.inputOption, "--input-option",
      try TableFormat.reading(request.places, request.reads.inputFormat, on: tables.localInput))
    writing = try Self.with(
      request.writes.outputOption, "--output-option",
      try TableFormat.writing(request.places, request.writes.outputFormat))
    try SparkJars.check(request.places.jar)
    if let file = tables.localInput { try reading.checkHeader(of: file) }
    if reading.isCSV, reading.option("inferSchema") == nil {
      reading.options["inferSchema"] = "true"
    }
    self.reading = reading

    engine = Self.choice(request, source, reading, writing, tables, settings).engine
    if case .refused(let reason) = engine { throw CommandFailure(reason) }
    let start = ContinuousClock.now
    // What runs here is loaded as it runs; executors load the model themselves.
    let (named, isLocal) = (self.source, engine == .local)
    model = try await Activity.during("loading \(request.model)") {
      try await isLocal ? named.load() : named.loadForPlan()
    }
    loadSeconds = (ContinuousClock.now - start) / .seconds(1)
    prediction = try request.asked.request(of: model)
  }

  /// What a Spark that is started for the job is told as it starts.
  var startSettings: [String: String] {
    SparkJars.startSettings(
      settings, jars: request.places.jar, formats: [reading.name, writing.name])
  }

  static func choice(
    _ request: Predict, _ source: ModelSource, _ reading: TableFormat, _ writing: TableFormat,
    _ tables: TablePlaces, _ settings: [String: String]
  ) -> EngineChoice {
    var choice = EngineChoice()
    choice.wish = request.engine
    let environment = ProcessInfo.processInfo.environment
    choice.hasRemote = request.remote?.isEmpty == false
    choice.variable = ["SPARK_REMOTE", "NEEDLETAIL_MASTER"].first {
      environment[$0]?.isEmpty == false
    }
    choice.tableOptions = request.places.ofSpark
    if request.taskCpus != nil { choice.sparkOptions.append("--task-cpus") }
    if request.taskGpus != nil { choice.sparkOptions.append("--task-gpus") }
    if request.scan == .native { choice.sparkOptions.append("--scan native") }
    if let mode = request.executionMode, mode != .auto {
      choice.sparkOptions.append("--execution-mode \(mode.rawValue)")
    }
    choice.settings = Array(settings.keys)
    choice.reading = reading.name
    choice.writing = writing.name
    choice.hadoopPath = tables.hadoopPath
    choice.isModelOfExecutors = source.isOfExecutors
    choice.missingLibrary = { EngineChoice.missingFileLibrary() }
    return choice
  }

  /// `format` with the options that the user gave, which go before its own.
  static func with(
    _ options: [NamedValue], _ option: String, _ format: TableFormat
  ) throws -> TableFormat {
    var format = format
    for (name, value) in try options.once(option) {
      for known in format.options.keys where known.lowercased() == name.lowercased() {
        format.options[known] = nil
      }
      format.options[name] = value
      if name.lowercased() == "header" { format.assumesHeader = false }
    }
    return format
  }
}
