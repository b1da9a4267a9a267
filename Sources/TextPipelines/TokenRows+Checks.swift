extension TokenRows {
  /// Makes sure that the model has an embedding for each id; runtimes answer one that is missing
  /// with an obscure error, or read beyond the table.
  ///
  /// - Throws: ``TextPipelineError`` that names the row and the id.
  func check(vocabularySize: Int?, model: String) throws(TextPipelineError) {
    guard let vocabularySize else { return }
    guard let position = ids.firstIndex(where: { $0 < 0 || $0 >= vocabularySize }) else { return }
    let row = offsets.lastIndex { $0 <= position } ?? 0
    throw TextPipelineError(
      .vocabularyMismatch,
      "row \(row) has the token id \(ids[position]), but the model knows the ids 0 to "
        + "\(vocabularySize - 1) (vocab_size in config.json): tokenizer.json belongs to another "
        + "model. Copy both from the same place",
      model: model)
  }
}
