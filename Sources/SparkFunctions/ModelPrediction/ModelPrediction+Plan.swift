public import Models
public import SparkTypes
public import Tensors

/// A model fitted to a table: what the driver needs to apply ``ModelPrediction``.
public struct PredictionPlan: Sendable, Hashable {
  /// What the function gets on the executors.
  public var parameters: ModelPrediction.Parameters
  /// The columns that the function takes, in order: the name of a column of the table, then those of
  /// fields within structs.
  public var argumentPaths: [[String]]
  /// The struct that the function gives, one field for each new column.
  public var returnType: StructType

  /// The columns that the function takes as SQL names them: a dot leads into a struct, and names that
  /// are no plain words stand in back-ticks.
  public var argumentColumns: [String] {
    argumentPaths.map { path in path.map { SQLIdentifier($0).description }.joined(separator: ".") }
  }

  /// The parameters as a ``FunctionInvocation`` carries them.
  ///
  /// - Throws: an `EncodingError`, which no plan causes.
  public func encodedParameters() throws -> [UInt8] {
    try FunctionInvocation.encode(parameters)
  }
}

extension ModelPrediction {
  /// Fits a model to a table.
  ///
  /// An input that is not in `inputs` takes the column of its name, in whichever case. All outputs of
  /// the model become columns, those not in `outputs` under their own names.
  ///
  /// - Parameters:
  ///   - modelInputs, modelOutputs: what the model takes and gives.
  ///   - reference: the model, as the executors load it.
  ///   - table: the table's schema.
  ///   - inputs: the columns that feed inputs of the model, by the input's name.
  ///   - outputs: names of the new columns by the output's name.
  ///   - only: the outputs that are wanted, in the order of the new columns; `nil` for all.
  ///   - mapOutputs: those of `modelOutputs` that stand for maps of numbers.
  ///   - sequenceOutputs: those of `modelOutputs` that stand for sequences of tensors.
  ///   - omitted: what the model has beside `modelOutputs`, for messages.
  ///   - structure: the name of one new column, a struct, that has the outputs as its fields; `nil`
  ///     if each becomes a column.
  ///   - batchSize: the number of rows in a batch; a model with a fixed batch dimension has its own.
  ///     With 1 each row is a run of its own and gets all that the model gives.
  ///   - batch: the dimension that counts the rows, where the model's names and positions do not tell.
  ///   - rows: what is to be thought of rows that run together.
  ///   - rowShapes: the shapes of one row of outputs that declare none, from
  ///     ``tried(_:name:only:batch:batchSize:rows:shapes:constants:)``; without, they become arrays.
  ///   - nulls: what becomes of missing values.
  ///   - ragged: what becomes of arrays that are too short.
  ///   - errors: what becomes of rows that cannot be predicted.
  ///   - maxErrors: how many of them may be; `nil` for any number.
  ///   - transforms: what outputs become instead of columns of their numbers, by the output's name.
  ///   - shapes: the shapes of one row of inputs whose declared ones vary, by the input's name.
  ///   - constants: values of inputs that no column feeds, the same for all rows.
  /// - Throws: ``InferenceError`` that names the input, output or column, and what to write.
  public static func plan(
    modelInputs: [TensorSpecification], modelOutputs: [TensorSpecification],
    reference: ModelReference, table: StructType, inputs: [String: InputColumns] = [:],
    outputs: [String: String] = [:], only: [String]? = nil, mapOutputs: [String] = [],
    sequenceOutputs: [String] = [], omitted: [OmittedOutput] = [], into structure: String? = nil,
    batchSize: Int = 64,
    batch: BatchDimension? = nil, rows: RowRelation = .checked, rowShapes: [String: Shape] = [:],
    nulls: NullPolicy = .fail, ragged: RaggedPolicy = .fail, errors: ErrorPolicy = .fail,
    maxErrors: ErrorLimit? = nil, transforms: [String: OutputTransform] = [:],
    shapes: [String: Shape] = [:], constants: [String: InputConstant] = [:]
  ) throws -> PredictionPlan {
    let planner = Planner(
      model: reference.name, table: table, modelInputs: modelInputs, shapes: shapes,
      constants: constants)
    guard batchSize > 0 else {
      throw planner.fail("the batch size is \(batchSize), a batch needs at least one row")
    }
    guard !modelOutputs.isEmpty else { throw planner.fail("the model has no outputs of tensors") }
    try planner.checkNames(inputs.keys, of: modelInputs, "input")
    try planner.checkGiven(inputs)
    let modelOutputs = try planner.outputs(
      modelOutputs, only, renamed: outputs, transformed: transforms, omitted: omitted)

    var layout = try planner.layout(modelOutputs, batch, batchSize: batchSize)
    let constantTensors = try planner.constantTensors(in: &layout)
    var arguments: [[String]] = []
    var bindings: [InputBinding] = []
    for (specification, place) in zip(modelInputs, layout.inputs) {
      if let constant = constantTensors[specification.name] {
        bindings.append(
          InputBinding(specification: specification, columns: [], constant: constant))
        continue
      }
      let row = try planner.rowShape(of: specification, at: place)
      let columns = try planner.columns(
        for: specification, row, given: inputs[specification.name])
      try planner.check(columns.map { ($0.name, $0.type) }, feed: specification, row)
      let positions = columns.map { column in
        let exact = column.path.map { ExactName($0) }
        if let known = arguments.firstIndex(where: { $0.map { ExactName($0) } == exact }) {
          return known
        }
        arguments.append(column.path)
        return arguments.count - 1
      }
      bindings.append(
        InputBinding(
          specification: specification, columns: positions,
          givenShape: shapes[specification.name]))
    }
    let outputBindings = zip(modelOutputs, layout.outputs).map { specification, place in
      OutputBinding(
        specification: specification,
        rowShape: BatchLayout.rowShape(specification, at: place) ?? rowShapes[specification.name],
        column: outputs[specification.name] ?? specification.name,
        isMap: mapOutputs.contains(specification.name),
        isSequence: sequenceOutputs.contains(specification.name),
        transform: transforms[specification.name])
    }
    for output in outputBindings {
      if let problem = output.transform?.mismatch(output) {
        throw planner.fail(problem, .invalidOutput)
      }
    }
    try planner.checkNewColumns(outputBindings, into: structure)
    try planner.check(errors, maxErrors, outputBindings, into: structure)
    var size = batchSize
    if case .fixed(let fixed) = layout.rows { size = fixed }
    let parameters = Parameters(
      model: reference, inputs: bindings, outputs: outputBindings, layout: layout, rows: rows,
      batchSize: size, nulls: nulls, ragged: ragged, errors: errors, maxErrors: maxErrors)
    return PredictionPlan(
      parameters: parameters, argumentPaths: arguments, returnType: parameters.returnType)
  }

