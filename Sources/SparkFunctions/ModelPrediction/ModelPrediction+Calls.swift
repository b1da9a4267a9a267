package import Models
public import SparkTypes
package import Tensors

extension PredictionPlan {
  /// What the function gives: the struct, or the only output itself.
  public var resultType: DataType {
    parameters.isBare ?? false ? returnType.fields[0].type : .struct(returnType)
  }

  /// The plan of a function that is called by name: its only output is not wrapped in a struct, and the
  /// number of its arguments is looked at when it runs.
  package func called() -> PredictionPlan {
    var plan = self
    plan.parameters.isBare = returnType.count == 1
    return plan
  }
}

extension ModelPrediction.Parameters {
  /// Makes sure that a call by name has as many arguments as the function takes, which Spark does not know.
  ///
  /// - Throws: ``InferenceError`` that tells the arguments.
  func checkCall(_ count: Int, names: [String], label: String) throws {
    guard isBare != nil, count != names.count else { return }
    throw InferenceError(
      .invalidInput,
      "a call has \(count) argument\(count == 1 ? "" : "s") and takes \(names.count): "
        + "(\(names.joined(separator: ", "))); write one for each",
      function: label)
  }
}

extension ModelPrediction {
  /// The arguments of a model that is called by name, which are fitted to it as a table's columns are: those
  /// of each input in the order of the model's, of types that it takes as they are.
  ///
  /// - Parameters:
  ///   - name: what the model is called in messages.
  ///   - inputs: names of the arguments by input; several for one are joined, and an input that is not
  ///     there has one argument of its name.
  ///   - only, batch, batchSize, shapes, constants: as of a plan. A constant has no argument.
  /// - Throws: ``InferenceError`` that names the input or output that cannot be.
  package static func arguments(
    of model: any Model, called name: String, inputs: [String: InputColumns], only: [String]?,
    batch: BatchDimension?, batchSize: Int, shapes: [String: Shape],
    constants: [String: InputConstant]
  ) throws -> StructType {
    let planner = Planner(
      model: name, table: [:], modelInputs: model.inputs, shapes: shapes, constants: constants)
    try planner.checkNames(inputs.keys, of: model.inputs, "input")
    try planner.checkGiven(inputs)
    let outputs = try planner.outputs(
      ModelWithMaps.wrapping(model).outputs, only, renamed: [:], transformed: [:],
      omitted: model.omittedOutputs)
    let layout = try planner.layout(outputs, batch, batchSize: batchSize)
    var arguments = StructType([])
    for (input, place) in zip(model.inputs, layout.inputs) where constants[input.name] == nil {
      let names = inputs[input.name]?.names ?? [input.name]
      let row = try planner.rowShape(of: input, at: place)
      let element = elementColumnType(input.elementType)
      let isSingle = names.count > 1 || row.map { $0.elementCount == 1 } ?? (element == .string)
      for name in names where arguments[name] == nil {
        arguments.fields.append(StructField(name, isSingle ? element : .array(element)))
      }
    }
    return arguments
  }
}
