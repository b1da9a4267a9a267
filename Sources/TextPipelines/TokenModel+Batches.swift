import Tensors

extension TokenModel {
  /// Runs the model over all rows, those of like length together, and puts what `values` makes of
  /// each batch, `[rows, width]`, into the order of the rows.
  func collect(
    _ rows: TokenRows, width: Int, options: TextPipelineOptions, padding: Int64,
    outputs: [String],
    values: (_ results: [String: AnyTensor], _ mask: Tensor<Int64>, _ count: Int) throws -> Tensor<
      Float
    >
  ) async throws -> Tensor<Float> {
    // A run's fixed cost is small beside that of a quarter of a batch. Models of one length compute
    // the padding anyway.
    let batches =
      fixedLength == nil
      ? rows.batches(
        of: fixedRows ?? options.batchSize, tokens: options.batchTokens, likeness: 0.75)
      : rows.batches(of: fixedRows ?? options.batchSize)
    var parts: [Tensor<Float>] = []
    var places = [Int](repeating: 0, count: rows.count)
    var first = 0
    for batch in batches {
      try Task.checkCancellation()
      let tokens = rows.padded(
        batch, padding: padding, height: fixedRows ?? 0, width: fixedLength ?? 0)
      let results = try await run(tokens, outputs: outputs)
      parts.append(try values(results, tokens.mask, batch.count).rows(0..<batch.count))
      for (offset, row) in batch.enumerated() { places[row] = first + offset }
      first += batch.count
    }
    guard !parts.isEmpty else { return Tensor(shape: [0, width]) { _ in } }
    let all = try Tensor.concatenating(parts)
    return places == Array(0..<places.count) ? all : all.gathering(places)
  }
}
