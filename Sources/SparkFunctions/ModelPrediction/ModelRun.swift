import ArrowIPC
import Models
import SparkTypes
import Tensors

/// Runs a model on the batches of one task.
struct ModelRun {
  let model: any Model
  let learned: LearnedRows
  let refusals: LearnedRefusals
  let parameters: ModelPrediction.Parameters
  let argumentNames: [String]
  /// The function and the model for messages.
  let label: String
  /// What the numbers of rows in messages count in.
  let origin: RowOrigin
  /// The partition of the table, where numbers count in it.
  let partition: Int
  /// Counts the rows that fail, if that does not end the job.
  let tally: FaultTally?
  let errors: ErrorColumn

  /// The predictions of one chunk as a struct column.
  func predictions(_ chunk: BatchChunks.Chunk) async throws -> ArrowColumn {
    let type = DataType.struct(ModelPrediction.returnType(of: parameters.outputs))
    guard let tally else {
      return try await chunk.answered(nulls: parameters.nulls, type: type) { batch, rows in
        try await predictions(batch, rows, type)
      }
    }
    let search = FaultSearch(run: self, type: type)
    var faults: [(row: Int, fault: RowFault)] = []
    let column = try await FailingRows.$areExpected.withValue(true) {
      try await chunk.answered(nulls: parameters.nulls, type: type) { batch, rows in
        let answer = try await search.answer(batch, rows)
        faults = answer.faults.map { (row: rows[$0.row], fault: $0.fault) }
        return answer.column
      }
    }
    let count = chunk.batch.rowCount
    try tally.add(faults, rows: count, of: origin)
    var texts: [ArrowColumn] = []
    if case .column = parameters.errors {
      texts.append(self.texts(faults, of: chunk) { _, fault in fault.text })
    }
    if parameters.failureColumn != nil {
      let origin = origin.numbered(by: partition)
      texts.append(
        self.texts(faults, of: chunk) { row, fault in
          RowFailures.text(of: fault, row: row, of: origin)
        })
    }
    if texts.isEmpty { return column }
    let fields = try DataType.struct(parameters.returnType).arrowType().childFields
    return try .structure(
      fields, column.type.childFields.indices.map { column.nullableField($0) } + texts,
      count: count)
  }

  /// A column with a text for each row that failed.
  private func texts(
    _ faults: [(row: Int, fault: RowFault)], of chunk: BatchChunks.Chunk,
    _ text: (Int, RowFault) -> String
  ) -> ArrowColumn {
    errors.texts(
      faults.map { (row: chunk.rows.row(numbered: $0.row), text: text($0.row, $0.fault)) },
      count: chunk.batch.rowCount)
  }

  /// The predictions of rows whose shared inputs may differ.
  func predictions(
    _ batch: RecordBatch, _ rows: RowNumbers, _ type: DataType
  ) async throws -> ArrowColumn {
    var parts: [ArrowColumn] = []
    for range in try runs(of: batch, rows) {
      let part = range.count == batch.rowCount ? batch : batch.slice(range)
      parts.append(try await joinedPredictions(part, rows.part(range), type))
    }
    return try .concatenating(parts)
  }

  /// Makes the model's inputs of rows, and lets them go again.
  ///
  /// - Throws: ``InferenceError`` that names the row of which they cannot be made.
  func read(_ batch: RecordBatch, _ rows: RowNumbers) throws {
    for (input, place) in parameters.layout.inputs.enumerated()
    where parameters.inputs[input].constant == nil {
      if place != .whole {
        _ = try tensor(input, batch, rows)
        continue
      }
      for row in 0..<batch.rowCount {
        do {
          _ = try tensor(input, batch.slice(row..<row + 1), rows.part(row..<row + 1))
        } catch var error as InferenceError {
          error.fault?.row = row
          throw error
        }
      }
    }
  }

  /// The greatest and least numbers of the rows in those inputs that they do not share; of inputs that
  /// cannot be read there are none.
  func extremes(
    _ batch: RecordBatch, _ rows: RowNumbers, of names: Set<String>? = nil
  ) -> [String: RowExtremes] {
    var found: [String: RowExtremes] = [:]
    for (input, place) in parameters.layout.inputs.enumerated() {
      let binding = parameters.inputs[input]
      let name = binding.specification.name
      if place == .whole || binding.constant != nil || names?.contains(name) == false { continue }
      found[name] = (try? tensor(input, batch, rows)).flatMap { RowExtremes($0) }
    }
    return found
  }

