import Tensors

/// Finds the dimension that counts the rows of a model.
struct BatchSearch {
  let inputs: [TensorSpecification]
  let outputs: [TensorSpecification]

  /// The inputs that have dimensions.
  private var ranked: [TensorSpecification] { inputs.filter { $0.hasShape && $0.shape.rank > 0 } }

  /// The layout, found from names and positions.
  func layout() throws -> BatchLayout {
    let ranked = ranked
    if ranked.isEmpty {
      // Nothing but scalars, or inputs of any shape, whose first dimension it then is.
      let isOne = inputs.allSatisfy(\.hasShape)
      return isOne ? single { _ in .whole } : try layout(batch: [], first: true)
    }
    if let names = try batchNames() { return try layout(batch: names, first: isFirst(names)) }
    let firsts = ranked.map { $0.shape[0] }
    if firsts.contains(where: { $0 < 0 }) {
      return try layout(batch: try firstNames(), first: true)
    }
    return try fixedLayout()
  }

  /// The layout for a dimension that somebody named.
  func layout(names: [String]) throws -> BatchLayout {
    let known = Set((inputs + outputs).flatMap { $0.dimensionNames.compactMap(\.self) })
    if let unknown = names.first(where: { !known.contains($0) }) ?? (names.isEmpty ? "" : nil) {
      throw failure("no dimension is called '\(unknown)'")
    }
    let wanted = Set(names)
    guard inputs.contains(where: { !$0.axes(named: wanted).isEmpty }) else {
      throw failure("no input has the dimension '\(names.joined(separator: ","))'")
    }
    let places = try inputs.map { input -> BatchLayout.Place in
      if !input.hasShape { return .axis(0) }
      let axes = input.axes(named: wanted)
      guard axes.count < 2 else { throw failure("the input \(input.name) has it more than once") }
      return axes.first.map { .axis($0) } ?? .whole
    }
    return BatchLayout(
      rows: .any, inputs: places, outputs: outputs.map { place(of: $0, batch: wanted) })
  }

  /// The layout for dimensions that somebody counted.
  func layout(axes: [String: Int]) throws -> BatchLayout {
    for (name, axis) in axes.sorted(by: { $0.key < $1.key }) {
      guard let tensor = (inputs + outputs).first(where: { $0.name == name }) else {
        throw failure("no tensor is called '\(name)'")
      }
      guard axis >= 0, !tensor.hasShape || axis < tensor.shape.rank else {
        throw failure("\(tensor.declaration) has no dimension \(axis); they count from 0")
      }
    }
    let places = inputs.map { axes[$0.name].map { .axis($0) } ?? BatchLayout.Place.whole }
    var sizes: Set<Int> = []
    for input in inputs where input.hasShape {
      if let axis = axes[input.name] { sizes.insert(input.shape[axis]) }
    }
    guard places.contains(where: { $0 != .whole }) else {
      throw failure("no input is among the tensors that have it")
    }
    let fixed = sizes.filter { $0 >= 0 }
    guard fixed.count < 2 else {
      throw failure("the sizes \(fixed.sorted()) in these places differ")
    }
    let rows: BatchLayout.Rows = fixed.first.map { $0 == 1 ? .one : .fixed($0) } ?? .any
    let names = Set(
      inputs.compactMap { input in axes[input.name].flatMap { input.dimensionName($0)?.text } })
    return BatchLayout(
      rows: rows, inputs: places,
      outputs: outputs.map { output in
        if let axis = axes[output.name] { return .axis(axis) }
        return rows == .one ? .whole : place(of: output, batch: names, fixed: fixed.first)
      })
  }

  /// The layout of runs of one row, where the batch is ambiguous but each input can only have it in
  /// one place; `nil` if not even that is clear.
  func singleRows() -> BatchLayout? {
    for input in ranked {
      let open = input.shape.indices.filter { input.shape[$0] < 0 }
      if open.count > 1 || open.contains(where: { input.dimensionName($0)?.saysOther ?? false }) {
        return nil
      }
    }
    return single { $0.shape[0] < 0 || $0.shape[0] == 1 ? .axis(0) : .whole }
  }

  /// Runs of one row, in inputs with dimensions where `place` says.
  private func single(_ place: (TensorSpecification) -> BatchLayout.Place) -> BatchLayout {
    let inputs = inputs.map { input in
      !input.hasShape ? .axis(0) : input.shape.rank == 0 ? .whole : place(input)
    }
    let hasOpen = zip(self.inputs, inputs).contains { input, place in
      place == .axis(0) && input.shape.first.map { $0 < 0 } ?? false
    }
    return BatchLayout(
      rows: .one, inputs: inputs,
      outputs: outputs.map { output in
        guard output.hasShape else { return .open }
        guard let first = output.shape.first else { return .whole }
        return first == 1 || (hasOpen && first < 0) ? .open : .whole
      })
  }

  /// Names that say that they are the batch's; `nil` if there are none.
  private func batchNames() throws -> Set<String>? {
    var certain: Set<String> = []
    var likely: Set<String> = []
    var first: Set<String> = []
    for input in ranked {
      for axis in input.shape.indices {
        guard let name = input.dimensionName(axis), name.mayBeBatch, !name.isMadeUp else {
          continue
        }
        if name.saysBatch { certain.insert(name.text) } else { likely.insert(name.text) }
        if axis == 0 { first.insert(name.text) }
      }
    }
    if certain.count == 1 { return certain }
    let leading = certain.intersection(first)
    if !leading.isEmpty { return leading }
    if !certain.isEmpty { throw ambiguous() }
    if !first.isEmpty { return first }
    if likely.isEmpty { return nil }
    // Behind another dimension it is the batch if that one is fixed, or says what it is.
    let isClear = ranked.allSatisfy { input in
      input.shape[0] >= 0 || input.axes(named: likely).isEmpty
        || input.dimensionName(0)?.saysOther ?? false
    }
    guard likely.count == 1, isClear else { throw ambiguous() }
    return likely
  }

