import Synchronization
package import Tensors

/// A model whose maps are tensors of numbers, one column for each key, and whose sequences are tensors
/// put side by side: what puts rows together, cuts them and compares them knows tensors only.
///
/// A classifier's maps have the same keys in all rows: its classes. They become known with the first run, as
/// does what the tensors of a sequence have in a row.
package final class ModelWithMaps: Model {
  private let base: any Model
  private let known = Mutex<[String: [String]]>([:])
  private let layouts = Mutex<[String: SequenceReading]>([:])
  /// Those of sequences that can be read in two ways, until another run tells.
  private let unsure = Mutex<[String: SequenceLayout]>([:])

  /// The model itself if it gives tensors only.
  package static func wrapping(_ model: any Model) -> any Model {
    model.mapOutputs.isEmpty && model.sequenceOutputs.isEmpty ? model : ModelWithMaps(model)
  }

  private init(_ base: any Model) { self.base = base }

  package var inputs: [TensorSpecification] { base.inputs }
  package var outputs: [TensorSpecification] {
    base.outputs
      + base.mapOutputs.map {
        TensorSpecification(
          name: $0, elementType: .float64, shape: [], hasShape: false)
      } + base.sequenceOutputs
  }
  package var mapOutputs: [String] { base.mapOutputs }
  package var sequenceOutputs: [TensorSpecification] { base.sequenceOutputs }
  package var omittedOutputs: [OmittedOutput] { base.omittedOutputs }
  package var runtime: String { base.runtime }
  package var metadata: [String: String] { base.metadata }
  package var hasIndependentRows: Bool { base.hasIndependentRows }

  package func run(
    _ inputs: [String: AnyTensor], outputs outputNames: [String]?
  ) async throws -> [String: AnyTensor] {
    let counts = Set(inputs.values.compactMap(\.shape.first))
    var tensors: [String: AnyTensor] = [:]
    for (name, value) in try await base.runValues(inputs, outputs: outputNames) {
      switch value {
      case .tensor(let tensor): tensors[name] = tensor
      case .maps(let maps): tensors[name] = .float64(try tensor(of: maps, name))
      case .sequence(let parts):
        let readings = SequenceReading.all(of: parts, counts)
        if readings.count > 1 { try await learn(name, inputs, rows: parts.count) }
        tensors[name] = try tensor(of: parts, name, readings)
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

  /// The values of a sequence's tensors, `[rows, values]`.
  ///
  /// - Parameter readings: what they may be.
  private func tensor(
    of parts: [AnyTensor], _ output: String, _ readings: [SequenceReading]
  ) throws -> AnyTensor {
    let type = base.sequenceOutputs.first { $0.name == output }?.elementType ?? .float32
    let reading = layouts.withLock { layouts -> SequenceReading? in
      if let known = layouts[output] { return readings.first { $0.layout == known.layout } }
      // No rows tell nothing of other runs.
      if readings.count == 1, readings[0].rows > 0 { layouts[output] = readings[0] }
      return readings[0]
    }
    guard let reading else {
      if readings[0].rows == 0 { return try AnyTensor(emptyOf: type, shape: [0, 0]) }
      let known = layouts.withLock { $0[output] }?.layout.sizes ?? []
      throw InferenceError(
        .invalidOutput,
        "the tensors of the output '\(output)' differ from run to run: they had \(known) values in a row, "
          + "and now have \(readings[0].layout.sizes); only sequences with as many tensors and values in "
          + "all rows can be given. Leave the output out by naming the others in only: (--outputs), or "
          + "export the model so that it gives a tensor")
    }
    if readings.count > 1 { unsure.withLock { $0[output] = reading.layout } }
    return try reading.layout.joined(parts, rows: reading.rows, type)
  }

  /// Looks at what a single row gives, if as many tensors as there are rows can be read in two ways.
  private func learn(_ output: String, _ inputs: [String: AnyTensor], rows: Int) async throws {
    if layouts.withLock({ $0[output] != nil }) { return }
    let single = try inputs.mapValues { input in
      input.shape.first == rows ? try input.slicingRows(0..<1) : input
    }
    guard case .sequence(let parts)? = try? await base.runValues(single, outputs: [output])[output]
    else { return try Task.checkCancellation() }
    let readings = SequenceReading.all(of: parts, Set(single.values.compactMap(\.shape.first)))
    if readings.count == 1 {
      layouts.withLock { layouts in if layouts[output] == nil { layouts[output] = readings[0] } }
    }
  }

  /// The rows of a sequence whose values are the rows of `tensor`.
  package func sequence(_ tensor: AnyTensor, of output: String) throws -> SequenceRows {
    let layout = layouts.withLock { $0[output] }?.layout ?? unsure.withLock { $0[output] }
    return try (layout ?? SequenceLayout(sizes: [])).parted(tensor)
  }

  /// The keys of a map, in the order of the values; none before the first run.
  package func keys(of output: String) -> [String] { known.withLock { $0[output] } ?? [] }

  /// The maps whose values are the rows of `tensor`.
  package func maps(_ tensor: AnyTensor, of output: String) throws -> MapRows {
    let keys = keys(of: output)
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
