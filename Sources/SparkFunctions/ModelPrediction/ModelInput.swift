import ArrowIPC
import Models
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

  /// The shape of one row; `nil` if neither the model nor the user tells.
  private var declaredRow: Shape? { binding.rowShape(at: place) }

  /// The input's tensor, the rows in the first dimension wherever the model has them.
  func tensor() throws -> AnyTensor {
    if let constant = binding.constant {
      return try constant.tensor(rows: place == .whole ? 1 : batch.rowCount)
    }
    return switch specification.elementType {
    case .bool: AnyTensor(try numbers(Bool.self))
    case .int8: AnyTensor(try numbers(Int8.self))
    case .int16: AnyTensor(try numbers(Int16.self))
    case .int32: AnyTensor(try numbers(Int32.self))
    case .int64: AnyTensor(try numbers(Int64.self))
    case .uint8: AnyTensor(try numbers(UInt8.self))
    case .uint16: AnyTensor(try numbers(UInt16.self))
    case .uint32: AnyTensor(try numbers(UInt32.self))
    case .uint64: AnyTensor(try numbers(UInt64.self))
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
      rows: rows, nulls: parameters.nulls, ragged: parameters.ragged, function: label, form: .model)
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
    argument.rowShape = declaredRow
    return try Tensor<Element>(argument)
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
        function: label, cause: error)
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
      argument.rowShape = declaredRow
      return try StringTensor(argument)
    }
    let tensor = try StringTensor(argument)
    return try tensor.reshaped(to: scalarShape(1).batched(batch.rowCount))
  }
}
