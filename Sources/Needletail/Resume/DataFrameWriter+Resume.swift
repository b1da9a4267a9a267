public import SparkConnect

extension DataFrameWriter {
  /// Goes on with what an earlier run wrote before it broke off, and lets a later one go on with this:
  /// rows whose key is in the output are skipped, the others are predicted and appended in parts, each of
  /// which stays once it is whole.
  ///
  /// ```swift
  /// try await images.predicting(.onnx("model.onnx")).write.resume(key: "id").parquet("predictions")
  /// ```
  ///
  /// The output is a folder of Parquet, ORC, Avro or JSON lines. A file in it (`_needletail`) tells the
  /// model's SHA-256, its revision and options, and the program's version: with another model, or another
  /// question to it, the run is refused. Rows that failed (`errors: .column`) are done again. A
  /// `LocalTable` writes the same: each of the two goes on with what the other has begun.
  ///
  /// The table is one that `predicting` gives, or functions of the program, and what is computed behind
  /// that of each row by itself: `select`, `withColumn`, `filter`. Limits, joins and groups belong in front
  /// of it, or to the output.
  ///
  /// - Parameters:
  ///   - key: the columns that tell rows apart: whole numbers, decimals, texts, bytes, dates, times. A null
  ///     and a key that two rows have are errors.
  ///   - restarting: removes the rows that are there and begins anew.
  ///   - partRows: about how many rows a part has, which is a write of its own for which the table is read
  ///     again; `nil` for a tenth of those that are missing. Those of a part that is not whole are lost when
  ///     the process is killed.
  public func resume(
    key: String..., restarting: Bool = false, partRows: Int? = nil
  ) -> ResumingWriter {
    resume(key: key, restarting: restarting, partRows: partRows)
  }

  /// The same with a list of columns.
  public func resume(
    key: [String], restarting: Bool = false, partRows: Int? = nil
  ) -> ResumingWriter {
    ResumingWriter(
      writer: self, key: key, isRestarted: restarting, partRows: partRows.map { max($0, 1) })
  }
}
