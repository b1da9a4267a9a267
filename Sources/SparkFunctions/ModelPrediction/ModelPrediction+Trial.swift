public import Models
import SparkTypes
public import Tensors

extension ModelPrediction {
  /// Tries a model on made-up rows before it is planned with, where that tells what is unknown.
  ///
  /// - Parameters:
  ///   - name: what to call the model in messages.
  ///   - only: the outputs that are wanted; `nil` for all.
  ///   - batch, batchSize, rows, shapes, constants: as they are planned with.
  /// - Returns: the shapes of one row of the outputs that declare none, as far as the trial shows them.
  /// - Throws: ``InferenceError`` if rows are to be checked and depend on each other, or a shape or
  ///   constant does not fit its input; `CancellationError`.
  public static func tried(
    _ model: any Model, name: String, only: [String]? = nil, batch: BatchDimension? = nil,
    batchSize: Int, rows: RowRelation = .checked, shapes: [String: Shape] = [:],
    constants: [String: InputConstant] = [:]
  ) async throws -> [String: Shape] {
    let model: any Model = only.map { ModelOfOutputs(model, only: $0) } ?? model
    let undeclared = Set(model.outputs.filter { !$0.hasShape }.map(\.name))
    let isChecked = rows == .checked && !model.hasIndependentRows && batchSize > 1
    let planner = Planner(
      model: name, table: [], modelInputs: model.inputs, shapes: shapes, constants: constants)
    guard isChecked || !undeclared.isEmpty,
      var layout = try? planner.layout(
        inputs: model.inputs, outputs: model.outputs, batch: batch, isOneRowARun: batchSize == 1),
      !isChecked || !layout.outputs.contains(.whole)
    else { return [:] }
    let constantRows = try planner.constantTensors(in: &layout).mapValues {
      try $0.tensor(rows: 1)
    }
    var inputShapes: [String: Shape] = [:]
    for (input, place) in zip(model.inputs, layout.inputs) where shapes[input.name] != nil {
      inputShapes[input.name] = try planner.rowShape(of: input, at: place)
    }
    switch try await RowTrial(
      model, layout, relation: isChecked ? .checked : .dependent, shapes: inputShapes,
      constants: constantRows
    ).run() {
    case .independent(let shapes): return shapes.filter { undeclared.contains($0.key) }
    case .dependent(let reason) where isChecked:
      throw InferenceError(.invalidOutput, "in a trial on made-up rows: \(reason)", function: name)
    case .dependent, .unknown: return [:]
    }
  }
}
