import ArrowIPC
import ErrorCauses
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
    // What lists hold in the places of null rows is undefined.
    let kept = (0..<column.count).filter { !column.isNull($0) }
    var nullFill: Element?
    if kept.count < column.count {
      guard case .fill(let number, _) = argument.nulls else {
        throw argument.nullFailure(column.firstNull ?? 0)
      }
      nullFill = try argument.filling(number)
    }
    let present = kept.count < column.count ? try argument.selecting(kept) : argument
    let rows = present.column
    let lengths = try (0..<rows.count).map { row -> Int in
      if !isBinary { return rows.valueRange(row).count }
      let bytes = rows.withBytes(row) { $0.count }
      guard bytes.isMultiple(of: size) else {
        throw present.failure(
          "\(bytes) bytes are no whole number of \(Element.elementType) elements", row: row,
          element: nil, fault: .length)
      }
      return bytes / size
    }
    let (width, filling) = try width(lengths, present, Element.elementType)
    let fill: Element? = lengths.contains { $0 < width } ? try argument.filling(filling) : nil
    let elements = isBinary ? nil : try Tensor<Element>(present.elements)
    let start = rows.count == 0 || isBinary ? 0 : rows.valueRange(0).lowerBound
    let values = Tensor<Element>(shape: [column.count * width]) { output in
      if let nullFill { output.initialize(repeating: nullFill) }
      for (row, position) in kept.enumerated() {
        let target = UnsafeMutableBufferPointer(
          rebasing: output[position * width..<(position + 1) * width])
        if let elements {
          let range = rows.valueRange(row)
          elements.withUnsafeBufferPointer { source in
            _ = target.initialize(
              fromContentsOf: source[range.lowerBound - start..<range.upperBound - start])
          }
        } else {
          rows.withBytes(row) { UnsafeMutableRawBufferPointer(target).copyMemory(from: $0) }
        }
        if let fill {
          UnsafeMutableBufferPointer(rebasing: target[lengths[row]...]).initialize(repeating: fill)
        }
      }
    }
    let shape = argument.rowShape ?? [width]
    guard let rowShape = shape.filled(by: width, isEmpty: column.count == 0) else {
      throw argument.describing(
        ArrowConversionError.shape(found: width, expected: shape), element: Element.elementType)
    }
    return try values.reshaped(to: rowShape.batched(column.count))
  }

  /// The length of all rows, and the number that fills them up.
  private func width(
    _ lengths: [Int], _ present: InputArgument, _ element: ElementType
  ) throws -> (Int, Double) {
    let declared = argument.rowShape?.elementCount
    switch argument.ragged {
    case .pad(let target, let filling):
      let width = target ?? declared ?? lengths.max() ?? 0
      if let row = lengths.firstIndex(where: { $0 > width }) {
        throw present.failure(
          "the row has \(lengths[row]) elements, more than the \(width) to which rows are filled up; "
            + "cut it in the query (slice), or fill up to more",
          row: row, element: nil, fault: .length)
      }
      return (width, filling)
    case .fail:
      let width = declared ?? lengths.first ?? 0
      if let row = lengths.firstIndex(where: { $0 != width }) {
        throw present.describing(
          ArrowConversionError.ragged(row: row, found: lengths[row], expected: width),
          element: element)
      }
      return (width, 0)
    }
  }
}
