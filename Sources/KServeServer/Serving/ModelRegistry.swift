import KServeProtocol
import Synchronization

/// The models that were bound, by name and version.
final class ModelRegistry: Sendable {
  private let models = Mutex<[String: [Int: ServedModel]]>([:])

  /// Adds a model; `false` if its version is there already.
  func add(_ model: ServedModel) -> Bool {
    models.withLock { models in
      let version = model.configuration.version
      if models[model.name]?[version] != nil { return false }
      models[model.name, default: [:]][version] = model
      return true
    }
  }

  /// All models, by name and version.
  var all: [ServedModel] {
    models.withLock { models in
      models.sorted { $0.key < $1.key }.flatMap { _, versions in
        versions.sorted { $0.key < $1.key }.map(\.value)
      }
    }
  }

  /// All versions of the model `name`, the highest first.
  func versions(of name: String) -> [ServedModel] {
    models.withLock { models in
      (models[name] ?? [:]).sorted { $0.key > $1.key }.map(\.value)
    }
  }

  /// The model `name` in `version`, or in its highest ready version if that is empty.
  ///
  /// - Throws: what a client is to be told if there is none, or it is not ready.
  func ready(_ name: String, version: String) throws(KServeError) -> ServedModel {
    let known = models.withLock { $0[name] }
    guard let known else {
      throw KServeError(.notFound, "Request for unknown model: '\(name)' is not found")
    }
    guard !version.isEmpty else {
      let best = known.values.filter(\.isReady).max {
        $0.configuration.version < $1.configuration.version
      }
      if let best { return best }
      throw KServeError(.notFound, "Request for unknown model: '\(name)' has no available versions")
    }
    let number = try Self.number(of: version) ?? 0
    guard let model = known[number] else {
      throw KServeError(
        .notFound, "Request for unknown model: '\(name)' version \(number) is not found")
    }
    guard model.isReady else {
      throw KServeError(
        .unavailable, "Request for unknown model: '\(name)' version \(number) is not at ready state"
      )
    }
    return model
  }

  /// The version that a client's text stands for, `nil` if it is empty.
  ///
  /// - Throws: what the client is to be told if it is no number.
  static func number(of version: String) throws(KServeError) -> Int? {
    if version.isEmpty { return nil }
    guard let number = Int(version) else {
      throw KServeError(
        .invalidArgument,
        "failed to get model version from specified version string '\(version.prefix(64))' (details: "
          + "stol), version should be an integral value > 0")
    }
    guard number >= 0 else {
      throw KServeError(
        .invalidArgument,
        "invalid model version specified '\(version)' , version should be an integral value > 0")
    }
    return number
  }
}