  /// Fits `model` to a table; see the form with specifications.
  ///
  /// - Throws: `InferenceError` that names the input, output or column, and what to write.
  public static func plan(
    model: any Model, reference: ModelReference, table: StructType,
    inputs: [String: InputColumns] = [:], outputs: [String: String] = [:], only: [String]? = nil,
    into structure: String? = nil, batchSize: Int = 64, batch: BatchDimension? = nil,
    rows: RowRelation = .checked, rowShapes: [String: Shape] = [:], nulls: NullPolicy = .fail,
    ragged: RaggedPolicy = .fail, errors: ErrorPolicy = .fail, maxErrors: ErrorLimit? = nil,
    transforms: [String: OutputTransform] = [:], shapes: [String: Shape] = [:],
    constants: [String: InputConstant] = [:]
  ) throws -> PredictionPlan {
    let outputSpecifications = ModelWithMaps.wrapping(model).outputs
    return try plan(
      modelInputs: model.inputs, modelOutputs: outputSpecifications, reference: reference,
      table: table, inputs: inputs, outputs: outputs, only: only, mapOutputs: model.mapOutputs,
      sequenceOutputs: model.sequenceOutputs.map(\.name), omitted: model.omittedOutputs,
      into: structure, batchSize: batchSize, batch: batch,
      rows: rows, rowShapes: rowShapes, nulls: nulls, ragged: ragged, errors: errors,
      maxErrors: maxErrors, transforms: transforms, shapes: shapes, constants: constants)
  }
}

/// A column of a table, or a field within one.
struct FoundColumn {
  var path: [String]
  var type: DataType
  var name: String { path.joined(separator: ".") }
}

