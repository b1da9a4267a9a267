package import Models
package import Tensors

/// What is said of inputs besides their columns.
extension Planner {
  /// Makes sure that shapes and constants are about inputs of the model, and that a column is left to
  /// be read.
  func checkGiven(_ columns: [String: InputColumns]) throws {
    try checkNames(shapes.keys, of: modelInputs, "input")
    try checkNames(constants.keys, of: modelInputs, "input")
    if let name = constants.keys.sorted().first(where: { columns[$0] != nil }) {
      throw fail(
        "the input '\(name)' has a column in inputs: (--map) and a value in constants: (--constant); "
          + "take one of them away")
    }
    if !modelInputs.isEmpty, modelInputs.allSatisfy({ constants[$0.name] != nil }) {
      throw fail(
        "all inputs of the model have a value in constants: (--constant), so that all rows would have "
          + "the same predictions; feed one of them from a column")
    }
  }

  /// Where the model's tensors have their rows. Of a constant this need not be known.
  func layout(
    inputs: [TensorSpecification], outputs: [TensorSpecification], batch: BatchDimension?,
    isOneRowARun: Bool
  ) throws -> BatchLayout {
    do {
      return try BatchLayout(
        inputs: inputs, outputs: outputs, batch: batch, isOneRowARun: isOneRowARun)
    } catch {
      let fed = inputs.filter { constants[$0.name] == nil }
      guard fed.count < inputs.count,
        let layout = try? BatchLayout(
          inputs: fed, outputs: outputs, batch: batch, isOneRowARun: isOneRowARun)
      else { throw error }
      var places = layout.inputs.makeIterator()
      return BatchLayout(
        rows: layout.rows,
        inputs: inputs.map { input in
          constants[input.name] == nil ? places.next() ?? .whole : .whole
        }, outputs: layout.outputs)
    }
  }

  /// The shape of one row of an input, as it was given, else as the model declares it; `nil` if nothing
  /// tells.
  func rowShape(of input: TensorSpecification, at place: BatchLayout.Place) throws -> Shape? {
    let declared = BatchLayout.rowShape(input, at: place)
    guard let given = shapes[input.name] else { return declared }
    guard given.allSatisfy({ $0 > 0 }) else {
      throw fail(
        "shapes: (--shape) gives the input \(input) the shape \(given); all its sizes must be known, "
          + "and above 0")
    }
    guard declared?.admits(given) ?? true else {
      throw fail(
        "shapes: (--shape) gives the input \(input) the shape \(given), expected \(declared ?? [])"
          + (place == .whole ? "" : " for one row")
          + ", where ? is any size: write shapes: [\"\(input.name)\": [...]] (--shape "
          + "\(input.name)=...) with as many sizes")
    }
    return given
  }

  /// The constants' tensors by their inputs. Those with all dimensions of an input that has rows belong
  /// to no row.
  func constantTensors(in layout: inout BatchLayout) throws -> [String: ConstantTensor] {
    var tensors: [String: ConstantTensor] = [:]
    for (index, input) in modelInputs.enumerated() {
      guard let value = constants[input.name] else { continue }
      if let found = value.shape, case .list = value, shapes[input.name] == nil, input.hasShape,
        input.shape.admits(found)
      {
        layout.inputs[index] = .whole
      }
      tensors[input.name] = try tensor(
        of: value, for: input, try rowShape(of: input, at: layout.inputs[index]),
        isWhole: layout.inputs[index] == .whole)
    }
    return tensors
  }

  private func tensor(
    of value: InputConstant, for input: TensorSpecification, _ row: Shape?, isWhole: Bool
  ) throws -> ConstantTensor {
    let what = "constants: (--constant) gives the input \(input)"
    let shape: Shape
    if case .list = value {
      guard let found = value.shape else {
        throw fail("\(what) arrays that differ in length; they must be equally long")
      }
      guard row?.admits(found) ?? true else {
        throw fail(
          "\(what) an array of the shape \(found), expected \(row ?? [])"
            + (isWhole ? "" : " for one row"))
      }
      shape = found
    } else {
      shape = row ?? []
      guard shape.elementCount != nil, row != nil || value != .zeros else {
        throw fail(
          "\(what) \(value) in a shape whose sizes vary, \(row.map { "\($0)" } ?? "of any rank"): say "
            + "them with shapes: [\"\(input.name)\": [...]] (--shape \(input.name)=...), or give an "
            + "array")
      }
    }
    do throws(InputConstant.Misfit) {
      return try ConstantTensor(value.leaves, elementType: input.elementType, shape: shape)
    } catch {
      throw fail("\(what) the value \(error.value), which is no \(input.elementType)")
    }
  }
}

extension ModelPrediction.InputBinding {
  /// The shape of one row, or of all of an input without rows; `nil` if nothing tells.
  package func rowShape(at place: BatchLayout.Place) -> Shape? {
    constant?.shape ?? givenShape ?? BatchLayout.rowShape(specification, at: place)
  }
}
