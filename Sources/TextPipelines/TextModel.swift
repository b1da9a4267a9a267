import Models
import Tensors

/// A pipeline as a ``Model`` with one input of strings.
protocol TextModel: Model {
  var name: String { get }
  /// The outputs for texts, those called `names` at least.
  func outputs(for texts: StringTensor, _ names: Set<String>) async throws -> [String: AnyTensor]
}

extension TextModel {
  /// The input of strings.
  public var inputs: [TensorSpecification] {
    [
      TensorSpecification(
        name: "text", elementType: .string, shape: [Shape.dynamic], dimensionNames: ["batch"])
    ]
  }

  /// Pipelines run texts of like lengths together and mask what fills them up.
  public var hasIndependentRows: Bool { true }

  /// Runs the pipeline on the tensor of strings called `text`, `[rows]` or `[rows, 1]`.
  ///
  /// - Throws: ``TextPipelineError`` for another input or an unknown output; the runtime's error.
  public func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    guard inputs.count == 1, case .string(let strings)? = inputs["text"],
      strings.shape.rowShape.elementCount == 1
    else {
      let given = inputs.sorted { $0.key < $1.key }.map {
        "\($0.key): \($0.value.elementType)\($0.value.shape)"
      }
      throw TextPipelineError(
        .invalidInput,
        "the pipeline takes text: string[?]; given are "
          + (given.isEmpty ? "none" : given.joined(separator: ", ")),
        model: name)
    }
    let known = Set(outputs.map(\.name))
    let wanted = Set(outputNames ?? outputs.map(\.name))
    if let unknown = wanted.subtracting(known).min() {
      throw TextPipelineError(
        .invalidOption,
        "the pipeline has no output called \(unknown); it gives "
          + outputs.map(\.description).joined(separator: ", "),
        model: name)
    }
    return try await self.outputs(for: strings, wanted).filter { wanted.contains($0.key) }
  }
}

extension TensorSpecification {
  /// An output of a pipeline; its first dimension is the batch.
  static func output(_ name: String, _ type: ElementType, width: Int? = nil) -> Self {
    TensorSpecification(
      name: name, elementType: type, shape: Shape([Shape.dynamic] + (width.map { [$0] } ?? [])),
      dimensionNames: ["batch"] + (width == nil ? [] : [nil]))
  }
}
