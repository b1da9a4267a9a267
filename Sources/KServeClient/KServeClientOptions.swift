/// How a ``KServeClient`` calls its server.
public struct KServeClientOptions: Sendable, Hashable, Codable {
  /// How the tensors of a request reach the server.
  public enum TensorTransport: String, Sendable, Hashable, Codable {
    /// In the message.
    case inline
    /// In memory that both processes map, if the server is on this machine and allows it, otherwise
    /// in the message. For batches of a megabyte it is several times as fast.
    case systemSharedMemory
  }

  /// How the tensors of messages over HTTP are written.
  public enum Encoding: String, Sendable, Hashable, Codable, CaseIterable {
    /// In binary if the server lists the extension `binary_tensor_data`, else in JSON.
    case automatic
    /// In binary behind the JSON, also if the server does not list that.
    case binary
    /// In JSON, which every server takes.
    case json
  }

  /// Seconds that a call may take, connecting included.
  public var timeout: Double = 60
  /// The most bytes of a message in either direction.
  public var maxMessageBytes: Int = 256 << 20
  /// The token that Triton's and PyTriton's restricted calls ask for, `nil` for none.
  public var accessToken: String?
  /// Further headers (HTTP) or metadata (gRPC) of each call, such as `Authorization`. `Host` replaces
  /// the one that follows from the endpoint, also for gRPC (`:authority`).
  public var headers: [String: String] = [:]
  /// A PEM file with the authorities to trust instead of the system's.
  public var certificateAuthorityFile: String?
  /// How tensors get to the server and back.
  public var tensors: TensorTransport = .inline
  /// How tensors are written in messages over HTTP; gRPC has one form only.
  public var encoding: Encoding = .automatic
  /// What the names of regions of shared memory begin with, here and on the server.
  public var sharedMemoryPrefix: String = "needletail"

  public init() {}
}
