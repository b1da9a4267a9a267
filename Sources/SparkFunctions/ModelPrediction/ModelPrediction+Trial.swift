public import Models
public import Tensors

extension ModelPrediction {
  /// Tries a model on made-up rows before it is planned with, where that tells what is unknown.
  ///
  /// - Parameters:
  ///   - name: what to call the model in messages.
  ///   - only: the outputs that are wanted; `nil` for all.
  ///   - batch, batchSize, rows: as they are planned with.
  /// - Returns: the shapes of one row of the outputs that declare none, as far as the trial shows them.
  /// - Throws: ``InferenceError`` if rows are to be checked and depend on each other;
  ///   `CancellationError`.
  public static func tried(
    _ model: any Model, name: String, only: [String]? = nil, batch: BatchDimension? = nil,
    batchSize: Int, rows: RowRelation = .checked
  ) async throws -> [String: Shape] {
    let model: any Model = only.map { ModelOfOutputs(model, only: $0) } ?? model
    let undeclared = Set(model.outputs.filter { !$0.hasShape }.map(\.name))
    let isChecked = rows == .checked && !model.hasIndependentRows && batchSize > 1
    guard isChecked || !undeclared.isEmpty,
      let layout = try? BatchLayout(
        inputs: model.inputs, outputs: model.outputs, batch: batch, isOneRowARun: batchSize == 1),
      !isChecked || !layout.outputs.contains(.whole)
    else { return [:] }
    switch try await RowTrial(
      model, layout, relation: isChecked ? .checked : .dependent
    ).run() {
    case .independent(let shapes): return shapes.filter { undeclared.contains($0.key) }
    case .dependent(let reason) where isChecked:
      throw InferenceError(.invalidOutput, "in a trial on made-up rows: \(reason)", function: name)
    case .dependent, .unknown: return [:]
    }
  }
}
