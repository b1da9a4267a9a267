import Foundation
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
    do {
      source = try request.options.applied(to: ModelSource(path: request.model), request.headers)
    } catch let error as HubError {
      throw CommandFailure(error)
    } catch {
      throw CommandFailure("\(error)", cause: error)
    }
    settings = try Self.once(request.conf, "--conf")
    kept = try request.keep.map { $0.isEmpty ? [] : try ColumnList($0, option: "--keep").names }

    tables = TablePlaces(
      input: request.input, output: request.output,
      // Without Spark its server does not matter.
      remote: request.engine == .local ? "" : request.remote)
    mode = try tables.check(mode: request.isResumed ? .append : request.mode)
    if request.isResumed { try tables.checkResume() }
    if let file = request.metrics { try RunMetrics.check(file) }
    var reading = try Self.with(
      request.inputOption, "--input-option",
      try request.inputFormat.map { try TableFormat(named: $0, option: "--input-format") }
        ?? TableFormat.reading(request.input, on: tables.localInput))
    writing = try Self.with(
      request.outputOption, "--output-option",
      try request.outputFormat.map { try TableFormat(named: $0, option: "--output-format") }
        ?? TableFormat.writing(request.output))
    if let file = tables.localInput { try reading.checkHeader(of: file) }
    if reading.isCSV, reading.option("inferSchema") == nil {
      reading.options["inferSchema"] = "true"
    }
    self.reading = reading

    engine = Self.choice(request, source, reading, writing, tables, settings).engine
    if case .refused(let reason) = engine { throw CommandFailure(reason) }
    let start = ContinuousClock.now
    // What runs here is loaded as it runs; executors load the model themselves.
    model = try await engine == .local ? source.load() : source.loadForPlan()
    loadSeconds = (ContinuousClock.now - start) / .seconds(1)
    let names = TensorNames(of: model)
    let inputs = request.mappings.reduce(into: [String: InputColumns]()) { inputs, mapping in
      let input = names.input(mapping.input)
      inputs[input] = InputColumns((inputs[input]?.names ?? []) + mapping.columns)
    }
    let outputs = try Self.once(
      request.outputMappings.map { NamedValue(name: names.output($0.name), value: $0.value) },
      "--output-map")
    try Self.check(inputs.keys, among: model.inputs, "--map", "input")
    let only = try Self.wanted(request.outputs, of: model)?.map { names.output($0) }
    try Self.check(outputs.keys, amongOutputsOf: model, "--output-map")
    try Self.check(only ?? [], amongOutputsOf: model, "--outputs")
    if let only, let name = outputs.keys.sorted().first(where: { !only.contains($0) }) {
      throw CommandFailure(
        "--output-map names the output '\(name)', which is not among those of --outputs: "
          + only.joined(separator: ", "))
    }
    let shapes = try Self.named(
      request.shapes.map { (names.input($0.input), $0.shape) }, "--shape")
    try Self.check(shapes.keys, among: model.inputs, "--shape", "input")
    let values = try Self.named(
      request.constants.map { (names.input($0.input), $0) }, "--constant")
    try Self.check(values.keys, among: model.inputs, "--constant", "input")
    var constants: [String: InputConstant] = [:]
    for input in model.inputs {
      constants[input.name] = values[input.name]?.value(for: input.elementType)
    }
    if let name = constants.keys.sorted().first(where: { inputs[$0] != nil }) {
      throw CommandFailure(
        "--map and --constant name the same input '\(name)'; take one of them away")
    }
    prediction = PredictionRequest(
      inputs: inputs, outputs: outputs, only: only, batchSize: request.batchSize,
      batch: request.batchDimension, rows: request.rows,
      nulls: try request.onNull?.policy(for: model.inputs) ?? .fail,
      ragged: request.onRagged ?? .fail, errors: request.onError ?? .fail,
      maxErrors: request.maxErrors,
      transforms: try Self.transforms(request, only, of: model), shapes: shapes,
      constants: constants)
  }

  private static func choice(
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
    if request.taskCpus != nil { choice.sparkOptions.append("--task-cpus") }
    if request.taskGpus != nil { choice.sparkOptions.append("--task-gpus") }
    if request.scan == .native { choice.sparkOptions.append("--scan native") }
    choice.settings = Array(settings.keys)
    choice.reading = reading.name
    choice.writing = writing.name
    choice.hadoopPath = tables.hadoopPath
    choice.isModelOfExecutors = source.isOfExecutors
    choice.missingLibrary = { EngineChoice.missingFileLibrary() }
    return choice
  }

  /// The outputs that the lists name; a name of the model's may have a comma. `nil` for no list.
  private static func wanted(_ lists: [String], of model: any Model) throws -> [String]? {
    if lists.isEmpty { return nil }
    let known = model.outputs.map(\.name) + model.mapOutputs
    return try lists.flatMap { list in
      known.contains(list) ? [list] : try ColumnList(list, option: "--outputs").names
    }
  }

  /// Makes sure that the model gives the outputs called `names`.
  static func check(
    _ names: some Sequence<String>, amongOutputsOf model: any Model, _ option: String
  ) throws {
    for name in names {
      if let output = model.omittedOutputs.first(where: { $0.name == name }) {
        throw CommandFailure("\(option) names an output that cannot be given: \(output)")
      }
    }
    try check(
      names.filter { !model.mapOutputs.contains($0) }, among: model.outputs, option, "output")
  }

  /// `format` with the options that the user gave, which go before its own.
  private static func with(
    _ options: [NamedValue], _ option: String, _ format: TableFormat
  ) throws -> TableFormat {
    var format = format
    for (name, value) in try once(options, option) {
      for known in format.options.keys where known.lowercased() == name.lowercased() {
        format.options[known] = nil
      }
      format.options[name] = value
      if name.lowercased() == "header" { format.assumesHeader = false }
    }
    return format
  }

  /// The pairs as a dictionary, in which a name may stand once.
  private static func once(
    _ values: [NamedValue], _ option: String
  ) throws -> [String: String] {
    var result: [String: String] = [:]
    for given in values {
      if let before = result.updateValue(given.value, forKey: given.name) {
        throw CommandFailure.twice("\(option) \(given.name)", before, given.value)
      }
    }
    return result
  }

  /// The same of what is said of inputs.
  private static func named<Value>(
    _ pairs: [(String, Value)], _ option: String
  ) throws -> [String: Value] {
    var result: [String: Value] = [:]
    for (name, value) in pairs {
      if result.updateValue(value, forKey: name) != nil {
        throw CommandFailure("\(option) \(name) is given twice; give it once")
      }
    }
    return result
  }

  private static func check(
    _ names: some Sequence<String>, among known: [TensorSpecification], _ option: String,
    _ kind: String
  ) throws {
    for name in names.sorted() where !known.contains(where: { $0.name == name }) {
      let message =
        "\(option) names the \(kind) '\(name)', which the model does not have; its \(kind)s are "
        + known.map(\.description).joined(separator: ", ")
      // The other options name one at a time.
      let advice =
        option == "--outputs"
        ? ColumnList.advice(behind: message, about: name, among: known.map(\.name)) {
          "\(option) '\($0)'"
        } : ""
      throw CommandFailure(message + advice)
    }
  }
}
