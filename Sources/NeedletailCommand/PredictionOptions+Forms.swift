import Needletail

extension PredictionOptions {
  /// `transforms` with what `--round` and `--output-as` say of outputs.
  ///
  /// - Parameter only: the outputs that are wanted; `nil` for all.
  /// - Throws: ``CommandFailure`` if an output is none of the model's, or cannot be so.
  func formed(
    _ transforms: [String: OutputTransform], _ only: [String]?, of model: any Model
  ) throws -> [String: OutputTransform] {
    var transforms = transforms
    let outputs = FormedOutputs(model: model, only: only, transforms: transforms)
    let roundings = try outputs.named(rounding, "--round") { _ in try outputs.withFractions() }
    for (output, decimals) in roundings {
      transforms[output] = transforms[output]?.rounded(decimals) ?? .rounded(decimals)
    }
    let forms = try outputs.named(outputForms, "--output-as") { form in
      [try outputs.onlyRow(form)]
    }
    for (output, form) in forms { transforms[output] = transforms[output]?.as(form) ?? .as(form) }
    return transforms
  }
}

/// The outputs that options without a name may mean.
private struct FormedOutputs {
  let model: any Model
  let only: [String]?
  /// What is computed of outputs.
  let transforms: [String: OutputTransform]

  /// What is said of each output: what names it goes before what is said of all.
  ///
  /// - Parameter all: the outputs that a value without a name is for.
  func named<Value>(
    _ given: [OutputValue<Value>], _ option: String, all: (Value) throws -> [String]
  ) throws -> [String: Value] {
    let names = TensorNames(of: model)
    var result: [String: Value] = [:]
    for value in given {
      guard let output = value.output.map(names.output) else { continue }
      try PredictionOptions.check([output], amongOutputsOf: model, option)
      if let only, !only.contains(output) {
        throw CommandFailure(
          "\(option) names the output '\(output)', which is not among those of --outputs: "
            + only.joined(separator: ", "))
      }
      if result.updateValue(value.value, forKey: output) != nil {
        throw CommandFailure("\(option) \(output) is given twice; give it once")
      }
    }
    let unnamed = given.filter { $0.output == nil }
    if unnamed.count > 1 {
      throw CommandFailure(
        "\(option) \(unnamed[0].value) and \(option) \(unnamed[1].value) are for the same outputs; name "
          + "them: \(option) OUTPUT=\(unnamed[1].value)")
    }
    if let value = unnamed.first?.value {
      for output in try all(value) where result[output] == nil { result[output] = value }
    }
    return result
  }

  private var wanted: [TensorSpecification] {
    model.outputs.filter { only?.contains($0.name) ?? true }
  }

  /// The outputs with decimal places: all that `--round` without a name rounds.
  func withFractions() throws -> [String] {
    let tensors = (wanted + model.sequenceOutputs).filter(\.elementType.isFloatingPoint)
    let names = (tensors.map(\.name) + model.mapOutputs).filter { name in
      (only?.contains(name) ?? true) && transforms[name]?.isArgmax != true
    }
    guard !names.isEmpty else {
      throw CommandFailure(
        "--round has nothing to round: no column has floating-point numbers; leave it out")
    }
    return names
  }

  /// The only output with rows of numbers: that of `--output-as` without a name.
  func onlyRow(_ form: OutputForm) throws -> String {
    let numbers = wanted.filter { output in
      output.elementType.isNumeric && transforms[output.name]?.best == nil
    }
    // A single number is a form of its own, as far as that is declared.
    let several = numbers.filter { !$0.hasShape || $0.shape.rank > 1 }
    let rows = several.isEmpty ? numbers : several
    guard let row = rows.first else {
      throw CommandFailure(
        "--output-as \(form.rawValue) needs an output of numbers, and there is none that stays a row of "
          + "numbers; leave it out")
    }
    guard rows.count == 1 else {
      throw CommandFailure(
        "--output-as \(form.rawValue) may be about any of the outputs "
          + rows.map(\.description).joined(separator: ", ")
          + "; say which: --output-as \(row.name)=\(form.rawValue)")
    }
    return row.name
  }
}
