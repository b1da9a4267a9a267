import JSONText
import Web

/// Finds out which files a name means.
struct ModelRegistry {
  let client: MLflowClient
  let reference: MLflowReference

  private static let api = "/api/2.0/mlflow"

  /// Where the files are now.
  ///
  /// - Throws: ``MLflowError``.
  func find() throws -> ModelLocation {
    switch reference.subject {
    case .version(let name, let version): return try self.version(name, version)
    case .alias(let name, let alias):
      let answer = try registry(
        "registered-models/alias", [("name", name), ("alias", alias)],
        "the model '\(name)' with the alias '\(alias)'")
      return try self.version(name, number(answer["model_version"]))
    case .stage(let name, let stage):
      return try newest(name, [("stages", stage)], "in the stage '\(stage)'")
    case .latest(let name): return try newest(name, [], "at all")
    case .logged(let id): return try logged(id)
    case .run(let id, let path): return try run(id, path)
    case .folder(let folder): return ModelLocation(uri: folder, revision: nil)
    }
  }

  private func registry(
    _ request: String, _ query: [(String, String)], _ subject: String
  ) throws -> JSONValue {
    try client.json(
      client.settings.registry, "\(Self.api)/\(request)", query, for: subject, of: reference)
  }

  private func tracking(
    _ request: String, _ query: [(String, String)], _ subject: String
  ) throws -> JSONValue {
    try client.json(
      client.settings.tracking, "\(Self.api)/\(request)", query, for: subject, of: reference)
  }

  // MARK: Registered models

  private func newest(
    _ name: String, _ stages: [(String, String)], _ place: String
  ) throws -> ModelLocation {
    let answer = try registry(
      "registered-models/get-latest-versions", [("name", name)] + stages, "the model '\(name)'")
    let versions = (answer["model_versions"]?.elements ?? []).compactMap(Self.version(of:))
    guard let newest = versions.compactMap(Int.init).max() else {
      throw MLflowError(
        .notFound,
        "\(reference): the model '\(name)' has no version \(place); see \(client.settings.registry)"
          + "/#/models/\(name.asPathPart)")
    }
    return try version(name, "\(newest)")
  }

  private func number(_ version: JSONValue?) throws -> String {
    guard let version, let number = Self.version(of: version) else { throw wrong("no version") }
    return number
  }

  /// Servers write it as a text or as a number.
  private static func version(of json: JSONValue) -> String? {
    json["version"]?.string ?? json["version"]?.wholeNumber.map { "\($0)" }
  }

  private func version(_ name: String, _ version: String) throws -> ModelLocation {
    let query = [("name", name), ("version", version)]
    let subject = "version \(version) of the model '\(name)'"
    let answer = try registry("model-versions/get", query, subject)
    if let status = answer["model_version"]?["status"]?.string, status != "READY" {
      throw MLflowError(
        .notFound,
        "\(reference): \(subject) is not ready (\(status)); try again when it is, or name another")
    }
    let place = try registry("model-versions/get-download-uri", query, subject)
    guard let uri = place["artifact_uri"]?.string else { throw wrong("no artifact_uri") }
    return ModelLocation(uri: try underlying(uri), revision: version)
  }

  /// The place behind a place that is a name itself: versions are made of models that were logged.
  private func underlying(_ uri: String) throws -> String {
    guard uri.hasPrefix("models:/") || uri.hasPrefix("runs:/") else { return uri }
    let inner = try MLflowReference(uri)
    let registry = ModelRegistry(client: client, reference: inner)
    switch inner.subject {
    case .logged, .run: return try registry.find().uri
    default: throw wrong("another version (\(uri)) in place of its files")
    }
  }

  // MARK: Logged models and runs

  private func logged(_ id: String) throws -> ModelLocation {
    let answer = try tracking(
      "logged-models/\(id.asPathPart)", [], "the logged model '\(id)'")
    let info = answer["model"]?["info"]
    if let status = info?["status"]?.string, status != "LOGGED_MODEL_READY" {
      throw MLflowError(
        .notFound,
        "\(reference): the logged model '\(id)' is not ready (\(status)): what logged it has not ended "
          + "well, or not yet")
    }
    guard let uri = info?["artifact_uri"]?.string else { throw wrong("no artifact_uri") }
    return ModelLocation(uri: uri, revision: id)
  }

  /// Since MLflow 3 a model that a run logged lies apart from the run's other files, and has its name.
  private func run(_ id: String, _ path: String) throws -> ModelLocation {
    let answer = try tracking("runs/get", [("run_id", id)], "the run '\(id)'")
    let run = answer["run"]
    let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
    var newest: (time: Int, place: ModelLocation)?
    for output in run?["outputs"]?["model_outputs"]?.elements ?? [] {
      guard let model = output["model_id"]?.string else { continue }
      let info = try tracking(
        "logged-models/\(model.asPathPart)", [], "the logged model '\(model)'")["model"]?["info"]
      guard info?["name"]?.string == parts[0], let uri = info?["artifact_uri"]?.string else {
        continue
      }
      // A run may log several of one name: MLflow takes the last one, too.
      let time = info?["creation_timestamp_ms"]?.wholeNumber ?? 0
      if let newest, newest.time > time { continue }
      newest = (
        time,
        ModelLocation(uri: ([uri] + parts.dropFirst()).joined(separator: "/"), revision: model)
      )
    }
    if let newest { return newest.place }
    guard let uri = run?["info"]?["artifact_uri"]?.string else { throw wrong("no artifact_uri") }
    return ModelLocation(uri: "\(uri)/\(path)", revision: nil)
  }

  private func wrong(_ what: String) -> MLflowError {
    MLflowError(
      .damaged,
      "\(reference): \(client.settings.registry) answers with \(what); check that it is a server of "
        + "MLflow")
  }
}
