public import Models
import Tensors

extension TextClassifier: TextModel {
  public var outputs: [TensorSpecification] {
    guard let topK else { return [.output("label", .string), .output("score", .float32)] }
    return [.output("labels", .string, width: topK), .output("scores", .float32, width: topK)]
  }

  public var runtime: String { encoder.model.runtime }

  func outputs(for texts: StringTensor, _ names: Set<String>) async throws -> [String: AnyTensor] {
    let scores = try await scores(of: tokenizer.rows(of: texts))
    guard let topK else {
      let best = best(of: scores)
      return [
        "label": .string(try StringTensor(best.map(\.label))),
        "score": .float32(Tensor(best.map(\.score))),
      ]
    }
    let ranked = ranked(scores, topK)
    let shape: Shape = [texts.count, topK]
    return [
      "labels": .string(try StringTensor(ranked.map(\.label), shape: shape)),
      "scores": .float32(try Tensor(ranked.map(\.score), shape: shape)),
    ]
  }

  /// The `count` best labels of each text, the best one first.
  ///
  /// - Throws: ``TextPipelineError``, or the runtime's error.
  public func classify(_ texts: [String], best count: Int) async throws -> [[Classification]] {
    guard (1...labels.count).contains(count) else {
      throw TextPipelineError(
        .invalidOption, "\(count) labels are wanted, the model has \(labels.count)", model: name)
    }
    let ranked = ranked(try await scores(of: tokenizer.rows(of: texts)), count)
    return texts.indices.map { Array(ranked[$0 * count..<($0 + 1) * count]) }
  }

  /// The `count` best labels of all rows, one row after the other.
  private func ranked(_ scores: Tensor<Float>, _ count: Int) -> [Classification] {
    let best = scores.greatest(count)
    return scores.withUnsafeBufferPointer { values in
      best.enumerated().map { place, index in
        Classification(
          label: labels[index], score: values[place / count * labels.count + index])
      }
    }
  }
}
