/// A model of MLflow at one version, of which those files are fetched that somebody needs.
package struct FoundModel: Sendable {
  package private(set) var reference: MLflowReference
  /// The version, or the ID of the model.
  package let revision: String?
  /// What can be run of it, best first; at least one.
  package let parts: [ModelPart]
  package let signature: LoggedSignature?
  /// The model's folder on this machine, whatever of it is there.
  package let folder: String
  /// The files that the model has, by their paths in its folder.
  package let files: [String]

  private let artifacts: any ModelArtifacts
  private let listed: [String: Artifact]
  /// `nil` if the files are used where they lie.
  private let cache: ArtifactCache?

  /// - Parameter cache: the folder of the cache; `nil` for files of this machine.
  /// - Throws: ``MLflowError`` if there is no model, or none that can be run here.
  init(
    _ reference: MLflowReference, revision: String?, in artifacts: any ModelArtifacts,
    cache: String?
  ) throws {
    guard let description = try artifacts.contents(LoggedModel.file) else {
      throw MLflowError(
        .notFound,
        "\(reference): there is no file \(LoggedModel.file) in \(artifacts.identity), so what was logged "
          + "there is no model; name the folder that has it")
    }
    let model = try LoggedModel(description, of: "\(reference)")
    let found = try artifacts.files().sorted { $0.path < $1.path }
    let files = found.map(\.path)
    let parts = model.parts(of: files)
    if parts.isEmpty { throw model.unsupported(reference, files) }
    self.reference = reference
    self.revision = revision ?? model.id
    self.parts = parts
    self.signature = model.signature
    self.files = files
    self.artifacts = artifacts
    listed = Dictionary(found.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    if let root = cache {
      let cache = ArtifactCache(
        root: root, reference: reference, identity: artifacts.identity, description: description)
      self.cache = cache
      folder = cache.folder
    } else {
      self.cache = nil
      folder = artifacts.identity
    }
  }

  /// The same model under another name.
  func renamed(_ reference: MLflowReference) -> FoundModel {
    var renamed = self
    renamed.reference = reference
    return renamed
  }

  /// The files in a folder of the model.
  package func files(below folder: String) -> [String] {
    files.filter { $0.hasPrefix(folder + "/") }
  }

  /// Makes sure that files are in the ``folder``, which a caller's thread waits for.
  ///
  /// - Throws: ``MLflowError`` that names the file which cannot be had.
  package func fetch(_ paths: some Sequence<String>) throws {
    guard let cache, let served = artifacts as? ServedArtifacts else { return }
    for path in Set(paths).sorted() {
      guard let file = listed[path] else {
        throw MLflowError(.notFound, "\(reference): the model has no file \(path)")
      }
      try cache.keep(file) { download in
        _ = try served.client.get(
          served.address(path), for: "the file \(path)", of: reference, into: download)
      }
    }
  }
}
