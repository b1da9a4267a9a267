import HostProcesses
import MLflow
import ModelHub
import Models
package import SparkFunctions

/// The kinds of models that a program knows, in the order in which a path is tried with them.
package struct ModelKinds: Sendable {
  package let kinds: [any ModelKind]

  package init(_ kinds: [any ModelKind]) { self.kinds = kinds }

  /// These kinds and another one.
  package func adding(_ kind: any ModelKind) -> ModelKinds { ModelKinds(kinds + [kind]) }

  /// The kind of a format; one whose models cannot be loaded, if none of these is.
  package subscript(format: ModelFormat) -> any ModelKind {
    kinds.first { $0.format == format } ?? UnknownKind(format: format)
  }

  /// The model at `path`, a file, a folder, an id on a hub, one of MLflow, or the address of a server.
  ///
  /// - Throws: ``NeedletailError`` if it is of none of these kinds; ``HubError`` if it cannot be had from
  ///   its hub, and ``MLflowError`` from its registry.
  package func source(at path: String) throws -> ModelSource {
    if HubReference.isOne(path) { return try source(withID: path) }
    if MLflowReference.isOne(path) { return try source(ofMLflow: path) }
    for kind in kinds {
      if let source = try kind.source(at: path) { return source }
    }
    if let advice = TrainingFormat.advice(for: path) { throw NeedletailError(.usage, advice) }
    throw NeedletailError(.usage, "'\(path)' is not a model that can be run: \(signs)")
  }

  /// What a model is, by the signs of all kinds.
  private var signs: String {
    var files: [String] = []
    var folders: [String] = []
    var addresses: [String] = []
    for kind in kinds {
      switch kind.sign {
      case .file(let ending)?: files.append(".\(ending)")
      case .folder(let file)?: folders.append(file)
      case .address(let form)?: addresses.append(form)
      case nil: break
      }
    }
    let forms: [(String, [String])] = [
      ("a file called ", files), ("a folder with ", folders), ("", ["hf:ORG/NAME of a hub"]),
      ("", ["models:/NAME/VERSION of MLflow"]),
      ("", addresses),
    ]
    // A program may have been built without some kinds.
    return "a model is "
      + forms.filter { !$0.1.isEmpty }.map { $0.0 + $0.1.joined(separator: " or ") }
      .joined(separator: ", or ")
  }

  /// What loads the models of each format.
  package var loaders: [ModelFormat: ModelLoader] {
    var loaders: [ModelFormat: ModelLoader] = [:]
    for kind in kinds {
      loaders[kind.format] = { reference, path, worker in
        try await kind.load(reference, path, worker)
      }
    }
    return loaders
  }

  /// Tasks to which Spark assigned different GPUs have a model on each.
  package var placement: ModelPlacement {
    return { reference, path, worker in
      try self[reference.format].gpu(reference, path, worker).map { "cuda:\($0)" }
    }
  }
}

extension ModelPrediction {
  /// Predictions by models of these kinds.
  package init(kinds: ModelKinds) {
    self.init(loaders: kinds.loaders, placement: kinds.placement)
  }
}

extension BatchModelPrediction {
  /// Predictions by models of these kinds.
  package init(kinds: ModelKinds) {
    self.init(loaders: kinds.loaders, placement: kinds.placement)
  }
}

/// The kind of a format that this program does not have.
private struct UnknownKind: ModelKind {
  let format: ModelFormat

  func load(_ model: PlacedModel<NoOptions>) async throws -> any Model {
    throw NeedletailError(
      .usage, "models of the format '\(format.rawValue)' are not known to this program")
  }
}
