import FoundationEssentials
import Needletail

extension Complaints {
  /// Notes whether the model of this name is there, as far as it is to be on this machine, and has its options.
  ///
  /// - Returns: the model; `nil` if it is not there, or elsewhere: what a server was asked for in vain is not
  ///   asked for again.
  mutating func noteModel(_ name: String, _ asked: PredictionOptions) -> ModelSource? {
    if ModelSource.isElsewhere(name) { return nil }
    return note {
      let source = try asked.source(name)
      guard source.isLoadedQuickly, !FileManager.default.fileExists(atPath: source.path)
      else { return source }
      throw NeedletailError(
        .usage,
        "there is no model \(source.path) (the current folder is "
          + "\(FileManager.default.currentDirectoryPath))")
    }
  }

  /// Notes whether the model can be loaded here and has what the options name, without loading what takes long.
  mutating func noteFit(
    of asked: PredictionOptions, to source: ModelSource?, named name: String
  ) async {
    if let source, asked.isAboutModel, source.isLoadedQuickly {
      await noteOptions(asked, source)
    } else {
      note { try RuntimeLibraries.check(forModelNamed: name) }
    }
  }

  /// Notes which options ask for what the model does not have, or why it cannot be loaded.
  private mutating func noteOptions(_ asked: PredictionOptions, _ source: ModelSource) async {
    let model: any Model
    do {
      model = try await source.loadForPlan()
    } catch {
      return add(error)
    }
    var asked = asked
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
      && constants.isEmpty && softmax.isEmpty && argmax.isEmpty && topK == nil && rounding.isEmpty
      && outputForms.isEmpty
      && onNull == nil)
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
    case "--round": rounding = []
    case "--output-as": outputForms = []
    case "--on-null": onNull = nil
    default:
      guard labels != nil, message.hasPrefix("labels") else { return false }
      labels = nil
    }
    return true
  }
}
