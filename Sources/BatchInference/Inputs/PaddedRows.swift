import ArrowIPC
import Tensors

/// The rows of an array or binary column, copied into a tensor one by one: shorter rows filled up at
/// their end, null rows filled whole.
struct PaddedRows {
  private let argument: InputArgument
  private let column: ArrowColumn

  init(_ argument: InputArgument) {
    self.argument = argument
    column = argument.column
  }

  func tensor<Element: TensorElement>(of: Element.Type) throws -> Tensor<Element> {
    if column.type.listElement?.type.listElement != nil {
      throw argument.failure(
        "rows of nested arrays can neither be filled up nor be null; flatten the column in the query"
      )
    }
    let size = MemoryLayout<Element>.stride
    let isBinary = column.type.isBinary
    let lengths = try (0..<column.count).map { row -> Int in
      if column.isNull(row) {
        guard case .fill = argument.nulls else { throw argument.nullFailure(row) }
        return 0
      }
      if !isBinary { return column.valueRange(row).count }
      let bytes = column.withBytes(row) { $0.count }
      guard bytes.isMultiple(of: size) else {
        throw argument.failure(
          "\(bytes) bytes are no whole number of \(Element.elementType) elements", row: row)
      }
      return bytes / size
    }
    let (width, filling) = try width(lengths)
    let fill = try element(filling, Element.self)
    let nullFill: Element
    if case .fill(let number, _) = argument.nulls {
      nullFill = try element(number, Element.self)
    } else {
      nullFill = fill
    }
    let elements = isBinary ? nil : try self.elements(of: Element.self)
    let start = column.count == 0 || isBinary ? 0 : column.valueRange(0).lowerBound
    let values = Tensor<Element>(shape: [column.count * width]) { output in
      for row in 0..<column.count {
        let target = UnsafeMutableBufferPointer(
          rebasing: output[row * width..<(row + 1) * width])
        if column.isNull(row) {
          target.initialize(repeating: nullFill)
          continue
        }
        if let elements {
          let range = column.valueRange(row)
          elements.withUnsafeBufferPointer { source in
            _ = target.initialize(
              fromContentsOf: source[range.lowerBound - start..<range.upperBound - start])
          }
        } else {
          column.withBytes(row) { UnsafeMutableRawBufferPointer(target).copyMemory(from: $0) }
        }
        UnsafeMutableBufferPointer(rebasing: target[lengths[row]...]).initialize(repeating: fill)
      }
    }
    let shape = argument.rowShape ?? [width]
    do {
      return try values.reshaped(to: shape.batched(column.count))
    } catch {
      throw argument.describing(
        ArrowConversionError.shape(found: width, expected: shape), element: Element.elementType)
    }
  }

  /// The length of all rows, and the number that fills them up.
  private func width(_ lengths: [Int]) throws -> (Int, Double) {
    let declared = argument.rowShape?.elementCount
    switch argument.ragged {
    case .pad(let target, let filling):
      let width = target ?? declared ?? lengths.max() ?? 0
      if let row = lengths.firstIndex(where: { $0 > width }) {
        throw argument.failure(
          "the row has \(lengths[row]) elements, more than the \(width) to which rows are filled up; "
            + "cut it in the query (slice), or fill up to more",
          row: row)
      }
      return (width, filling)
    case .fail:
      let nullFree = lengths.indices.filter { !column.isNull($0) }
      let width = declared ?? nullFree.first.map { lengths[$0] } ?? 0
      if let row = nullFree.first(where: { lengths[$0] != width }) {
        throw argument.describing(
          ArrowConversionError.ragged(row: row, found: lengths[row], expected: width),
          element: .float32)
      }
      return (width, 0)
    }
  }

  private func element<Element: TensorElement>(
    _ number: Double, _: Element.Type
  ) throws -> Element {
    guard let element = Element(filling: number) else {
      throw argument.failure("\(number) cannot fill a tensor of \(Element.elementType)")
    }
    return element
  }

  /// The elements that the rows span.
  private func elements<Element: TensorElement>(of: Element.Type) throws -> Tensor<Element> {
    guard column.count > 0 else { return Tensor([]) }
    let range = column.valueRange(0).lowerBound..<column.valueRange(column.count - 1).upperBound
    do {
      return try column.children[0].slice(range).tensor(
        of: Element.self, nulls: argument.nullConversion())
    } catch ArrowConversionError.null(let index) {
      let position = range.lowerBound + index
      let row = (0..<column.count).first { column.valueRange($0).contains(position) } ?? 0
      throw argument.nullFailure(row, element: position - column.valueRange(row).lowerBound)
    } catch {
      throw argument.describing(error, element: Element.elementType)
    }
  }
}
