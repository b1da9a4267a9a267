import ArrowIPC
import SparkTypes
import Tensors

extension Tensor: PredictInput {
  public static var form: PredictInputForm { .tensor }

  public init(_ argument: InputArgument) throws {
    let column = argument.column
    if argument.needsPadding(Element.self) {
      self = try PaddedRows(argument).tensor(of: Element.self)
      return
    }
    do {
      self = try column.tensor(
        of: Element.self, rowShape: argument.rowShape, nulls: argument.nullConversion())
    } catch {
      throw argument.describing(error, element: Element.elementType)
    }
  }

  public static func inputMismatch(with type: DataType) -> String? {
    switch type {
    case .array(let element, _): return inputMismatch(with: element)
    case .struct(let fields):
      return fields.fields.compactMap { inputMismatch(with: $0.type) }.first
    case .binary: return nil
    case .boolean: return nil
    case _ where type.isNumeric:
      return Element.self == Bool.self ? "Tensor<bool> takes booleans" : nil
    default: return "Tensor<\(Element.elementType)> takes numbers, arrays of numbers and binary"
    }
  }
}

extension InputArgument {
  /// Whether rows must be copied one by one: they may be null or of different lengths.
  func needsPadding<Element: TensorElement>(_: Element.Type) -> Bool {
    guard column.type.listElement != nil || column.type.isBinary else { return false }
    if case .pad = ragged { return true }
    if case .fill = nulls { return column.nullCount > 0 }
    return false
  }

  /// The null policy in terms of tensor elements.
  func nullConversion<Element: TensorElement>() -> NullConversion<Element> {
    guard case .fill(let number, _) = nulls, let value = Element(filling: number) else {
      return .fail
    }
    return .fill(value)
  }
}

extension TensorElement {
  /// The element for a number that stands in for what is missing.
  init?(filling number: Double) {
    if let numeric = Self.self as? any NumericTensorElement.Type {
      guard let value = numeric.init(converting: number) as? Self else { return nil }
      self = value
    } else if let value = (number != 0) as? Self {
      self = value
    } else {
      return nil
    }
  }
}

extension StringTensor: PredictInput {
  public static var form: PredictInputForm { .tensor }

  public init(_ argument: InputArgument) throws {
    var argument = argument
    argument.column = try argument.column.decodingDictionary()
    let column = argument.column
    guard column.type.listElement != nil else {
      self = try Self.flat(argument)
      if let shape = argument.rowShape, shape != [] {
        self = try Self.shaped(self, argument, perRow: 1)
      }
      return
    }
    if let row = column.firstNull { throw argument.nullFailure(row) }
    let width =
      argument.rowShape?.elementCount ?? (column.count == 0 ? 0 : column.valueRange(0).count)
    for row in 0..<column.count where column.valueRange(row).count != width {
      throw argument.describing(
        ArrowConversionError.ragged(
          row: row, found: column.valueRange(row).count, expected: width), element: .string)
    }
    let start = column.count == 0 ? 0 : column.valueRange(0).lowerBound
    let elements = column.children[0].slice(start..<start + width * column.count)
    do {
      self = try Self.shaped(Self.flat(argument.with(elements)), argument, perRow: width)
    } catch NullString.at(let index) {
      throw argument.nullFailure(index / width, element: index % width)
    }
  }

  private enum NullString: Error { case at(Int) }

  private static func shaped(
    _ tensor: StringTensor, _ argument: InputArgument, perRow: Int
  ) throws -> StringTensor {
    let shape = argument.rowShape ?? [perRow]
    var rows = shape
    if let open = rows.firstIndex(where: { $0 < 0 }) {
      let known = Shape(rows.filter { $0 >= 0 }).elementCount ?? 0
      rows[open] = known == 0 ? 0 : perRow / known
    }
    guard let result = try? tensor.reshaped(to: rows.batched(argument.column.count)) else {
      throw argument.describing(
        ArrowConversionError.shape(found: perRow, expected: shape), element: .string)
    }
    return result
  }

  /// The bytes of all rows behind each other.
  private static func flat(_ argument: InputArgument) throws -> StringTensor {
    let column = argument.column
    guard column.type.isString || column.type.isBinary else {
      throw argument.describing(
        ArrowConversionError.type(found: "\(column.type)", expected: .string), element: .string)
    }
    var fill: [UInt8]?
    if case .fill(_, let text) = argument.nulls { fill = Array(text.utf8) }
    var offsets = [0]
    offsets.reserveCapacity(column.count + 1)
    var bytes: [UInt8] = []
    for row in 0..<column.count {
      if column.nullCount > 0, column.isNull(row) {
        guard let fill else { throw argument.nullFailure(row) }
        bytes += fill
      } else {
        column.withBytes(row) { bytes.append(contentsOf: $0) }
      }
      offsets.append(bytes.count)
    }
    return try StringTensor(offsets: offsets, bytes: bytes, shape: [column.count])
  }

  public static func inputMismatch(with type: DataType) -> String? {
    switch type {
    case .array(let element, _) where element.arrayElement == nil: inputMismatch(with: element)
    case .binary: nil
    case _ where type.isString: nil
    default: "StringTensor takes strings, arrays of strings and binary"
    }
  }
}
