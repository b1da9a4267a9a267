import FoundationEssentials
import ImagePreprocessing
import Models
import ONNXRuntime
import TensorFlowRuntime
import Tensors
import TextPipelines
import Tokenizers
import TorchRuntime

/// A loaded model with its batch.
struct Contestant: Sendable {
  private let run: @Sendable () async throws -> Void

  init(_ each: Case) async throws {
    switch each.kind {
    case "onnx":
      var options = ONNXSessionOptions()
      options.intraOpThreads = each.threads
      run = try Self.runs(try ONNXSession(path: each.model, options: options), each)
    case "torch":
      var options = TorchModelOptions()
      options.threads = each.threads
      run = try Self.runs(try TorchModel(path: each.model, options: options), each)
    case "savedModel":
      var options = SavedModelOptions()
      options.intraOpThreads = each.threads
      run = try Self.runs(try SavedModel(path: each.model, options: options), each)
    case "sentiment":
      let pipeline = try TextClassifier(path: each.model, options: Self.text(each))
      let texts = try each.texts()
      run = { _ = try await pipeline.classify(texts) }
    case "embeddings":
      let pipeline = try SentenceEmbedder(path: each.model, options: Self.text(each))
      let texts = try each.texts()
      run = { _ = try await pipeline.embed(texts) }
    case "translation":
      let pipeline = try SequenceGenerator(path: each.model, options: Self.text(each))
      let texts = try each.texts()
      run = { _ = try await pipeline.generate(texts) }
    case "tokenizer":
      var tokenizer = try Tokenizer(path: each.model)
      tokenizer.truncation = nil
      tokenizer.padding = nil
      // What a column of Spark's is on arrival.
      let texts = try StringTensor(try each.texts())
      run = { [tokenizer] in _ = try tokenizer.encodeBatch(texts) }
    case "images":
      let images = ImagePreprocessing(
        size: ImageSize(224), resampling: .bicubic,
        normalization: .init(scale: 2.0 / 255, offset: -1))
      let files = try FileManager.default.contentsOfDirectory(atPath: each.data ?? "").sorted()
        .map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(each.data ?? "")/\($0)"))) }
      run = { _ = try images.tensor(from: files) }
    default: throw Failure("there is no kind '\(each.kind)'")
    }
  }

  /// Off the main actor, to which each batch would otherwise come back.
  @concurrent func run(batches: Int) async throws {
    for _ in 0..<batches { try await run() }
  }

  private static func runs(
    _ model: any Model, _ each: Case
  ) throws -> @Sendable () async throws -> Void {
    let inputs = try Dictionary(
      uniqueKeysWithValues: each.inputs.map { ($0.name, try each.tensor($0)) })
    return { _ = try await model.run(inputs, outputs: nil) }
  }

  private static func text(_ each: Case) -> TextPipelineOptions {
    TextPipelineOptions(threads: each.threads)
  }
}
