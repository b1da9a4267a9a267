import FoundationEssentials
import Synchronization

/// A hub of models with ids, such as huggingface.co, and the cache for what comes from it.
///
/// Written in Swift, since neither driver nor command may need Python; the cache is that of the official
/// client, so that neither fetches what the other has.
package struct Hub: Sendable {
  private let client: HubClient

  /// What a process has found out, once: all that it does with a model is done with one commit, also if
  /// its branch moves on meanwhile.
  private static let known = Mutex<[Key: HubRepository]>([:])

  private struct Key: Hashable {
    let settings: HubSettings
    let repository: String
    let revision: String
  }

  /// The hub that the variables of the environment describe.
  ///
  /// - Throws: ``HubError`` if one has a value that it cannot have.
  package init() throws(HubError) {
    try self.init(environment: ProcessInfo.processInfo.environment)
  }

  /// The hub that these variables describe.
  ///
  /// - Throws: ``HubError`` if one has a value that it cannot have.
  package init(environment: [String: String]) throws(HubError) {
    client = HubClient(settings: try HubSettings(environment: environment))
  }

  init(_ client: HubClient) { self.client = client }

  /// The repository of a reference. The caller's thread waits for the hub.
  ///
  /// - Throws: ``HubError``.
  package func repository(_ reference: HubReference) throws -> HubRepository {
    let key = Key(
      settings: client.settings, repository: reference.repository, revision: reference.revision)
    if let known = Self.known.withLock({ $0[key] }) { return known.renamed(reference) }
    let found = try HubRepository(reference, client)
    // Of two that ask at the same time the first decides.
    return Self.known.withLock { known in
      if let first = known[key] { return first.renamed(reference) }
      known[key] = found
      return found
    }
  }
}
