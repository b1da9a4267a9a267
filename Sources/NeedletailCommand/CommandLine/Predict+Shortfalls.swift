import FoundationEssentials
import Needletail

extension Predict {
  /// What `body` gives, or all that is wrong with this command line and this machine, if anything is.
  func checked<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch {
      throw await shortfalls().joined(behind: error)
    }
  }

  /// Makes sure that Spark can be started here, where that is what will be.
  ///
  /// - Throws: what of Spark and Java is missing.
  func checkLocalSpark() throws {
    var complaints = Complaints()
    complaints.noteLocalSpark(remote: remote)
    try complaints.check()
  }

  /// All that is wrong, as far as it can be known without computing anything. A command that can be done
  /// is not asked for it.
  func shortfalls() async -> Complaints {
    var complaints = Complaints()
    // What a server was asked for in vain is not asked for again.
    let source =
      ModelSource.isElsewhere(model)
      ? nil : complaints.note { try existing(try asked.source(model)) }
    complaints.note { try asked.columnNames }
    let settings = complaints.note { try conf.once("--conf") } ?? [:]
    complaints.note { try keep.map { try ColumnList($0, option: "--keep") } }
    if let metrics { complaints.note { try RunMetrics.check(metrics) } }

    let tables = TablePlaces(
      input: places.input, output: places.output, remote: engine == .local ? "" : remote)
    let isInputThere = complaints.note { try tables.checkInput() } != nil
    complaints.note { try tables.checkOutput(mode: isResumed ? .append : mode) }
    if isResumed { complaints.note { try tables.checkResume() } }
    let reading = complaints.note {
      let format = try TableFormat.reading(
        places, inputFormat, on: isInputThere ? tables.localInput : nil)
      let whole = try PredictionJob.with(inputOption, "--input-option", format)
      if isInputThere, let file = tables.localInput { try whole.checkHeader(of: file) }
      return whole
    }
    let writing = complaints.note {
      try PredictionJob.with(
        outputOption, "--output-option", try TableFormat.writing(places, outputFormat))
    }
    complaints.note { try SparkJars.check(places.jar) }
    if let source, asked.isAboutModel, source.isLoadedQuickly {
      await complaints.noteOptions(of: self, source)
    } else {
      complaints.note { try RuntimeLibraries.check(forModelNamed: model) }
    }
    guard let reading, let writing else { return complaints }
    let choice = PredictionJob.choice(
      self, source ?? ModelSource.onnx(model), reading, writing, tables, settings)
    switch choice.engine {
    case .local: break
    case .refused(let reason): complaints.add(CommandFailure(reason))
    case .spark(let reason):
      let before = complaints.errors.count
      complaints.noteLocalSpark(remote: remote)
      if let reason, complaints.errors.count > before {
        complaints.add(CommandFailure("Spark is needed here: \(reason.prefix { $0 != "\n" })"))
      }
    }
    return complaints
  }

  /// `source`, if its files are there, as far as they are to be on this machine.
  private func existing(_ source: ModelSource) throws -> ModelSource {
    guard source.isLoadedQuickly, !FileManager.default.fileExists(atPath: source.path)
    else { return source }
    throw NeedletailError(
      .usage,
      "there is no model \(source.path) (the current folder is "
        + "\(FileManager.default.currentDirectoryPath))")
  }
}

extension Complaints {
  /// Notes what of Spark and Java is missing on this machine, unless a server is named.
  mutating func noteLocalSpark(remote: String?) {
    guard SparkServer.isStartedHere(remote) else { return }
    let environment = ProcessInfo.processInfo.environment
    note { try SparkInstallation.findHome(environment) }
    note { try SparkInstallation.findJava(environment) }
  }

  /// Notes which options ask for what the model does not have, or why it cannot be loaded.
  fileprivate mutating func noteOptions(of command: Predict, _ source: ModelSource) async {
    let model: any Model
    do {
      model = try await source.loadForPlan()
    } catch {
      return add(error)
    }
    var asked = command.asked
    // An option that is wrong is taken away, and the rest looked at again.
    for _ in 0..<10 {
      do {
        _ = try asked.request(of: model)
        return
      } catch {
        add(error)
        guard asked.drop(optionIn: "\(error)") else { return }
      }
    }
  }
}

extension ModelSource {
  /// Whether the model is here, so that nobody waits long for what it takes and gives.
  fileprivate var isLoadedQuickly: Bool {
    !kind.isServed && !Self.isElsewhere(path)
  }

  /// Whether `hf:`, `kserve:`, `models:` or the like stands before the name.
  fileprivate static func isElsewhere(_ name: String) -> Bool {
    name.prefix { $0 != "/" }.contains(":")
  }
}

extension PredictionOptions {
  /// Whether an option names something of the model's.
  fileprivate var isAboutModel: Bool {
    !(mappings.isEmpty && outputMappings.isEmpty && outputs.isEmpty && shapes.isEmpty
      && constants.isEmpty && softmax.isEmpty && argmax.isEmpty && topK == nil && onNull == nil)
  }

  /// Takes the option away that a message begins with, or is about.
  fileprivate mutating func drop(optionIn message: String) -> Bool {
    let name = message.split(separator: " ").first { $0.hasPrefix("--") }
    switch name {
    case "--map": mappings = []
    case "--output-map": outputMappings = []
    case "--outputs": outputs = []
    case "--shape": shapes = []
    case "--constant": constants = []
    case "--softmax": softmax = []
    case "--argmax": argmax = []
    case "--top-k": topK = nil
    case "--on-null": onNull = nil
    default:
      guard labels != nil, message.hasPrefix("labels") else { return false }
      labels = nil
    }
    return true
  }
}
