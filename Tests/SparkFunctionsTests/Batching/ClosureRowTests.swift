import ArrowIPC
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Closures around models that drop dimensions of size 1: the last batch of one row too.
@Suite struct ClosureRowTests {
  private static func dropping(_ shape: Shape) -> Shape { Shape(shape.filter { $0 != 1 }) }

  @Test(arguments: 1...4) func scalarsOfOneRow(size: Int) async throws {
    let function = PredictBatchUDF("scalar", returning: .float, batchSize: size) { _ in
      { (x: Tensor<Float>) -> Tensor<Float> in try x.reshaped(to: Self.dropping(x.shape)) }
    }
    let result = try await function.predictLocally(on: [
      Columns.batch(("x", Columns.floats([1, 2, 3])))
    ])
    #expect(result.values == [.float(1), .float(2), .float(3)])
  }

  @Test(arguments: 1...4) func arraysOfOneRow(size: Int) async throws {
    let function = PredictBatchUDF(
      "array", returning: .array(.float), batchSize: size, inputTensorShapes: [[2]]
    ) { _ in { (x: Tensor<Float>) -> Tensor<Float> in try x.reshaped(to: Self.dropping(x.shape)) } }
    let result = try await function.predictLocally(on: [
      Columns.batch(("x", Columns.ascending(rows: 3, width: 2)))
    ])
    #expect(result.values == Columns.ascending(rows: 3, width: 2).values)
  }

  @Test(arguments: 1...4) func fieldsOfOneRow(size: Int) async throws {
    let function = PredictBatchUDF(
      "fields", returning: .struct(["y": .float, "z": .array(.float), "s": .string]),
      batchSize: size
    ) { _ in
      { (x: Tensor<Float>) -> NamedOutputs in
        let shape = Self.dropping(x.shape)
        let pairs = x.scalars.flatMap { [$0, -$0] }
        return [
          "y": try x.reshaped(to: shape),
          "z": try Tensor(pairs, shape: Shape(shape + [2])),
          "s": try StringTensor(x.scalars.map { "\($0)" }, shape: shape),
        ]
      }
    }
    let result = try await function.predictLocally(on: [
      Columns.batch(("x", Columns.floats([1, 2, 3])))
    ])
    for (index, value) in result.values.enumerated() {
      let x = Double(index + 1)
      let pair: [ArrowValue] = [.float(x), .float(-x)]
      #expect(value == .structure([.float(x), .list(pair), .string("\(Float(x))")]))
    }
    #expect(result.count == 3)
  }

  @Test func otherNumbersOfRowsStayErrors() async throws {
    for shape: Shape in [[2], [2, 1], [1, 2]] {
      let function = PredictBatchUDF("other", returning: .float, batchSize: 4) { _ in
        { (x: Tensor<Float>) -> Tensor<Float> in Tensor(repeating: 0, shape: shape) }
      }
      let text = await message {
        _ = try await function.predictLocally(on: [Columns.batch(("x", Columns.floats([1])))])
      }
      #expect(text.contains("INVALID_OUTPUT"), "\(text)")
    }
  }
}
