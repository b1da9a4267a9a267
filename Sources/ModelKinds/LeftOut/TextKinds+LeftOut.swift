#if !Text
import FoundationEssentials
import Models
import SparkFunctions

/// A kind of pipeline of text, in programs without the trait Text.
protocol LeftOutTextKind: LeftOutKind {}

extension LeftOutTextKind {
  var trait: PackageTrait { .text }
  var models: String { "the pipelines of text in HuggingFace's folders" }

  /// Which of the pipelines it is does not matter: the last kind of the list answers for all.
  func isOne(_ path: String) -> Bool { false }
}

struct SentenceEmbeddingsKind: LeftOutTextKind {
  var format: ModelFormat { ModelFormat(rawValue: "sentence-embeddings") }
}

struct TextClassificationKind: LeftOutTextKind {
  var format: ModelFormat { ModelFormat(rawValue: "text-classification") }
}

struct TextGenerationKind: LeftOutTextKind {
  var format: ModelFormat { ModelFormat(rawValue: "text-generation") }
}

struct TextFolderKind: LeftOutTextKind {
  var format: ModelFormat { ModelFormat(rawValue: "text-folder") }

  func isOne(_ path: String) -> Bool {
    ["config.json", "modules.json"].contains {
      FileManager.default.fileExists(atPath: "\(path)/\($0)")
    }
  }
}

extension ModelSource {
  /// A text classifier in a folder of HuggingFace's, which this build of Needletail leaves out.
  @available(
    *, unavailable,
    message: "add the trait \"Text\" where Package.swift names the package needletail"
  )
  public static func sentiment(
    _ folder: String, topK: Int? = nil, maxTokens: Int? = nil, batchTokens: Int? = nil,
    file: String? = nil, threads: Int = 1, provider: Provider = .cpu
  ) -> ModelSource { fatalError("unavailable") }

  /// An encoder of sentences, which this build of Needletail leaves out.
  @available(
    *, unavailable,
    message: "add the trait \"Text\" where Package.swift names the package needletail"
  )
  public static func embeddings(
    _ folder: String, normalized: Bool? = nil, maxTokens: Int? = nil, batchTokens: Int? = nil,
    file: String? = nil, threads: Int = 1, provider: Provider = .cpu
  ) -> ModelSource { fatalError("unavailable") }

  /// An encoder and decoder of text, which this build of Needletail leaves out.
  @available(
    *, unavailable,
    message: "add the trait \"Text\" where Package.swift names the package needletail"
  )
  public static func translation(
    _ folder: String, prefix: String? = nil, task: String? = nil, maxLength: Int? = nil,
    beams: Int? = nil, file: String? = nil, threads: Int = 1, provider: Provider = .cpu
  ) -> ModelSource { fatalError("unavailable") }
}
#endif
