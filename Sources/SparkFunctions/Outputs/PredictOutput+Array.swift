public import ArrowIPC
public import SparkTypes
import Tensors

extension Array: PredictOutput where Element: Encodable {
  public func column(_ request: OutputRequest) throws -> ArrowColumn {
    try request.checkLength(count)
    if let type = Element.self as? any NumericTensorElement.Type,
      let column = try numbers(type, request)
    {
      return column
    }
    if let integers = self as? [Int] {
      return try Tensor(integers.map { Int64($0) }).column(request)
    }
    if let booleans = self as? [Bool] { return try Tensor(booleans).column(request) }
    if let strings = self as? [String] {
      return try StringTensor(strings).column(request)
    }
    if request.type == .binary, Element.self == [UInt8].self, let bytes = self as? [[UInt8]] {
      return .binary(bytes)
    }
    return try RowColumn(request).column(self)
  }

  private func numbers<Number: NumericTensorElement>(
    _: Number.Type, _ request: OutputRequest
  ) throws -> ArrowColumn? {
    guard let numbers = self as? [Number] else { return nil }
    return try Tensor(numbers).column(request)
  }

  public static func outputMismatch(with type: DataType) -> String? {
    let isPlain =
      Element.self is any TensorElement.Type || Element.self == Int.self
      || Element.self == String.self
    switch type {
    case .struct:
      return isPlain ? "an array of \(Element.self) is no list of rows" : nil
    case .array: return isPlain ? "an array of \(Element.self) has one value for each row" : nil
    default: return nil
    }
  }
}