/// The checks of a plan against one table.
struct Planner {
  let model: String
  let table: StructType
  let modelInputs: [TensorSpecification]
  /// The shapes of one row that were given, by the input's name.
  let shapes: [String: Shape]
  /// The values of inputs that no column feeds.
  let constants: [String: InputConstant]

  func fail(_ message: String, _ code: InferenceError.Code = .invalidInput) -> InferenceError {
    InferenceError(code, message, function: model)
  }

  /// Makes sure that the names that the user wrote are the model's.
  func checkNames(
    _ names: some Sequence<String>, of specifications: [TensorSpecification], _ kind: String
  ) throws {
    let known = specifications.map(\.name)
    for name in names.sorted() where !known.contains(name) {
      throw fail(
        "the model has no \(kind) '\(name)'; its \(kind)s are "
          + "\(specifications.map(\.description).joined(separator: ", "))"
          + Suggestion.text(for: name, among: known))
    }
  }

  /// The outputs that are wanted, after a look at the names that the user wrote.
  func outputs(
    _ all: [TensorSpecification], _ only: [String]?, renamed: [String: String],
    transformed: [String: OutputTransform], omitted: [OmittedOutput]
  ) throws -> [TensorSpecification] {
    for name in (only ?? []) + renamed.keys.sorted() + transformed.keys.sorted() {
      if let output = omitted.first(where: { $0.name == name }) {
        throw fail("the output \(output)", .invalidOutput)
      }
    }
    try checkNames(only ?? [], of: all, "output")
    try checkNames(renamed.keys, of: all, "output")
    try checkNames(transformed.keys, of: all, "output")
    guard let only else { return all }
    if only.isEmpty {
      throw fail("only: (--outputs) names no output; leave it out to take all", .invalidOutput)
    }
    if let name = renamed.keys.sorted().first(where: { !only.contains($0) }) {
      throw fail(
        "the output '\(name)' gets a column's name in outputs: (--output-map), but is not among those "
          + "that only: (--outputs) takes: \(only.joined(separator: ", "))", .invalidOutput)
    }
    if let (name, transform) = transformed.sorted(by: { $0.key < $1.key })
      .first(where: { !only.contains($0.key) })
    {
      throw fail(
        "\(transform.name) is for the output '\(name)', which is not among those that only: "
          + "(--outputs) takes: \(only.joined(separator: ", "))", .invalidOutput)
    }
    var wanted: [TensorSpecification] = []
    for name in only where !wanted.contains(where: { $0.name == name }) {
      wanted += all.filter { $0.name == name }.prefix(1)
    }
    return wanted
  }

  /// The columns that feed an input, as the table names them.
  func columns(
    for input: TensorSpecification, _ row: Shape?, given: InputColumns?
  ) throws -> [FoundColumn] {
    if table.fields.isEmpty {
      throw fail("the table has no columns, which the model's input \(input) needs")
    }
    if let given {
      if given.names.isEmpty { throw fail("no columns are given for the input \(input)") }
      return try given.names.map { name in
        guard let column = try find(name) else {
          throw fail(
            "the table has no column '\(name)' for the model's input \(input); its columns are "
              + "\(columnList)\(Suggestion.text(for: name, among: table.names))")
        }
        return column
      }
    }
    if let column = try find(input.name, isPath: false) { return [column] }
    // A model of one text, which takes it from the only text that there is.
    let texts = table.fields.filter { $0.type.isString }
    let fed = modelInputs.count { constants[$0.name] == nil }
    if fed == 1, input.elementType == .string, texts.count == 1 {
      return [FoundColumn(path: [texts[0].name], type: texts[0].type)]
    }
    throw fail(
      "no column is named like the model's input \(input), and none was given for it; write "
        + "inputs: [\"\(input.name)\": \"\(example(for: input, row))\"] (--map \(input.name)="
        + "\(example(for: input, row))) with the column that feeds it, or constants: "
        + "[\"\(input.name)\": ...] (--constant \(input.name)=VALUE) if it is the same for all rows. The "
        + "columns are \(columnList)"
        + Suggestion.text(for: input.name, among: table.names))
  }

