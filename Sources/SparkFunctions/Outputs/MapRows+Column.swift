public import ArrowIPC
public import Models
public import SparkTypes

extension MapRows: PredictOutput {
  /// The type of the column.
  public static let type = DataType.map(.string, .double, valueContainsNull: true)

  public func column(_ request: OutputRequest) throws -> ArrowColumn {
    guard case .map(let key, .double, _) = request.type, key.isString else {
      throw request.mismatch("maps of strings to numbers")
    }
    try request.checkLength(rowCount)
    let rows = (0..<rowCount).map { row in
      ArrowValue.map(
        (offsets[row]..<offsets[row + 1]).map {
          (key: .string(keys[$0]), value: .float(values[$0]))
        })
    }
    return try ArrowColumn(rows, type: request.arrowType())
  }

  public static func outputMismatch(with type: DataType) -> String? {
    if case .map(let key, .double, _) = type, key.isString { return nil }
    return "maps of strings to numbers are map<string,double>, the declared type is \(type.ddl)"
  }
}