  /// Whether all inputs that have the dimension have it first.
  private func isFirst(_ names: Set<String>) -> Bool {
    ranked.allSatisfy { input in input.axes(named: names).allSatisfy { $0 == 0 } }
  }

  /// The names of the first dimensions, where no name says more.
  private func firstNames() throws -> Set<String> {
    let names = Set(ranked.compactMap { $0.dimensionName(0) })
    if names.contains(where: \.saysOther) { throw ambiguous() }
    var own = names.filter { !$0.isMadeUp }
    if own.count > 1 {
      // One that is elsewhere within rows counts something else.
      let inner = Set(
        (inputs + outputs).flatMap { tensor in
          tensor.shape.indices.dropFirst().compactMap { tensor.dimensionName($0) }
        })
      own.subtract(inner)
      guard own.count == 1 else { throw ambiguous() }
    }
    // Outputs that begin with another dimension of the inputs contradict.
    let firsts = Set(names.map(\.text))
    let others = Set(
      ranked.flatMap { input in
        input.shape.indices.dropFirst().compactMap { input.dimensionName($0)?.text }
      })
    let heads = outputs.compactMap { $0.dimensionName(0)?.text }
    if !heads.contains(where: firsts.contains), heads.contains(where: others.contains) {
      throw ambiguous()
    }
    return Set((own + names.filter(\.isMadeUp)).map(\.text))
  }

  /// The layout for the names of the batch, which may be none if the first dimensions have no names.
  ///
  /// - Parameter first: whether the batch is the first dimension, also where it has no name.
  private func layout(batch names: Set<String>, first: Bool) throws -> BatchLayout {
    let places = try inputs.map { input -> BatchLayout.Place in
      if !input.hasShape { return .axis(0) }
      guard let size = input.shape.first else { return .whole }
      let axes = input.axes(named: names)
      if axes.count > 1 { throw ambiguous() }
      if let axis = axes.first {
        // Behind a varying dimension without a name it may be something else of the same size.
        if axis > 0, first, size < 0 { throw ambiguous() }
        return .axis(axis)
      }
      if size < 0 {
        guard let name = input.dimensionName(0), !name.isMadeUp else {
          guard first else { throw ambiguous() }
          return .axis(0)
        }
        let isInner = (inputs + outputs).contains { tensor in
          tensor.axes(named: [name.text]).contains { $0 > 0 }
        }
        guard name.saysOther || isInner else { throw ambiguous() }
        return .whole
      }
      if input.hasUnnamedDimension { throw ambiguous() }
      return .whole
    }
    return BatchLayout(
      rows: .any, inputs: places, outputs: outputs.map { place(of: $0, batch: names) })
  }

  /// The layout of inputs whose first dimensions are all fixed.
  private func fixedLayout() throws -> BatchLayout {
    let firsts = Set(ranked.map { $0.shape[0] })
    if firsts.contains(1) { return single { $0.shape[0] == 1 ? .axis(0) : .whole } }
    guard firsts.count == 1, let size = firsts.first, size > 0,
      ranked.allSatisfy({ !$0.shape.isDynamic })
    else {
      throw failure("the first dimensions of the inputs are no batch")
    }
    guard
      outputs.allSatisfy({ output in
        guard output.hasShape else { return true }
        return output.shape.first.map { $0 == size || $0 < 0 } ?? false
      })
    else { throw failure("not all tensors begin with a batch of \(size)") }
    return BatchLayout(
      rows: .fixed(size),
      inputs: inputs.map { $0.hasShape && $0.shape.rank == 0 ? .whole : .axis(0) },
      outputs: outputs.map { place(of: $0, batch: [], fixed: size) })
  }

  /// Where an output has the rows of a batch.
  private func place(
    of output: TensorSpecification, batch names: Set<String>, fixed: Int? = nil
  ) -> BatchLayout.Place {
    guard output.hasShape else { return .open }
    guard let size = output.shape.first else { return .whole }
    let axes = output.axes(named: names)
    if axes.count == 1 { return .axis(axes[0]) }
    if axes.count > 1 { return .whole }
    if let fixed { return size == fixed ? .axis(0) : size < 0 ? .open : .whole }
    if size < 0 {
      guard let name = output.dimensionName(0), !name.isMadeUp, !name.mayBeBatch,
        names.contains(where: { DimensionName($0)?.isMadeUp == false })
      else { return .open }
      return .whole
    }
    // Models whose inputs alone were opened still declare one row in their outputs.
    if size == 1 { return .open }
    return output.hasUnnamedDimension ? .open : .whole
  }

  private func ambiguous() -> InferenceError {
    failure("which dimension counts the rows is ambiguous")
  }

  /// An error that lists the dimensions.
  func failure(_ what: String) -> InferenceError {
    let example = ranked.prefix(2).map { "\($0.name):0" }.joined(separator: ",")
    return InferenceError(
      .invalidInput,
      "\(what); the model takes \(inputs.map(\.declaration).joined(separator: ", ")) and gives "
        + "\(outputs.map(\.declaration).joined(separator: ", ")). Say which dimension is the batch by "
        + "its name, or by its position in each tensor that has it: batch: \"NAME\" or "
        + "\"\(example)\" (--batch-dimension NAME or \(example)). If each row of the table holds whole "
        + "inputs and is a run of its own, write batch: .none (--batch-dimension none)")
  }
}