  private var columnList: String {
    table.fields.map { "\($0.name) \($0.type.ddl)" }.joined(separator: ", ")
  }

  /// A column that could feed `input`, to show how to write it.
  private func example(
    for input: TensorSpecification, _ row: Shape?
  ) -> String {
    table.fields.first { field in
      (try? check([(field.name, field.type)], feed: input, row)) != nil
    }?.name ?? "column"
  }

  /// The column called `name`: exactly, or the only one in whichever case, or a field of a struct.
  private func find(_ name: String, isPath: Bool = true) throws -> FoundColumn? {
    if let field = table[name] {
      guard table.names.count(where: { $0.isExactly(field.name) }) == 1 else {
        throw fail(
          "the table has several columns called '\(field.name)'; rename one of them "
            + Advice.before)
      }
      return FoundColumn(path: [field.name], type: field.type)
    }
    let similar = table.names.filter { $0.lowercased() == name.lowercased() }
    if similar.count > 1 {
      throw fail(
        "'\(name)' may be any of the columns \(similar.joined(separator: ", ")); write one of them as it "
          + "stands here")
    }
    guard isPath, let parts = SQLIdentifier.parts(of: name) else { return nil }
    var fields = table
    var names: [String] = []
    var type: DataType?
    for part in parts {
      guard let field = fields[part] else { return nil }
      names.append(field.name)
      type = field.type
      if case .struct(let inner) = field.type { fields = inner } else { fields = [] }
    }
    return type.map { FoundColumn(path: names, type: $0) }
  }

  /// Makes sure that the types and numbers of columns suit an input.
  func check(
    _ columns: [FunctionArgument], feed input: TensorSpecification, _ row: Shape?
  ) throws {
    for column in columns {
      if let reason = typeMismatch(column.type, input.elementType) {
        throw fail(
          "the column '\(column.name)' is \(column.type), the model's input \(input) \(reason)")
      }
    }
    var scalars = columns.count
    if columns.count == 1 {
      switch columns[0].type {
      case .array: return try checkRank(columns[0], input, row)
      case .binary where input.elementType != .string: return
      case .struct(let fields): scalars = fields.count
      default: break
      }
    }
    for column in columns where columns.count > 1 {
      switch column.type {
      case .array, .struct, .binary:
        throw fail(
          "the column '\(column.name)' is \(column.type), but several columns that feed the input "
            + "\(input) must hold one value a row each; combine them \(Advice.before)")
      default: break
      }
    }
    guard let row, !row.fills(scalars) else { return }
    if row == [], scalars == 1 { return }
    let expected = row.elementCount.map { "takes \($0) values a row" } ?? "has rows of \(row)"
    throw fail(
      "the model's input \(input) \(expected), \(scalars == 1 ? "the column '\(columns[0].name)' (\(columns[0].type)) gives" : "the columns \(columns.map(\.name)) give") "
        + "\(scalars); name as many columns as the input takes, or one array column")
  }

  private func checkRank(
    _ column: FunctionArgument, _ input: TensorSpecification, _ row: Shape?
  ) throws {
    if row == [] {
      throw fail(
        "the column '\(column.name)' is \(column.type), the model's input \(input) takes one value "
          + "a row")
    }
  }

  private func typeMismatch(_ type: DataType, _ element: ElementType) -> String? {
    switch type {
    case .array(let inner, _): return typeMismatch(inner, element)
    case .struct(let fields):
      if element == .string { return "takes strings" }
      return fields.fields.compactMap { field in
        field.type.arrayElement == nil ? typeMismatch(field.type, element) : "takes plain numbers"
      }.first
    case .binary: return nil
    case .boolean: return element == .string ? "takes strings; cast it \(Advice.before)" : nil
    case _ where type.isString:
      return element == .string ? nil : "takes numbers; cast it \(Advice.before)"
    case _ where type.isNumeric:
      guard element.isNumeric else {
        return "takes \(element == .string ? "strings" : "booleans"); cast it \(Advice.before)"
      }
      let hasFractions = type == .float || type == .double
      if !hasFractions || element.isFloatingPoint { return nil }
      return "takes \(element), which would lose fractions; cast it as bigint \(Advice.before)"
    case .userDefined(let defined) where defined.isVector:
      return
        "takes \(element) in arrays; convert it in the query with vectorToArray (vector_to_array in "
        + "Python)"
    default: return "takes \(element); convert it \(Advice.before)"
    }
  }

