import HostProcesses
import Models

/// A kind of model whose trait is off: this program knows such a model, and says what it was built without.
protocol LeftOutKind: ModelKind where Options == NoOptions {
  var trait: PackageTrait { get }

  /// What such models are called in messages: "SavedModels".
  var models: String { get }

  /// Whether the model at `path` is of this kind.
  func isOne(_ path: String) -> Bool
}

/// The options of models that cannot be loaded.
struct NoOptions: ModelOptions {
  static let names: [String] = []
  init(_ values: OptionValues) throws {}
}

extension LeftOutKind {
  func source(at path: String) throws -> ModelSource? {
    if isOne(path) { throw refusal(of: path) }
    return nil
  }

  func load(_ model: PlacedModel<NoOptions>) async throws -> any Model {
    throw refusal(of: model.name)
  }

  func refusal(of path: String) -> NeedletailError {
    NeedletailError(.usage, "\(path) cannot be run, it is one of \(models), and \(trait.isMissing)")
  }
}
