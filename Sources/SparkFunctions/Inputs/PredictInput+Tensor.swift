import ArrowIPC
public import SparkTypes
public import Tensors

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
        of: Element.self, rowShape: argument.rowShape, nulls: try argument.nullConversion())
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
  ///
  /// - Throws: ``InferenceError`` if there are nulls and an element cannot be what fills them.
  func nullConversion<Element: TensorElement>() throws -> NullConversion<Element> {
    guard case .fill(let number, _) = nulls, column.mayHoldNulls else { return .fail }
    return .fill(try filling(number))
  }

  /// The element that stands in for what is missing.
  func filling<Element: TensorElement>(_ number: Double) throws -> Element {
    if let numeric = Element.self as? any NumericTensorElement.Type {
      if let element = numeric.init(converting: number) as? Element { return element }
    } else if number == 0 || number == 1, let truth = (number != 0) as? Element {
      return truth
    }
    throw failure(
      "\(number) is no \(Element.elementType), so it cannot fill what is missing; fill with another "
        + "number")
  }
}

extension StringTensor: PredictInput {
  public static var form: PredictInputForm { .tensor }

  public init(_ argument: InputArgument) throws {
    var argument = argument
    argument.column = try argument.column.decodingDictionary()
    let column = argument.column
    guard column.type.listElement != nil else {
      do {
        let values = try Self.flat(argument)
        let shape = argument.rowShape ?? []
        guard let rowShape = shape.filled(by: 1, isEmpty: column.count == 0) else {
          throw ArrowConversionError.shape(found: 1, expected: shape)
        }
        self = try values.reshaped(to: rowShape.batched(column.count))
      } catch NullString.at(let row) {
        throw argument.nullFailure(row)
      } catch {
        throw argument.describing(error, element: .string)
      }
      return
    }
    do {
      let (elements, shape) = try column.rowElements(argument.rowShape)
      let perRow = shape.elementCount ?? 0
      do {
        let values = argument.with(try elements.decodingDictionary())
        self = try Self.flat(values).reshaped(to: shape.batched(column.count))
      } catch NullString.at(let index) {
        throw ArrowConversionError.nullElement(row: index / perRow, index: index % perRow)
      }
    } catch {
      throw argument.describing(error, element: .string)
    }
  }

  private enum NullString: Error { case at(Int) }

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
        guard let fill else { throw NullString.at(row) }
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
    case .array(let element, _): inputMismatch(with: element)
    case .binary: nil
    case _ where type.isString: nil
    default: "StringTensor takes strings, arrays of strings and binary"
    }
  }
}
