import MLflow
package import ModelHub
import Threads

extension ModelSource {
  /// Where the model lies on this machine; what it needs of a hub is fetched before, and the caller's
  /// thread waits for that.
  ///
  /// - Parameter hub: `nil` for that of the environment.
  /// - Throws: ``HubError`` or ``MLflowError`` if something of it cannot be had.
  func place(_ hub: Hub? = nil) throws -> ModelPlace {
    if isOfMLflow { return try MLflowModel(path).fetched(for: kind) }
    guard HubReference.isOne(path) else { return ModelPlace(path: path) }
    return try HubModel(path, hub).fetched(for: kind, options)
  }

  /// The same for those who may not block a thread of Swift's.
  func located() async throws -> String {
    guard HubReference.isOne(path) || isOfMLflow else { return path }
    return try await Threads.Thread.run { try place().path }
  }
}

extension ModelSource {
  /// Whether it is a model of MLflow, on a server or in a folder.
  var isOfMLflow: Bool { !kind.isServed && MLflowReference.isOne(path) }
}

extension ModelKinds {
  /// The model on a hub that has an id.
  ///
  /// - Parameter hub: `nil` for that of the environment.
  /// - Throws: ``HubError`` if it cannot be had; what a kind throws that cannot use it.
  package func source(withID id: String, of hub: Hub? = nil) throws -> ModelSource {
    let model = try HubModel(id, hub)
    let path = try model.described()
    for kind in kinds {
      guard var source = try kind.source(at: path) else { continue }
      source.path = id
      return source
    }
    throw model.unknown
  }
}
