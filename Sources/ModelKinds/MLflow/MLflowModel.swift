import MLflow
import Models
import SparkFunctions

/// A model of MLflow: which of its files a kind needs, and where they are once they are fetched.
struct MLflowModel {
  private let found: FoundModel

  /// - Parameter server: `nil` for that of the environment.
  /// - Throws: ``MLflowError``.
  init(_ name: String, _ server: MLflowServer? = nil) throws {
    found = try (server ?? MLflowServer()).model(MLflowReference(name))
  }

  /// The version, or the ID of the model, if it has one.
  var revision: String? { found.revision }

  /// What runs the model unless the user says it.
  ///
  /// - Throws: ``MLflowError`` if nothing of it can be had; what a kind throws that cannot use it.
  func source(of kinds: [any ModelKind]) throws -> ModelSource {
    for part in found.parts {
      let path = try described(part)
      for kind in kinds {
        if let source = try kind.source(at: path) { return source }
      }
    }
    throw MLflowError(
      .unsupportedFlavor,
      "\(found.reference): what was logged (\(found.parts.map(\.path).joined(separator: ", "))) is none of "
        + "the models that are run here")
  }

  /// The model's place on this machine, with what tells its kind.
  private func described(_ part: ModelPart) throws -> String {
    switch part {
    case .file: break
    case .savedModel(let folder): try found.fetch([folder + "/saved_model.pb"])
    case .textFolder(let folder):
      try found.fetch(found.files(below: folder).filter { $0.hasSuffix(".json") })
    }
    return place(part)
  }

  private func place(_ part: ModelPart) -> String { "\(found.folder)/\(part.path)" }

  /// The model's place on this machine, with all that a kind needs.
  ///
  /// - Throws: ``MLflowError`` if it was logged in other forms only, or something of it cannot be had.
  func fetched(for kind: any ModelKind) throws -> ModelPlace {
    guard let part = found.parts.first(where: kind.runs) else {
      throw MLflowError(
        .unsupportedFlavor,
        "\(found.reference): the model was logged as \(found.parts.map(\.path).joined(separator: ", ")), "
          + "which is no model of the format \(kind.format.rawValue); let its own format decide: "
          + "ModelSource(path: \"\(found.reference)\")")
    }
    var place = ModelPlace(path: place(part), revision: found.revision)
    switch part {
    case .file(let file, let ending):
      try found.fetch([file])
      let listed = Set(found.files)
      let start = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
      var beside = try kind.filesNamed(by: place.path) { listed.contains(start + $0) }
      // Labels of classes may be there.
      if listed.contains(start + "config.json") { beside.append("config.json") }
      try found.fetch(beside.map { start + $0 })
      place.name = "\(found.reference.plainName).\(ending)"
    case .savedModel(let folder), .textFolder(let folder):
      let files = found.files(below: folder)
      try found.fetch(files)
      place.files = files.map { String($0.dropFirst(folder.count + 1)) }
      place.name = found.reference.plainName
    }
    return place
  }

  /// What the model's signature says otherwise than the model itself.
  func contradictions(to model: any Model) -> [String] {
    guard let signature = found.signature, let part = found.parts.first else { return [] }
    // A pipeline takes texts, whatever its network and those who logged it say.
    if case .textFolder = part { return [] }
    return SignatureCheck(of: "\(found.reference)")
      .contradictions(signature, inputs: model.inputs, outputs: model.outputs)
  }
}

extension ModelKind {
  /// Whether models of this kind are of that form.
  fileprivate func runs(_ part: ModelPart) -> Bool {
    switch part {
    case .file(_, let ending):
      if case .file(let own)? = sign { own == ending } else { false }
    case .savedModel: self is SavedModelKind
    // By their types, which are there also where a trait leaves out what they run.
    case .textFolder:
      self is TextFolderKind || self is TextClassificationKind || self is SentenceEmbeddingsKind
        || self is TextGenerationKind
    }
  }
}
