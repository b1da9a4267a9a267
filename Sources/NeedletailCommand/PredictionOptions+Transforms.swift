import Needletail

extension PredictionOptions {
  /// What `--softmax`, `--argmax`, `--top-k`, `--round` and `--output-as` make of outputs.
  ///
  /// - Parameter only: the outputs that are wanted; `nil` for all.
  /// - Throws: ``CommandFailure`` if an output is none of the model's, or has two forms.
  func transforms(_ only: [String]?, of model: any Model) throws -> [String: OutputTransform] {
    var transforms: [String: OutputTransform] = [:]
    var options: [String: String] = [:]
    func add(_ transform: OutputTransform, _ output: String, _ option: String) throws {
      try Self.check([output], amongOutputsOf: model, option)
      if let before = options.updateValue(option, forKey: output) {
        throw CommandFailure(
          before == option
            ? "\(option) \(output) is given twice; give it once"
            : "\(before) and \(option) name the same output '\(output)', which becomes one column; take "
              + "one of them")
      }
      if let only, !only.contains(output) {
        throw CommandFailure(
          "\(option) names the output '\(output)', which is not among those of --outputs: "
            + only.joined(separator: ", "))
      }
      transforms[output] = transform
    }
    let names = TensorNames(of: model)
    let softmax = softmax.map { names.output($0) }
    try Self.check(softmax, amongOutputsOf: model, "--softmax")
    for output in argmax { try add(.argmax, names.output(output), "--argmax") }
    let best = try topK.map { try ($0.count, topOutput($0, softmax, only, model)) }
    for output in softmax where output != best?.1 {
      try add(.softmax, output, "--softmax")
    }
    if let (count, output) = best {
      let classes: ClassLabels?
      do {
        classes = try labels.map { try ClassLabels(contentsOf: $0) }
      } catch {
        throw CommandFailure("\(error)", cause: error)
      }
      let isSoftmax = softmax.contains(output)
      try add(.topK(count, labels: classes, softmax: isSoftmax), output, "--top-k")
    }
    return try formed(transforms, only, of: model)
  }

  /// The output that `--top-k` means: the one that is named, or the only one that it can be.
  private func topOutput(
    _ option: TopKOption, _ softmax: [String], _ only: [String]?, _ model: any Model
  ) throws -> String {
    if let output = option.output { return TensorNames(of: model).output(output) }
    if softmax.count == 1 { return softmax[0] }
    let known = model.outputs.filter { only?.contains($0.name) ?? true }
    let numbers = known.filter(\.elementType.isFloatingPoint)
    let maps = model.mapOutputs.filter { only?.contains($0) ?? true }
    if numbers.isEmpty, maps.count == 1 { return maps[0] }
    guard !numbers.isEmpty else {
      throw CommandFailure(
        "--top-k \(option.count) needs an output of floating-point numbers, one for each class, and the "
          + "outputs are \(known.map(\.description).joined(separator: ", ")); take them as they are, "
          + "or the greatest one's position with --argmax OUTPUT")
    }
    // One number a row is no choice, as far as that is declared.
    let several = numbers.filter { !$0.hasShape || $0.shape.rank > 1 }
    let classifiers = several.isEmpty ? numbers : several
    guard classifiers.count == 1 else {
      throw CommandFailure(
        "--top-k \(option.count) may be about any of the outputs "
          + classifiers.map(\.description).joined(separator: ", ")
          + "; say which: --top-k \(classifiers[0].name)=\(option.count)")
    }
    return classifiers[0].name
  }
}
