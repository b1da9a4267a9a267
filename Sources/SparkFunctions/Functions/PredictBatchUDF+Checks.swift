import Models
import SparkTypes
import Tensors

/// What can be said of an input without data.
struct InputRequirement {
  var form: PredictInputForm
  var takesAllColumns: Bool
  var mismatch: @Sendable (DataType) -> String?
}

/// How the columns of a query become the inputs of a function.
enum InputArrangement: Sendable {
  /// One column for each input.
  case columns
  /// The fields of the only column, a struct, for each input.
  case fields
  /// All columns as one record batch.
  case batch
}

extension PredictBatchUDF {
  /// The function's inputs.
  static var requirements: [InputRequirement] {
    var result: [InputRequirement] = []
    for input in repeat (each Input).self {
      result.append(
        InputRequirement(
          form: input.form, takesAllColumns: takesAllColumns(input),
          mismatch: { input.inputMismatch(with: $0) }))
    }
    return result
  }

  public func check(arguments: [FunctionArgument]) throws {
    let inputs = Self.requirements
    try checkDefinition(inputs)
    let arrangement = try arrangement(arguments.map(\.type), inputs)
    var columns = arguments
    if case .fields = arrangement, case .struct(let fields) = arguments[0].type {
      columns = fields.fields.map { ("\(arguments[0].name).\($0.name)", $0.type) }
    }
    if case .batch = arrangement { return }
    let shapes = try inputTensorShapes.expanded(to: inputs.count, function: name)
    for (index, column) in columns.enumerated() {
      try check(column, inputs[index], shape: shapes[index], isOnly: inputs.count == 1)
    }
  }

  /// Checks what does not depend on a table.
  func checkDefinition(_ inputs: [InputRequirement]) throws {
    func fail(_ message: String) -> InferenceError {
      InferenceError(.invalidOutput, message, function: name)
    }
    if !Output.isRaw, let reason = returnType.unsupportedReturn() { throw fail(reason) }
    if let reason = Output.outputMismatch(with: returnType) {
      var request = OutputRequest(type: returnType, rowCount: 0, function: name)
      request.flattening = flattening
      throw InferenceError(
        .invalidOutput, "\(request.mismatch("\(Output.self)").message) (\(reason))",
        function: name)
    }
    guard batchSize > 0 else {
      throw InferenceError(
        .invalidInput, "batchSize is \(batchSize), a batch needs at least one row", function: name)
    }
    guard !inputs.isEmpty else {
      throw InferenceError(.invalidInput, "the predict closure takes no input", function: name)
    }
    _ = try inputTensorShapes.expanded(to: inputs.count, function: name)
    for shape in inputTensorShapes.given
    where shape.contains(where: { $0 == 0 || $0 < -1 }) || shape.filter({ $0 < 0 }).count > 1 {
      throw InferenceError(
        .invalidInput,
        "the input shape \(shape) has a dimension that is no size; give the sizes of one row, at "
          + "most one of them -1",
        function: name)
    }
  }

  /// How columns of `types` become the inputs.
  func arrangement(
    _ types: [DataType], _ inputs: [InputRequirement]
  ) throws -> InputArrangement {
    if inputs.count == 1 {
      if types.count == 1 {
        // A struct of one text is that text, for an input that takes no structs.
        if case .struct(let fields) = types[0], fields.count == 1,
          inputs[0].mismatch(types[0]) != nil, inputs[0].mismatch(fields.fields[0].type) == nil
        {
          return .fields
        }
        return .columns
      }
      if inputs[0].takesAllColumns { return .batch }
      if types.isEmpty {
        throw InferenceError(
          .invalidInput, "Model expected 1 inputs, but received 0 columns", function: name)
      }
      throw multipleColumns(types.count)
    }
    if types.count == 1, case .struct(let fields) = types[0] {
      if fields.count == inputs.count { return .fields }
      throw wrongArity(inputs.count, fields.count, " (the fields of a struct)")
    }
    guard types.count == inputs.count else { throw wrongArity(inputs.count, types.count) }
    return .columns
  }

  private func wrongArity(_ expected: Int, _ found: Int, _ what: String = "") -> InferenceError {
    InferenceError(
      .invalidInput,
      "Model expected \(expected) inputs, but received \(found) columns\(what); give one column for "
        + "each parameter of the predict closure",
      function: name)
  }

  func multipleColumns(_ count: Int) -> InferenceError {
    InferenceError(
      .invalidInput,
      "Multiple input columns found, but model expected a single input, use `array` to combine "
        + "columns into tensors. (\(count) columns were given)",
      function: name)
  }

  /// Checks one column against its input, as far as its type tells.
  private func check(
    _ column: FunctionArgument, _ input: InputRequirement, shape: Shape?, isOnly: Bool
  ) throws {
    func fail(_ message: String) -> InferenceError {
      InferenceError(.invalidInput, "column '\(column.name)': \(message)", function: name)
    }
    if input.form == .tensor {
      var isTensor = false
      switch column.type {
      case .array, .binary: isTensor = column.type != .binary || input.mismatch(.string) != nil
      case .struct(let fields):
        let tensors = fields.fields.filter { $0.type.arrayElement != nil || $0.type == .binary }
        if !tensors.isEmpty, fields.count > 1 || !isOnly { throw multipleColumns(fields.count) }
        isTensor = !tensors.isEmpty
        if !isTensor, let shape, !shape.fills(fields.count) {
          throw fail(
            "Input data does not match expected shape. The struct has \(fields.count) fields, the "
              + "shape is \(shape)")
        }
      default:
        if let shape, !shape.isOfScalars {
          throw fail(Self.scalarShapeMessage(shape))
        }
      }
      if isTensor, inputTensorShapes.isEmpty { throw fail(Self.shapesMissingMessage(column.type)) }
    }
    if let reason = input.mismatch(column.type) {
      throw fail(
        "the column is \(column.type); \(reason): cast it in the query, or change the input")
    }
  }

  static func scalarShapeMessage(_ shape: Shape) -> String {
    "Invalid input_tensor_shape for scalar column. The shape is \(shape), expected nil, [] or [1]"
  }

  static func shapesMissingMessage(_ type: DataType) -> String {
    "Tensor columns require input_tensor_shapes. The column is \(type); define the function with "
      + "inputTensorShapes: the shape of one row for each input"
  }
}

/// Whether `input` is a record batch, which takes any number of columns.
private func takesAllColumns<Input: PredictInput>(_: Input.Type) -> Bool {
  Input.self is any AllColumnsInput.Type
}

extension Shape {
  /// Whether rows of this shape are single values.
  var isOfScalars: Bool { allSatisfy { $0 == 1 || $0 == -1 } && rank <= 1 }

  /// Whether `count` elements fill the shape.
  func fills(_ count: Int) -> Bool {
    if let elementCount { return elementCount == count }
    let known = Shape(filter { $0 >= 0 }).elementCount ?? 0
    return known > 0 && count.isMultiple(of: known)
  }
}
