public import Models
import Tensors

extension SentenceEmbedder: TextModel {
  public var outputs: [TensorSpecification] {
    [.output("embedding", .float32, width: dimensions ?? Shape.dynamic)]
  }

  public var runtime: String { encoder.model.runtime }

  func outputs(for texts: StringTensor, _ names: Set<String>) async throws -> [String: AnyTensor] {
    ["embedding": .float32(try await embed(texts))]
  }
}
