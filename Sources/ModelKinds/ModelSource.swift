import FoundationEssentials
import HostProcesses
import MLflow
import ModelHub
public import Models
public import SparkFunctions

/// A model that columns can be predicted with: `.onnx("model.onnx")`.
public struct ModelSource: Sendable {
  /// What is known of models like this one.
  package var kind: any ModelKind
  /// The model's file or folder on the driver, its id on a hub, or the address of its server.
  public var path: String
  /// Options of what runs it.
  public var options: [String: String]

  package init(_ kind: any ModelKind, _ path: String, _ options: [String: String?]) {
    self.kind = kind
    self.path = path
    self.options = options.compactMapValues { $0 }
  }

  /// The model at `path`, its format told from the name, or from the files of a folder; or the model of
  /// a hub that has this id: `hf:org/name[@revision]`, or a file of it, `hf:org/name/onnx/model.onnx`; or
  /// one of MLflow, `models:/name/3` (see ``mlflow(_:server:)``); or that of a server whose address it is: `kserve://HOST:PORT/MODEL`.
  ///
  /// Of a model with an id the files that describe it are fetched here, and the caller's thread waits for
  /// them; the others come when it is loaded. They go into the cache of HuggingFace's own client, and a
  /// branch means the same commit as long as the process lives.
  ///
  /// - Throws: ``NeedletailError`` if they tell none; ``HubError`` if it cannot be had from its hub, and
  ///   ``MLflowError`` from its registry.
  public init(path: String) throws { self = try ModelKinds.builtIn.source(at: path) }

  /// The format, which decides what runs the model.
  public var format: ModelFormat {
    get { kind.format }
    set { if newValue != kind.format { kind = ModelKinds.builtIn[newValue] } }
  }

  /// Loads the model in this process.
  ///
  /// - Throws: ``NeedletailError`` if there is no such file; ``HubError`` if it cannot be had from its
  ///   hub; the runtime's error if it cannot load it; ``KServeError`` if its server cannot be reached or
  ///   does not have it.
  public func load() async throws -> any Model { try await load(forPlan: false) }

  /// The model as a driver loads it to know what it takes and gives: on the CPU, whatever computes it on
  /// the executors.
  ///
  /// - Throws: as ``load()``; ``NeedletailError`` also if the option `provider` is none that is known, or
  ///   the model is not in ONNX.
  package func loadForPlan() async throws -> any Model { try await load(forPlan: true) }

  private func load(forPlan isPlanned: Bool) async throws -> any Model {
    let file = try await located()
    guard kind.isServed || FileManager.default.fileExists(atPath: file) else {
      throw NeedletailError(
        .usage,
        "there is no model \(path) (the current folder is "
          + "\(FileManager.default.currentDirectoryPath))")
    }
    let model = try await kind.loadOnDriver(reference(file), forPlan: isPlanned)
    tellContradictions(to: model)
    return model
  }

  package func reference(_ file: String) -> ModelReference {
    ModelReference(format: format, file: file, options: options, name: path)
  }

  /// What should be known of the model before it runs on a cluster, though it can be run.
  ///
  /// - Throws: the runtime's error if the model is damaged; ``HubError`` if it cannot be had from its hub.
  public func warnings() throws -> [String] {
    try kind.warnings(about: reference(try place().path))
  }

  /// Whether the model runs beside Spark's executors, and nowhere else.
  package var isOfExecutors: Bool {
    !ModelKinds.builtIn.kinds.contains { $0.format == format }
  }

  /// What to call the model if nobody gives it a name: that of its file or folder.
  package var plainName: String {
    if isOfMLflow, let reference = try? MLflowReference(path) { return reference.plainName }
    let url = URL(fileURLWithPath: (try? HubReference(path))?.plainName ?? path)
    return (isFile ? url.deletingPathExtension() : url).lastPathComponent
  }

  /// Whether the model is a file, whose name has an ending, and neither a folder nor on a server.
  package var isFile: Bool {
    if case .file? = kind.sign { true } else { false }
  }
}

extension ModelSource: Hashable {
  public static func == (left: ModelSource, right: ModelSource) -> Bool {
    left.format == right.format && left.path == right.path && left.options == right.options
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(format)
    hasher.combine(path)
    hasher.combine(options)
  }
}

// MARK: Options

extension ModelSource {
  /// The model with another option of its loader: `threads`, for ONNX `provider`, for SavedModels
  /// `signature`, and for text those that
  /// ``sentiment(_:topK:maxTokens:batchTokens:file:threads:provider:)``,
  /// ``embeddings(_:pooling:normalized:maxTokens:batchTokens:file:threads:provider:)`` and
  /// ``translation(_:prefix:task:maxLength:beams:generation:file:threads:provider:)`` take.
  ///
  /// The option `pipeline` of a HuggingFace folder says what it is used as: `text-classification`,
  /// `sentence-embeddings` or `text-generation`.
  ///
  /// - Throws: ``NeedletailError`` if models of this format have no such option.
  public func setting(_ option: String, to value: String) throws -> ModelSource {
    guard let name = kind.optionName(option) else {
      throw NeedletailError(
        .usage,
        "a model of the format \(format.rawValue) has no option '\(option)'; it has "
          + kind.optionNames.joined(separator: ", "))
    }
    return try kind.setting(name, to: value, of: self)
  }

  /// Whether models of this format have an option.
  package func hasOption(_ name: String) -> Bool { kind.optionName(name) != nil }

  /// The model with the text of an option.
  func with(_ option: String, _ value: String) -> ModelSource {
    var changed = self
    changed.options[option] = value
    return changed
  }
}
