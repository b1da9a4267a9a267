import Models
import Tensors

/// What the stub makes of a problem.
struct StubError: Error {
  var problem: SignatureProblem
}

/// A runtime whose answers, one for each output, a closure gives.
struct StubRuntime: InProcessModel {
  let modelSignature: ModelSignature
  var runtime: String { "stub" }
  var answer: @Sendable ([AnyTensor]) throws -> [AnyTensor]

  var inputs: [TensorSpecification] { modelSignature.inputs }
  var outputs: [TensorSpecification] { modelSignature.outputs }

  init(
    _ signature: ModelSignature, answer: @escaping @Sendable ([AnyTensor]) throws -> [AnyTensor]
  ) {
    modelSignature = signature
    self.answer = answer
  }

  func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    let positions = try positions(ofOutputs: outputNames)
    return named(try run(ordered(inputs), at: positions), positions)
  }

  func run(_ inputs: [AnyTensor], at positions: [Int]) throws -> [AnyTensor] {
    try check(inputs)
    let results = try answer(inputs)
    return positions.map { results[$0] }
  }

  func failure(_ problem: SignatureProblem) -> any Error { StubError(problem: problem) }
}
