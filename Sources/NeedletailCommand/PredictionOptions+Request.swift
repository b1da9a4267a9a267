import Needletail

extension PredictionOptions {
  /// The model that is named so, with its options.
  ///
  /// - Throws: ``CommandFailure`` if there is none of this name, or it has no such option.
  func source(_ model: String) throws -> ModelSource {
    do {
      return try options.applied(to: ModelSource(path: model), headers)
    } catch let error as HubError {
      throw CommandFailure(error)
    } catch let error as MLflowError {
      throw CommandFailure(error)
    } catch {
      throw CommandFailure("\(error)", cause: error)
    }
  }

  /// The names of columns by the outputs for which `--output-map` gives one.
  ///
  /// - Throws: ``CommandFailure`` if it gives two.
  var columnNames: [String: String] {
    get throws { try outputMappings.once("--output-map") }
  }

  /// What is asked of `model`.
  ///
  /// - Throws: ``CommandFailure`` if it does not have what an option names.
  func request(of model: any Model) throws -> PredictionRequest {
    let names = TensorNames(of: model)
    let inputs = mappings.reduce(into: [String: InputColumns]()) { inputs, mapping in
      let input = names.input(mapping.input)
      inputs[input] = InputColumns((inputs[input]?.names ?? []) + mapping.columns)
    }
    let outputs = try outputMappings.map {
      NamedValue(name: names.output($0.name), value: $0.value)
    }.once("--output-map")
    try Self.check(inputs.keys, among: model.inputs, "--map", "input")
    let only = try wanted(of: model)?.map { names.output($0) }
    try Self.check(outputs.keys, amongOutputsOf: model, "--output-map")
    try Self.check(only ?? [], amongOutputsOf: model, "--outputs")
    if let only, let name = outputs.keys.sorted().first(where: { !only.contains($0) }) {
      throw CommandFailure(
        "--output-map names the output '\(name)', which is not among those of --outputs: "
          + only.joined(separator: ", "))
    }
    let rowShapes = try Self.named(shapes.map { (names.input($0.input), $0.shape) }, "--shape")
    try Self.check(rowShapes.keys, among: model.inputs, "--shape", "input")
    let given = try Self.named(constants.map { (names.input($0.input), $0) }, "--constant")
    try Self.check(given.keys, among: model.inputs, "--constant", "input")
    var values: [String: InputConstant] = [:]
    for input in model.inputs {
      values[input.name] = given[input.name]?.value(for: input.elementType)
    }
    if let name = values.keys.sorted().first(where: { inputs[$0] != nil }) {
      throw CommandFailure(
        "--map and --constant name the same input '\(name)'; take one of them away")
    }
    return PredictionRequest(
      inputs: inputs, outputs: outputs, only: only, batchSize: batchSize, batch: batchDimension,
      rows: rows, nulls: try onNull?.policy(for: model.inputs) ?? .fail,
      ragged: onRagged ?? .fail, errors: onError ?? .fail, maxErrors: maxErrors,
      transforms: try transforms(only, of: model), shapes: rowShapes, constants: values)
  }

  /// The outputs that the lists name; a name of the model's may have a comma. `nil` for no list.
  private func wanted(of model: any Model) throws -> [String]? {
    if outputs.isEmpty { return nil }
    let known =
      model.outputs.map(\.name) + model.mapOutputs + model.sequenceOutputs.map(\.name)
    return try outputs.flatMap { list in
      known.contains(list) ? [list] : try ColumnList(list, option: "--outputs").names
    }
  }

  /// Makes sure that the model gives the outputs called `names`.
  static func check(
    _ names: some Sequence<String>, amongOutputsOf model: any Model, _ option: String
  ) throws {
    for name in names {
      if let output = model.omittedOutputs.first(where: { $0.name == name }) {
        throw CommandFailure("\(option) names an output that cannot be given: \(output)")
      }
    }
    try check(
      names.filter { !model.mapOutputs.contains($0) },
      among: model.outputs + model.sequenceOutputs, option, "output")
  }

  /// What is said of inputs, of each one once.
  private static func named<Value>(
    _ pairs: [(String, Value)], _ option: String
  ) throws -> [String: Value] {
    var result: [String: Value] = [:]
    for (name, value) in pairs {
      if result.updateValue(value, forKey: name) != nil {
        throw CommandFailure("\(option) \(name) is given twice; give it once")
      }
    }
    return result
  }

  private static func check(
    _ names: some Sequence<String>, among known: [TensorSpecification], _ option: String,
    _ kind: String
  ) throws {
    for name in names.sorted() where !known.contains(where: { $0.name == name }) {
      let message =
        "\(option) names the \(kind) '\(name)', which the model does not have; its \(kind)s are "
        + known.map(\.description).joined(separator: ", ")
      // The other options name one at a time.
      let advice =
        option == "--outputs"
        ? ColumnList.advice(behind: message, about: name, among: known.map(\.name)) {
          "\(option) '\($0)'"
        } : ""
      throw CommandFailure(message + advice)
    }
  }
}
