import ArrowIPC
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Stands for a session of a runtime, which this module does not know.
private struct Session {
  init(path: String) throws {}
  func run(_ pixels: Tensor<Float>) throws -> Tensor<Float> {
    Tensor(shape: [pixels.rowCount, 2]) { output in
      for row in 0..<pixels.rowCount {
        output.initializeElement(at: row * 2, to: pixels[row, 0])
        output.initializeElement(at: row * 2 + 1, to: pixels[row, 63])
      }
    }
  }
}

private let mnist = PredictBatchUDF(
  "mnist", returning: .array(.float), batchSize: 1024, inputTensorShapes: [[64]]
) { worker in
  let model = try Session(path: worker.file("digits.onnx"))
  return { (pixels: Tensor<Float>) -> Tensor<Float> in
    try model.run(pixels)
  }
}

@Suite struct ProgramOfTheIssueTests {
  @Test func predicts() async throws {
    let functions: [any UserDefinedFunction] = [mnist]
    #expect(functions[0].kind == .column)
    let values = ArrowColumn(Tensor((0..<128).map { Float($0) }))
    let batch = try RecordBatch([("pixels", .lists(of: values, rows: 2, width: 64))])
    let column = try await mnist.predictLocally(on: [batch])
    #expect(column.values == [.list([.float(0), .float(63)]), .list([.float(64), .float(127)])])
  }
}
