/// Which shared-memory objects clients may register.
public struct SharedMemoryAccess: Sendable, Hashable {
  /// Whose objects.
  public enum Clients: String, Sendable, Hashable, CaseIterable {
    /// Nobody's: tensors travel in messages.
    case off
    /// Those of the user that calls from this machine: nobody reaches through the server what they
    /// could not open themselves.
    case own
    /// All that the server's user can open, by whoever calls the server.
    case any
  }

  /// Whose objects the server takes.
  public var clients: Clients
  /// What the names of the objects must begin with, without the slash; empty for any name.
  public var prefix: String

  public init(_ clients: Clients = .own, prefix: String = "") {
    self.clients = clients
    self.prefix = prefix
  }
}
