import FoundationEssentials
import ModelHub

/// Where a model lies on this machine.
struct ModelPlace {
  /// Its file or folder, or the address of its server.
  let path: String
  /// The files of a folder that are the model's, by their paths in it; `nil` for all that are there.
  var files: [String]?
  /// The commit of a hub that it is from, or the version of a registry.
  var revision: String?
  /// What to call it on executors; `nil` for the name that the user gave.
  var name: String?
}

/// A model on a hub: which files of its repository it needs, and where they are once they are fetched.
struct HubModel {
  private let reference: HubReference
  private let repository: HubRepository
  /// Whether the id names a file in the repository.
  private let isFile: Bool
  /// What paths in the repository begin with that are in the model's folder.
  private let start: String

  /// - Parameter hub: `nil` for that of the environment.
  /// - Throws: ``HubError``.
  init(_ id: String, _ hub: Hub?) throws {
    let reference = try HubReference(id)
    let repository = try (hub ?? Hub()).repository(reference)
    self.reference = reference
    self.repository = repository
    let path = reference.path
    isFile = repository.files.contains { $0.path == path }
    start = path.isEmpty || isFile ? "" : path + "/"
    if !isFile, names.isEmpty {
      let whole = ListedFolder(
        name: path.isEmpty ? id : String(id.dropLast(path.count + 1)),
        repository: reference.repository, files: repository.files.map(\.path))
      throw HubError(
        .notFound,
        "\(id): the model has no file or folder '\(path)' at the commit \(repository.commit). "
          + whole.choice)
    }
  }

  /// The commit that the id means.
  var commit: String { repository.commit }

  /// The paths of the files in the model's folder.
  private var names: [String] {
    repository.files.compactMap {
      $0.path.hasPrefix(start) ? String($0.path.dropFirst(start.count)) : nil
    }
  }

  /// The model's file or folder on this machine, whatever of it is there.
  private var path: String {
    reference.path.isEmpty ? repository.folder : "\(repository.folder)/\(reference.path)"
  }

  // MARK: What describes it

  /// Files beside a network that pipelines read, wherever they look for them.
  private static let descriptions: Set<String> = [
    "config.json", "generation_config.json", "modules.json", "config_sentence_transformers.json",
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
  ]

  private static func isDescription(_ file: some StringProtocol) -> Bool {
    descriptions.contains(String(file))
      || file.hasPrefix("sentence_") && file.hasSuffix("_config.json")
  }

  /// An entry of `modules.json`.
  private struct Module: Decodable {
    var path: String?
  }

  /// Fetches the files that tell what the model is, which are small.
  private func description() throws -> (files: [String], modules: [String]) {
    let names = self.names
    var files = names.filter { Self.isDescription($0) || $0 == "saved_model.pb" }
    // These tell why there is no tokenizer.json.
    if !files.contains("tokenizer.json") { files += names.filter { $0 == "source.spm" } }
    try fetch(files)
    guard files.contains("modules.json"),
      let json = FileManager.default.contents(atPath: "\(path)/modules.json"),
      let modules = try? JSONDecoder().decode([Module].self, from: json)
    else { return (files, []) }
    let folders = modules.compactMap(\.path).filter { !$0.isEmpty }
    let inner = folders.flatMap { folder in
      names.filter { name in
        name.hasPrefix(folder + "/") && Self.isDescription(name.dropFirst(folder.count + 1))
      }
    }
    try fetch(inner)
    return (files + inner, folders)
  }

  /// The model's place on this machine, with what tells its kind.
  func described() throws -> String {
    if !isFile { _ = try description() }
    return path
  }

  /// The `config.json` in the model's folder or beside its file, or above the folder `onnx/` with that
  /// file, on this machine; `nil` if there is none.
  func configuration() throws -> String? {
    var folder = reference.path.split(separator: "/")
    if isFile { folder.removeLast() }
    let above = isFile && folder.last == "onnx" ? [folder.dropLast()] : []
    let listed = Set(repository.files.map(\.path))
    for folder in [folder[...]] + above {
      let name = (folder + ["config.json"]).joined(separator: "/")
      guard listed.contains(name) else { continue }
      try repository.fetch([name])
      return "\(repository.folder)/\(name)"
    }
    return nil
  }

  // MARK: What runs

  /// The model's place on this machine, with all that a kind needs.
  func fetched(for kind: any ModelKind, _ options: [String: String]) throws -> ModelPlace {
    if isFile {
      try repository.fetch([reference.path])
      try repository.fetch(filesBeside(reference.path))
      return ModelPlace(path: path, revision: repository.commit)
    }
    let description = try self.description()
    let networks = try kind.networks(
      in: ListedFolder(
        name: reference.text, repository: reference.repository, files: names,
        modules: description.modules),
      options)
    try fetch(networks)
    let beside = try networks.flatMap { name in
      try filesBeside(start + name).map { String($0.dropFirst(start.count)) }
    }
    try fetch(beside)
    return ModelPlace(
      path: path, files: Set(description.files + networks + beside).sorted(),
      revision: repository.commit)
  }

  private func fetch(_ names: [String]) throws { try repository.fetch(names.map { start + $0 }) }

  /// The files that a network names, all by their paths in the repository.
  private func filesBeside(_ network: String) throws -> [String] {
    let listed = Set(repository.files.map(\.path))
    let folder = network.prefix(upTo: network.lastIndex(of: "/") ?? network.startIndex)
    let place = folder.isEmpty ? "" : String(folder) + "/"
    for kind in ModelKinds.builtIn.kinds {
      guard case .file(let ending)? = kind.sign, network.lowercased().hasSuffix("." + ending)
      else { continue }
      return try kind.filesNamed(by: "\(repository.folder)/\(network)") {
        listed.contains(place + $0)
      }.map { place + $0 }
    }
    return []
  }

  // MARK: What it may not be

  /// Why none of the kinds knows the model.
  var unknown: HubError {
    if isFile {
      return HubError(
        .invalidReference,
        "\(reference.text): models that can be run here are files .onnx and .pt2, and folders; name "
          + "another file, or the whole model: hf:\(reference.repository)")
    }
    let folder = ListedFolder(
      name: reference.text, repository: reference.repository, files: names)
    let known = folder.files.filter { $0.hasSuffix(".onnx") || $0.hasSuffix(".pt2") }
    guard let first = known.first else {
      return HubError(
        .notFound,
        "\(reference.text): the model has neither config.json (HuggingFace) nor saved_model.pb "
          + "(TensorFlow) nor a file .onnx or .pt2. \(folder.choice)")
    }
    return HubError(
      .invalidReference,
      "\(reference.text) has no config.json, so it is no pipeline of text: name the file that shall be "
        + "run, such as \(reference.text)/\(first); it has \(known.prefix(20).joined(separator: ", "))"
    )
  }
}
