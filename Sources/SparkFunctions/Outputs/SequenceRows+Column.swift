package import ArrowIPC
package import Models
package import SparkTypes
import Tensors

extension SequenceRows: PredictOutput {
  /// An array for each row, with an array of the row's elements of each tensor.
  package func column(_ request: OutputRequest) throws -> ArrowColumn {
    guard case .array(let inner, _) = request.type, inner.arrayElement != nil else {
      throw request.mismatch("a sequence of tensors")
    }
    try request.checkLength(rowCount)
    var values = request
    values.type = inner
    let column = try self.values.column(values)
    return ArrowColumn.lists(
      of: column.children[0].lists(sizes, times: rowCount), rows: rowCount, width: sizes.count
    ).retyped(try request.arrowType())
  }

  package static func outputMismatch(with type: DataType) -> String? {
    if case .array(let inner, _) = type, inner.arrayElement != nil { return nil }
    return "a sequence of tensors is an array of arrays, the declared type is \(type.ddl)"
  }
}