  /// Makes sure that the new columns have names of their own.
  func checkNewColumns(
    _ outputs: [ModelPrediction.OutputBinding], into structure: String?
  ) throws {
    if let structure {
      let folded = structure.lowercased()
      if structure.isEmpty || table.names.contains(where: { $0.lowercased() == folded }) {
        throw fail(
          structure.isEmpty
            ? "the new column has no name; write into: \"preds\""
            : "the table has a column '\(structure)' already; write into: with another name",
          .invalidOutput)
      }
    }
    var seen: [String: String] = [:]
    for output in outputs {
      let name = output.specification.name
      let folded = output.column.lowercased()
      if output.column.isEmpty {
        throw fail("the column for the output '\(name)' has no name", .invalidOutput)
      }
      if let other = seen.updateValue(name, forKey: folded) {
        throw fail(
          "the outputs '\(other)' and '\(name)' would both become the column '\(output.column)'; "
            + "give one of them another name in outputs: (--output-map)", .invalidOutput)
      }
      if structure == nil, let column = table.names.first(where: { $0.lowercased() == folded }) {
        throw fail(
          "the table has a column '\(column)' already; write outputs: [\"\(name)\": \"…\"] "
            + "(--output-map \(name)=…) with another name for the model's output", .invalidOutput)
      }
    }
  }

  /// Makes sure that errors have a column of their own, and that their limit means something.
  func check(
    _ errors: ErrorPolicy, _ limit: ErrorLimit?, _ outputs: [ModelPrediction.OutputBinding],
    into structure: String?
  ) throws {
    if let limit {
      guard limit.isPossible else {
        throw fail(
          "maxErrors: (--max-errors) is \(limit); it is a number of rows, or a share from 0% to 100%"
        )
      }
      if errors == .fail {
        throw fail(
          "maxErrors: (--max-errors) is \(limit), but the first row that fails ends the job; say with "
            + "errors: .null or .column() (--on-error null or column) what becomes of such rows")
      }
    }
    guard case .column(let name) = errors else { return }
    let folded = name.lowercased()
    let advice = "give it another name with errors: .column(\"…\") (--on-error column=…)"
    if name.isEmpty { throw fail("the column for errors has no name; \(advice)", .invalidOutput) }
    if structure == nil, let column = table.names.first(where: { $0.lowercased() == folded }) {
      throw fail(
        "the table has a column '\(column)' already, which the column for errors would be called; "
          + advice, .invalidOutput)
    }
    if let output = outputs.first(where: { $0.column.lowercased() == folded }) {
      throw fail(
        "the output '\(output.specification.name)' becomes the column '\(output.column)', which the "
          + "column for errors would be called; \(advice)", .invalidOutput)
    }
  }

  /// Where the model's tensors have their rows.
  func layout(
    _ outputs: [TensorSpecification], _ batch: BatchDimension?, batchSize: Int
  ) throws -> BatchLayout {
    let layout: BatchLayout
    do {
      layout = try self.layout(
        inputs: modelInputs, outputs: outputs, batch: batch, isOneRowARun: batchSize == 1)
    } catch var error as InferenceError {
      error.function = model
      throw error
    }
    if layout.rows == .one || (layout.rows == .any && batchSize == 1) { return layout }
    for (output, place) in zip(outputs, layout.outputs) where place == .whole {
      let runs =
        layout.rows == .any
        ? "give each row a run of its own with batchSize: 1 (--batch-size 1), which then gets the "
          + "whole of it; or, if one of its dimensions counts the rows, say which"
        : "say where the rows are"
      throw fail(
        "the output \(output.declaration) has no dimension for the rows of the inputs "
          + "\(modelInputs.map(\.declaration).joined(separator: ", ")): \(runs) with batch: "
          + "(--batch-dimension); or take the other outputs alone with only: (--outputs)",
        .invalidOutput)
    }
    return layout
  }
}

/// Parts of messages.
enum Advice {
  /// Where a column can be changed before it is predicted: the command has no query of its own.
  static let before = "where the table is made (the query, or what wrote the input)"
}
