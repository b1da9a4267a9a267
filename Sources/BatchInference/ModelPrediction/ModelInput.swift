import ArrowIPC
import SparkTypes
import Tensors

/// Reads the columns of a batch that feed one input of a model.
struct ModelInput {
  let binding: ModelPrediction.InputBinding
  let place: BatchLayout.Place
  let batch: RecordBatch
  let names: [String]
  let rows: RowNumbers
  let parameters: ModelPrediction.Parameters
  let label: String

  private var specification: TensorSpecification { binding.specification }

  /// The declared shape of one row; `nil` if the model does not tell.
  private var declaredRow: Shape? { BatchLayout.rowShape(specification, at: place) }

  /// The input's tensor, the rows in the first dimension wherever the model has them.
  func tensor() throws -> AnyTensor {
    switch specification.elementType {
    case .bool: AnyTensor(try numbers(Bool.self))
    case .int8: AnyTensor(try integers(Int8.self))
    case .int16: AnyTensor(try integers(Int16.self))
    case .int32: AnyTensor(try integers(Int32.self))
    case .int64: AnyTensor(try integers(Int64.self))
    case .uint8: AnyTensor(try integers(UInt8.self))
    case .uint16: AnyTensor(try integers(UInt16.self))
    case .uint32: AnyTensor(try integers(UInt32.self))
    case .uint64: AnyTensor(try integers(UInt64.self))
    case .float16: AnyTensor(try numbers(Float16.self))
    case .bfloat16: AnyTensor(try numbers(BFloat16.self))
    case .float32: AnyTensor(try numbers(Float.self))
    case .float64: AnyTensor(try numbers(Double.self))
    case .string: .string(try strings())
    }
  }

  private func column(_ position: Int) throws -> InputArgument {
    guard batch.columns.indices.contains(position) else {
      throw InferenceError(
        .invalidInput,
        "the input \(specification) is fed by column \(position) of \(batch.columns.count)",
        function: label)
    }
    let name = names.indices.contains(position) ? names[position] : "#\(position)"
    return InputArgument(
      column: try batch.columns[position].decodingDictionary(), rowShape: nil, name: name,
      rows: rows, nulls: parameters.nulls, ragged: parameters.ragged, function: label)
  }

  /// The columns as numbers, after a look for those that an integer type of `Element`'s size cannot
  /// hold.
  private func integers<Element: NumericTensorElement & FixedWidthInteger>(
    _: Element.Type
  ) throws -> Tensor<Element> {
    for position in binding.columns {
      let argument = try column(position)
      guard argument.column.mayExceed(Element.self) else { continue }
      var wide = argument
      wide.rowShape = nil
      let numbers = try Tensor<Int64>(wide)
      try numbers.withUnsafeBufferPointer { elements in
        let lowest = Int64(clamping: Element.min)
        let highest = Int64(clamping: Element.max)
        for (index, value) in elements.enumerated() where value < lowest || value > highest {
          throw argument.failure(
            "\(value) does not fit the model's input \(specification)",
            row: index / max(numbers.rowStride, 1))
        }
      }
    }
    return try numbers(Element.self)
  }

  private func numbers<Element: TensorElement>(_: Element.Type) throws -> Tensor<Element> {
    if binding.columns.count > 1 {
      let columns = try binding.columns.map { try Tensor<Element>(try column($0)) }
      return try shaped(Tensor.interleaving(columns), fields: columns.count)
    }
    var argument = try column(binding.columns.first ?? 0)
    let type = argument.column.type
    if case .structure(let fields) = type {
      return try shaped(try Tensor<Element>(argument), fields: fields.count)
    }
    guard type.listElement != nil || type.isBinary else {
      return try shaped(try Tensor<Element>(argument), fields: 1)
    }
    argument.rowShape = rowShape(of: argument.column)
    return try Tensor<Element>(argument)
  }

  /// The shape of one row of an array column: the model's, open dimensions as in the first row.
  private func rowShape(of column: ArrowColumn) -> Shape? {
    guard let declared = declaredRow else { return nil }
    let open = declared.count { $0 < 0 }
    if open == 0 { return declared }
    if declared.rank == 1 { return nil }
    // Several open dimensions follow from the lists themselves.
    let found = column.nestedShape
    if found.rank == declared.rank, declared.admits(found) { return found }
    return open == 1 ? declared : nil
  }

  /// `values`, of `fields` scalar columns side by side, in the model's shape.
  private func shaped<Element: TensorElement>(
    _ values: Tensor<Element>, fields: Int
  ) throws -> Tensor<Element> {
    do {
      return try values.reshaped(to: scalarShape(fields).batched(batch.rowCount))
    } catch {
      throw InferenceError(
        .invalidInput,
        "the input \(specification) cannot be fed by \(fields) numbers a row (columns "
          + "\(binding.columns.map { names.indices.contains($0) ? names[$0] : "#\($0)" }))",
        function: label)
    }
  }

  /// The shape of a row of `fields` scalars under the model's declaration.
  private func scalarShape(_ fields: Int) -> Shape {
    let declared = declaredRow ?? []
    if declared.rank == 0 { return fields == 1 ? [] : [fields] }
    let open = declared.indices.filter { declared[$0] < 0 }
    var shape = declared
    // The last open dimension takes all, those before it are 1.
    for index in open { shape[index] = 1 }
    if let last = open.last {
      let known = shape.elementCount ?? 1
      shape[last] = known == 0 ? 0 : fields / known
    }
    return shape
  }

  private func strings() throws -> StringTensor {
    if binding.columns.count > 1 {
      let columns = try binding.columns.map { try String.values(try column($0)) }
      let strings = (0..<batch.rowCount).flatMap { row in columns.map { $0[row] } }
      return try StringTensor(
        strings, shape: scalarShape(columns.count).batched(batch.rowCount))
    }
    var argument = try column(binding.columns.first ?? 0)
    if argument.column.type.listElement != nil {
      argument.rowShape = rowShape(of: argument.column)
      return try StringTensor(argument)
    }
    let tensor = try StringTensor(argument)
    return try tensor.reshaped(to: scalarShape(1).batched(batch.rowCount))
  }
}

extension ArrowColumn {
  /// The shape of the first row of an array column: the lengths of its nested lists.
  fileprivate var nestedShape: Shape {
    guard type.listElement != nil, count > 0, !isNull(0) else {
      return type.listElement == nil ? [] : [0]
    }
    let range = valueRange(0)
    return Shape([range.count] + children[0].slice(range).nestedShape)
  }

  /// Whether the integers of this column, or of its rows, may lie beyond those of `Element`.
  fileprivate func mayExceed<Element: FixedWidthInteger>(_: Element.Type) -> Bool {
    switch type {
    case .list, .largeList, .fixedSizeList, .structure:
      children.contains { $0.mayExceed(Element.self) }
    case .int8: Element.min > -128 || Element.max < 127
    case .int16: Element.bitWidth < 16 || !Element.isSigned
    case .int32: Element.bitWidth < 32 || !Element.isSigned
    case .int64, .decimal: Element.bitWidth < 64 || !Element.isSigned
    default: false
    }
  }
}
