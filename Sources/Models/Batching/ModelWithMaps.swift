import Synchronization
package import Tensors

/// A model whose maps are tensors of numbers, one column for each key: what puts rows together, cuts
/// them and compares them knows tensors only.
///
/// A classifier's maps have the same keys in all rows: its classes. They become known with the first run.
package final class ModelWithMaps: Model {
  private let base: any Model
  private let known = Mutex<[String: [String]]>([:])

  /// The model itself if it gives no maps.
  package static func wrapping(_ model: any Model) -> any Model {
    model.mapOutputs.isEmpty ? model : ModelWithMaps(model)
  }

  private init(_ base: any Model) { self.base = base }

  package var inputs: [TensorSpecification] { base.inputs }
  package var outputs: [TensorSpecification] {
    base.outputs
      + base.mapOutputs.map {
        TensorSpecification(
          name: $0, elementType: .float64, shape: [], hasShape: false)
      }
  }
  package var mapOutputs: [String] { base.mapOutputs }
  package var omittedOutputs: [OmittedOutput] { base.omittedOutputs }
  package var runtime: String { base.runtime }
  package var metadata: [String: String] { base.metadata }
  package var hasIndependentRows: Bool { base.hasIndependentRows }

  package func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    var tensors: [String: AnyTensor] = [:]
    for (name, value) in try await base.runValues(inputs, outputs: outputNames) {
      switch value {
      case .tensor(let tensor): tensors[name] = tensor
      case .maps(let maps): tensors[name] = .float64(try tensor(of: maps, name))
      }
    }
    return tensors
  }

  /// The values of maps, `[rows, keys]`.
  private func tensor(of maps: MapRows, _ output: String) throws -> Tensor<Double> {
    guard maps.rowCount > 0 else { return try Tensor([], shape: [0, 0]) }
    let first = Array(maps.keys[..<maps.offsets[1]])
    let keys = known.withLock { known in
      if let keys = known[output] { return keys }
      known[output] = first
      return first
    }
    for row in 0..<maps.rowCount {
      let own = maps.keys[maps.offsets[row]..<maps.offsets[row + 1]]
      guard own.elementsEqual(keys) else {
        throw InferenceError(
          .invalidOutput,
          "the maps of the output '\(output)' differ in their keys: \(keys), and \(Array(own)) in row "
            + "\(row) of a run; only maps with the same keys in all rows can be given. Leave the output "
            + "out by naming the others in only: (--outputs), or export the model so that it gives a "
            + "tensor")
      }
    }
    return try Tensor(maps.values, shape: [maps.rowCount, keys.count])
  }

  /// The maps whose values are the rows of `tensor`.
  package func maps(_ tensor: AnyTensor, of output: String) throws -> MapRows {
    let keys = known.withLock { $0[output] } ?? []
    var rows = MapRows()
    guard case .float64(let values) = tensor, values.count == tensor.rowCount * keys.count else {
      throw InferenceError(
        .invalidOutput,
        "the maps of the output '\(output)' have the shape \(tensor.shape), expected "
          + "[\(tensor.rowCount), \(keys.count)]")
    }
    let scalars = values.scalars
    for row in 0..<tensor.rowCount {
      rows.append(zip(keys, scalars[row * keys.count..<(row + 1) * keys.count]))
    }
    return rows
  }
}
