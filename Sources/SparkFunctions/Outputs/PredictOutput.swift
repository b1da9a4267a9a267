public import ArrowIPC
public import SparkTypes

/// A type that a predict function returns: the results of one batch.
///
/// | declared type | types |
/// |---|---|
/// | number, boolean | `Tensor` of shape `[rows]` or `[rows, 1]`, `[Float]`, `[Float?]`, `[Bool]` … |
/// | string | `[String]`, `[String?]`, `StringTensor` |
/// | binary | `[[UInt8]]`, `[[UInt8]?]` |
/// | array | `Tensor` or `StringTensor` of shape `[rows, n]`, `[[Float]]` (any lengths) |
/// | struct | ``NamedOutputs`` (one entry for each field), or an array of an `Encodable` struct or dictionary (one for each row) |
/// | any | `ArrowColumn`; `RecordBatch` for structs |
///
/// Numbers are cast to the declared type: exactly to integers, a fraction or a number out of range is
/// an error; to the nearest number of float and double, infinity beyond their range. A tensor that has
/// the declared type already is not copied.
public protocol PredictOutput: SendableMetatype {
  /// The results as a column.
  ///
  /// - Throws: ``InferenceError`` that says what does not fit, and in which row.
  func column(_ request: OutputRequest) throws -> ArrowColumn

  /// Why results of this type can never become a column of `type`, or `nil` if they can.
  static func outputMismatch(with type: DataType) -> String?

  /// Whether any type that Arrow has may be declared.
  static var isRaw: Bool { get }
}

extension PredictOutput {
  public static func outputMismatch(with type: DataType) -> String? { nil }
  public static var isRaw: Bool { false }
}

extension ArrowColumn: PredictOutput {
  public static var isRaw: Bool { true }

  public func column(_ request: OutputRequest) throws -> ArrowColumn {
    try request.checkLength(count)
    let wanted = try request.arrowType()
    guard type.isExchangeable(with: wanted) else {
      throw request.failure("a column of \(type) was returned, the declared type is \(wanted)")
    }
    let column: ArrowColumn
    do {
      column = try relaid(as: wanted)
    } catch {
      throw request.failure("\(error)", cause: error)
    }
    if let (row, name) = column.undeclaredNull(ArrowField("result", wanted)) {
      throw request.failure("\(name) is null, but it is declared without nulls", row: row)
    }
    return column
  }
}

extension RecordBatch: PredictOutput {
  public static var isRaw: Bool { true }

  public func column(_ request: OutputRequest) throws -> ArrowColumn {
    guard case .struct(let fields) = request.type else { throw request.mismatch("RecordBatch") }
    try request.checkLength(rowCount)
    return try NamedOutputs(
      zip(schema.fields, columns).map { ($0.name, $1) }
    ).structure(fields, request)
  }
}
