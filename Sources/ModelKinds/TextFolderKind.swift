#if Text
import HostProcesses
import Models
public import SparkFunctions

extension ModelFormat {
  /// A folder of HuggingFace's whose files do not tell the pipeline: the option `pipeline` has to.
  public static let textFolder = ModelFormat(rawValue: "text-folder")
}

/// Folders of HuggingFace's that become one of the pipelines by the option `pipeline`.
struct TextFolderKind: ModelKind {
  /// What such a folder can be used as.
  static let pipelines: [any TextKind] = [
    TextClassificationKind(), SentenceEmbeddingsKind(), TextGenerationKind(),
  ]

  /// Those of all pipelines: nothing is loaded before one is chosen.
  struct Options: ModelOptions {
    static let names: [String] = TextFolderKind.pipelines.reduce([]) { names, pipeline in
      names + pipeline.optionNames.filter { !names.contains($0) }
    }

    init(_ values: OptionValues) throws {}
  }

  var format: ModelFormat { .textFolder }
  var sign: ModelSign? { .folder("config.json (HuggingFace)") }

  func source(at path: String) throws -> ModelSource? {
    TextConfiguration.exists(in: path) ? ModelSource(self, path, ["threads": "1"]) : nil
  }

  /// Nothing is run before a pipeline is chosen.
  func networks(in folder: ListedFolder, _ options: [String: String]) throws -> [String] { [] }

  func setting(
    _ option: String, to value: String, of source: ModelSource
  ) throws -> ModelSource {
    option == "pipeline" ? try source.used(as: value) : source.with(option, value)
  }

  func load(_ model: PlacedModel<Options>) async throws -> any Model {
    let file = "\(model.path)/config.json"
    let architectures = try TextConfiguration(folder: model.path).architectures ?? []
    let names = architectures.isEmpty ? "no architectures" : architectures.joined(separator: ", ")
    throw NeedletailError(
      .usage,
      "\(file) names \(names), which does not tell what to use the folder for "
        + "(...ForSequenceClassification does, or ...ForConditionalGeneration, or modules.json). Say "
        + "it: --option pipeline=text-classification, sentence-embeddings or text-generation for the "
        + "command, .sentiment(folder), .embeddings(folder) or .translation(folder) in Swift")
  }
}

extension ModelSource {
  /// The folder as the pipeline of a name: its own, that of the function that makes it, or
  /// HuggingFace's.
  ///
  /// - Throws: ``NeedletailError`` if there is none, or it lacks one of the options.
  func used(as pipeline: String) throws -> ModelSource {
    let kinds = TextFolderKind.pipelines
    let found = kinds.first {
      $0.format.rawValue == pipeline || $0.otherNames.contains(pipeline)
    }
    guard let found else {
      let known = kinds.map { $0.format.rawValue }.joined(separator: ", ")
      throw NeedletailError(.usage, "pipeline is '\(pipeline)', it must be one of \(known)")
    }
    let names = found.optionNames
    if let option = options.keys.sorted().first(where: { !names.contains($0) }) {
      throw NeedletailError(
        .usage,
        "the pipeline \(pipeline) has no option '\(option)'; it has "
          + names.joined(separator: ", "))
    }
    var changed = self
    changed.kind = found
    return changed
  }
}
#endif
