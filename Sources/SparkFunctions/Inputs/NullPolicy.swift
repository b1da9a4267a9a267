/// What a function does with nulls in its input.
///
/// Inputs of optional elements (`[String?]`, `[Float?]`), record batches and Arrow columns see nulls
/// as they are, unless the rows are skipped.
public enum NullPolicy: Sendable, Hashable, Codable {
  /// A null is an error that names its column and row. (PySpark's `predict_batch_udf` turns nulls of
  /// numeric columns into NaN in silence: that is `.fill(.nan)`.)
  case fail
  /// Nulls become this number (in inputs of strings this text, in inputs of bytes no bytes); a null
  /// array becomes a row in which every element is the number.
  case fill(Double, text: String = "")
  /// Rows with a null in any of the function's columns, within arrays and structs too, are kept from
  /// the model; their prediction is null.
  case skip
}

/// What a function does with array columns whose rows differ in length.
public enum RaggedPolicy: Sendable, Hashable, Codable {
  /// Such a row is an error that names its column and row.
  case fail
  /// Shorter rows are filled up at their end with a number: to a length, or to that of the declared
  /// shape, or else to the longest row of the batch. A longer row is an error.
  case pad(to: Int? = nil, with: Double = 0)
}
