import Glibc
import KServeProtocol
import Tensors

/// The classification extension: instead of an output, its largest elements as text.
enum Classification {
  /// The `count` largest elements of each row as `VALUE:INDEX`, the largest first.
  ///
  /// - Throws: ``KServeError`` if the output has no numbers.
  static func labels(
    of tensor: AnyTensor, count: Int, isBatching: Bool, output: String
  ) throws(KServeError) -> StringTensor {
    let rows = isBatching ? tensor.rowCount : 1
    let columns = rows == 0 ? 0 : (tensor.shape.elementCount ?? 0) / rows
    let taken = min(count, columns)
    let texts: [String]
    switch tensor {
    case .float32(let tensor):
      texts = largest(taken, of: tensor.scalars, columns) { fixed(Double($0)) }
    case .float64(let tensor): texts = largest(taken, of: tensor.scalars, columns, fixed)
    case .int8(let tensor): texts = largest(taken, of: tensor.scalars, columns) { "\($0)" }
    case .int16(let tensor): texts = largest(taken, of: tensor.scalars, columns) { "\($0)" }
    case .int32(let tensor): texts = largest(taken, of: tensor.scalars, columns) { "\($0)" }
    case .int64(let tensor): texts = largest(taken, of: tensor.scalars, columns) { "\($0)" }
    case .uint8(let tensor): texts = largest(taken, of: tensor.scalars, columns) { "\($0)" }
    case .uint16(let tensor): texts = largest(taken, of: tensor.scalars, columns) { "\($0)" }
    case .uint32(let tensor): texts = largest(taken, of: tensor.scalars, columns) { "\($0)" }
    case .uint64(let tensor): texts = largest(taken, of: tensor.scalars, columns) { "\($0)" }
    case .bool, .bfloat16, .float16, .string:
      throw KServeError(
        .invalidArgument,
        "class result not available for output '\(output)' due to unsupported type "
          + "'\(TensorDatatype(tensor.elementType))'")
    }
    do {
      return try StringTensor(texts, shape: isBatching ? [rows, taken] : [taken])
    } catch {
      throw KServeError(
        .internal, "the classes of output '\(output)' do not fit: \(error)", cause: error)
    }
  }

  /// The `count` largest elements of each row of `columns`, the first of equal ones first.
  private static func largest<Value: Comparable>(
    _ count: Int, of values: [Value], _ columns: Int, _ text: (Value) -> String
  ) -> [String] {
    if count == 0 { return [] }
    return stride(from: 0, to: values.count, by: columns).flatMap { start in
      (start..<start + columns)
        .sorted { values[$0] > values[$1] || (values[$0] == values[$1] && $0 < $1) }
        .prefix(count).map { "\(text(values[$0])):\($0 - start)" }
    }
  }

  /// Six digits behind the point, as C prints floating-point numbers.
  private static func fixed(_ value: Double) -> String {
    // The greatest number has 309 digits before the point.
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 352) { buffer in
      guard let start = buffer.baseAddress else { return "" }
      withVaList([value]) { _ = vsnprintf(start, buffer.count, "%f", $0) }
      return String(cString: start)
    }
  }
}
