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
    let values: [Double]
    switch tensor {
    case .float32(let tensor): values = tensor.scalars.map(Double.init)
    case .float64(let tensor): values = tensor.scalars
    case .int8(let tensor): values = tensor.scalars.map(Double.init)
    case .int16(let tensor): values = tensor.scalars.map(Double.init)
    case .int32(let tensor): values = tensor.scalars.map(Double.init)
    case .int64(let tensor): values = tensor.scalars.map(Double.init)
    case .uint8(let tensor): values = tensor.scalars.map(Double.init)
    case .uint16(let tensor): values = tensor.scalars.map(Double.init)
    case .uint32(let tensor): values = tensor.scalars.map(Double.init)
    case .uint64(let tensor): values = tensor.scalars.map(Double.init)
    case .bool, .bfloat16, .float16, .string:
      throw KServeError(
        .invalidArgument,
        "class result not available for output '\(output)' due to unsupported type "
          + "'\(TensorDatatype(tensor.elementType))'")
    }
    let rows = isBatching ? tensor.rowCount : 1
    let columns = rows == 0 ? 0 : values.count / rows
    let taken = min(count, columns)
    var texts: [String] = []
    texts.reserveCapacity(rows * taken)
    let isFloating = tensor.elementType.isFloatingPoint
    for row in 0..<rows {
      let part = values[row * columns..<(row + 1) * columns]
      let order = part.indices.sorted { part[$0] > part[$1] || (part[$0] == part[$1] && $0 < $1) }
      for index in order.prefix(taken) {
        let value = isFloating ? fixed(part[index]) : String(Int64(part[index]))
        texts.append("\(value):\(index - part.startIndex)")
      }
    }
    do {
      return try StringTensor(texts, shape: isBatching ? [rows, taken] : [taken])
    } catch {
      throw KServeError(.internal, "the classes of output '\(output)' do not fit: \(error)")
    }
  }

  /// Six digits behind the point, as C prints floating-point numbers.
  private static func fixed(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e12 else { return String(value) }
    let scaled = (value.magnitude * 1_000_000).rounded(.toNearestOrEven)
    let whole = UInt64(scaled) / 1_000_000
    let fraction = String(UInt64(scaled) % 1_000_000)
    return (value < 0 ? "-" : "") + "\(whole)."
      + String(repeating: "0", count: 6 - fraction.count) + fraction
  }
}
