import ArrowIPC
import SparkTypes
import Tensors

/// Runs a model on the batches of one task.
struct ModelRun {
  let model: any Model
  let parameters: ModelPrediction.Parameters
  let argumentNames: [String]
  /// The function and the model for messages.
  let label: String

  /// The predictions of one chunk as a struct column.
  func predictions(_ chunk: BatchChunks.Chunk) async throws -> ArrowColumn {
    let type = DataType.struct(ModelPrediction.returnType(of: parameters.outputs))
    let kept = parameters.nulls == .skip ? chunk.batch.rowsWithoutNulls() : nil
    let batch = try kept.map { try chunk.batch.selecting($0) } ?? chunk.batch
    let rows = RowNumbers(start: chunk.firstRow, kept: kept)
    var column: ArrowColumn
    if batch.rowCount == 0 {
      column = .empty(try type.arrowType())
    } else {
      let outputs = try await run(batch, rows)
      column = try NamedOutputs(outputs).column(
        OutputRequest(
          type: type, rowCount: batch.rowCount, rows: rows, flattening: true, function: label))
    }
    if let kept { column = try column.scattered(to: kept, count: chunk.batch.rowCount) }
    return column
  }

  private func run(
    _ batch: RecordBatch, _ rows: RowNumbers
  ) async throws -> [(name: String, output: any PredictOutput)] {
    var tensors: [String: AnyTensor] = [:]
    let target = parameters.isBatchFixed ? parameters.batchSize : batch.rowCount
    for binding in parameters.inputs {
      let tensor = try ModelInput(
        binding: binding, batch: batch, names: argumentNames, rows: rows, parameters: parameters,
        label: label
      ).tensor()
      tensors[binding.specification.name] = try tensor.repeatingLastRow(until: target)
    }
    let names = parameters.outputs.map(\.specification.name)
    let results: [String: AnyTensor]
    do {
      results = try await model.run(tensors, outputs: names)
    } catch {
      throw InferenceError.predicting(
        error, rows: rows[0], rows[batch.rowCount - 1], function: label)
    }
    return try parameters.outputs.map { binding in
      let name = binding.specification.name
      guard let result = results[name] else {
        throw InferenceError(
          .invalidOutput, "the model did not give its output '\(name)'", function: label)
      }
      guard result.shape.rank > 0, result.rowCount == target else {
        throw InferenceError(
          .invalidOutput,
          "Prediction results must have same length as input data. The output '\(name)' has the "
            + "shape \(result.shape) for \(target) rows: its first dimension is not the batch; leave "
            + "it out, or change the model",
          function: label)
      }
      let cut = try result.firstRows(batch.rowCount)
      guard ModelPrediction.columnType(of: binding.specification).arrayElement != nil,
        cut.shape.rank == 1
      else { return (binding.column, cut) }
      return (binding.column, try cut.reshaped(to: [batch.rowCount, 1]))
    }
  }
}

/// A fixed-width tensor of whatever element type whose rows are cut and repeated; only ``Tensor``
/// conforms.
private protocol RowTensor {
  func repeatingLastRow(until count: Int) throws -> AnyTensor
  func firstRows(_ count: Int) -> AnyTensor
}

extension Tensor: RowTensor {
  fileprivate func repeatingLastRow(until count: Int) throws -> AnyTensor {
    let last = rows(rowCount - 1..<rowCount)
    let added = Array(repeating: last, count: count - rowCount)
    return AnyTensor(try Tensor.concatenating([self] + added))
  }

  fileprivate func firstRows(_ count: Int) -> AnyTensor { AnyTensor(rows(0..<count)) }
}

extension AnyTensor {
  /// The rows, the last one repeated until there are `count`.
  fileprivate func repeatingLastRow(until count: Int) throws -> AnyTensor {
    if rowCount >= count || rowCount == 0 { return self }
    guard case .string(let tensor) = self else {
      return try (fixedWidth as? any RowTensor)?.repeatingLastRow(until: count) ?? self
    }
    let strings = tensor.strings
    let last = strings.suffix(tensor.count / tensor.rowCount)
    let added = (0..<count - tensor.rowCount).flatMap { _ in last }
    return .string(try StringTensor(strings + added, shape: tensor.shape.rowShape.batched(count)))
  }

  /// The first `count` rows.
  fileprivate func firstRows(_ count: Int) throws -> AnyTensor {
    if rowCount == count { return self }
    guard case .string(let tensor) = self else {
      return (fixedWidth as? any RowTensor)?.firstRows(count) ?? self
    }
    let perRow = tensor.count / tensor.rowCount
    return .string(
      try StringTensor(
        tensor.strings.prefix(count * perRow), shape: tensor.shape.rowShape.batched(count)))
  }
}