  /// The rows that run together: those that agree in the inputs that a run has once only.
  private func runs(of batch: RecordBatch, _ rows: RowNumbers) throws -> [Range<Int>] {
    let all = 0..<batch.rowCount
    if parameters.layout.rows == .one { return all.map { $0..<$0 + 1 } }
    let shared = parameters.inputs.indices.filter {
      parameters.layout.inputs[$0] == .whole && parameters.inputs[$0].constant == nil
    }
    if shared.isEmpty || all.count == 1 { return [all] }
    var runs: [Range<Int>] = []
    var last: [AnyTensor] = []
    for row in all {
      let values = try shared.map { input in
        try tensor(input, batch.slice(row..<row + 1), rows.part(row..<row + 1))
      }
      if let run = runs.last, zip(values, last).allSatisfy({ $0.isIdentical(to: $1) }) {
        runs[runs.count - 1] = run.lowerBound..<row + 1
      } else {
        runs.append(row..<row + 1)
      }
      last = values
    }
    return runs
  }

  private func tensor(
    _ input: Int, _ batch: RecordBatch, _ rows: RowNumbers
  ) throws -> AnyTensor {
    try ModelInput(
      binding: parameters.inputs[input], place: parameters.layout.inputs[input], batch: batch,
      names: argumentNames, rows: rows, parameters: parameters, label: label
    ).tensor()
  }

  /// The predictions of rows that run together.
  private func joinedPredictions(
    _ batch: RecordBatch, _ rows: RowNumbers, _ type: DataType
  ) async throws -> ArrowColumn {
    let count = batch.rowCount
    let tensors = try parameters.inputs.indices.map { input in
      let isWhole = parameters.layout.inputs[input] == .whole && count > 1
      return try isWhole
        ? tensor(input, batch.slice(0..<1), rows.part(0..<1)) : tensor(input, batch, rows)
    }
    let runs = RowRuns(
      model: model, layout: parameters.layout, inputs: parameters.inputs.map(\.specification),
      outputs: parameters.outputs.map(\.specification), relation: parameters.rows,
      learned: learned, label: label)
    let results: [AnyTensor]
    do {
      let vectors = parameters.outputs.indices.filter {
        parameters.outputs[$0].transform?.choice != nil
      }
      results = try await runs.run(tensors, count: count, vectors: Set(vectors))
    } catch let error as InferenceError where error.function == label {
      throw error
    } catch {
      let isTold =
        count > 1 && tally == nil && parameters.layout.rows == .any
        && !(error is CancellationError)
      let advice = isTold ? await runs.advice(tensors) : nil
      throw InferenceError.predicting(
        error, rows: rows[0], rows[count - 1], of: origin.whole, advice: advice, function: label)
    }
    let outputs = try zip(parameters.outputs, results).map { binding, result in
      (name: binding.column, output: try output(result, of: binding, rows: count))
    }
    return try NamedOutputs(outputs).column(
      OutputRequest(
        type: type, rowCount: count, rows: rows, flattening: true, function: label, form: .model))
  }
}

extension ModelRun {
  /// What the column of an output is made of.
  private func output(
    _ result: AnyTensor, of binding: ModelPrediction.OutputBinding, rows: Int
  ) throws -> any PredictOutput {
    var transform = binding.transform
    if let values = model as? ModelWithMaps {
      let name = binding.specification.name
      let numbers = transform?.rounded(result) ?? result
      if binding.isSequence { return try values.sequence(numbers, of: name) }
      if binding.isMap, transform?.choice == nil { return try values.maps(numbers, of: name) }
      if binding.isMap { transform = transform?.labelled(ClassLabels(values.keys(of: name))) }
    }
    if let transform, transform.choice != nil || transform.form != nil {
      return try transform.output(result, rows: rows, as: binding, function: label)
    }
    let numbers = transform?.rounded(result) ?? result
    guard ModelPrediction.columnType(of: binding).arrayElement != nil, numbers.shape.rank == 1
    else { return numbers }
    return try numbers.reshaped(to: [rows, 1])
  }
}

extension RowRuns {
  /// What to do about a failed run of several rows, if a run of the first one succeeds.
  func advice(_ tensors: [AnyTensor]) async -> String? {
    guard let single = try? single(tensors, 0), (try? await run(single, count: 1)) != nil else {
      return nil
    }
    return "the first row alone succeeds: give each row a run of its own with batchSize: 1 "
      + "(--batch-size 1), or smaller batches if it was too large"
  }
}
