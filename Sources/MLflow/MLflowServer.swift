import FoundationEssentials
import Synchronization

/// The models of an MLflow server, and those in folders.
///
/// Written in Swift, since neither driver nor command may need Python.
package struct MLflowServer: Sendable {
  private let environment: [String: String]
  private let pause: @Sendable (Double) -> Void

  /// What a process has found out, once: all that it does with a model is done with one version, also
  /// if its alias moves on meanwhile.
  private static let known = Mutex<[Key: FoundModel]>([:])

  private struct Key: Hashable {
    let settings: MLflowSettings?
    let subject: MLflowReference.Subject
  }

  /// The server that these variables describe.
  ///
  /// - Parameter pause: waits so many seconds before something is tried again.
  package init(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    pause: @escaping @Sendable (Double) -> Void = MLflowClient.wait
  ) {
    self.environment = environment
    self.pause = pause
  }

  /// The model that a reference means, as the server has it now or had it when this process first
  /// asked. The caller's thread waits for the server.
  ///
  /// - Throws: ``MLflowError``.
  package func model(_ reference: MLflowReference) throws -> FoundModel {
    if case .folder(let folder) = reference.subject {
      let files = LocalArtifacts(folder: folder)
      return try FoundModel(reference, revision: nil, in: files, cache: nil)
    }
    let settings = try MLflowSettings(environment: environment, server: reference.server)
    let key = Key(settings: settings, subject: reference.subject)
    if let known = Self.known.withLock({ $0[key] }) { return known.renamed(reference) }
    let client = MLflowClient(settings: settings, pause: pause)
    let place = try ModelRegistry(client: client, reference: reference).find()
    let artifacts = try place.artifacts(of: reference, client)
    let found = try FoundModel(
      reference, revision: place.revision, in: artifacts,
      cache: artifacts is ServedArtifacts ? settings.cache : nil)
    // Of two that ask at the same time the first decides.
    return Self.known.withLock { known in
      if let first = known[key] { return first.renamed(reference) }
      known[key] = found
      return found
    }
  }
}
