import Logging
import NIOCore

extension KServeServer {
  /// Where the server listens and what it allows.
  public struct Configuration: Sendable {
    /// The address to listen on; the loopback interface unless others are to reach the server.
    public var host: String
    /// The port for HTTP; 0 takes any that is free, `nil` serves no HTTP.
    public var httpPort: Int?
    /// The port for gRPC; 0 takes any that is free, `nil` serves no gRPC.
    public var grpcPort: Int?
    /// The port for Prometheus's metrics; 0 takes any that is free, `nil` serves none.
    public var metricsPort: Int?
    /// The longest request in bytes.
    public var maxRequestBytes: Int
    /// How long requests may still run after the server was asked to stop.
    public var exitTimeout: Duration
    /// The server's name, as its metadata tells it.
    public var name: String
    /// The server's version, as its metadata tells it.
    public var version: String
    /// The threads for network traffic; models have their own.
    public var networkThreads: Int
    public var logger: Logger

    public init(
      host: String = "127.0.0.1", httpPort: Int? = 8000, grpcPort: Int? = 8001,
      metricsPort: Int? = 8002, maxRequestBytes: Int = 256 << 20,
      exitTimeout: Duration = .seconds(30), name: String = "needletail", version: String = "0.1.0",
      networkThreads: Int = min(System.coreCount, 4),
      logger: Logger = Logger(label: "needletail.server")
    ) {
      self.host = host
      self.httpPort = httpPort
      self.grpcPort = grpcPort
      self.metricsPort = metricsPort
      self.maxRequestBytes = maxRequestBytes
      self.exitTimeout = exitTimeout
      self.name = name
      self.version = version
      self.networkThreads = networkThreads
      self.logger = logger
    }
  }

  /// Where a running server listens.
  public struct Endpoints: Sendable, Hashable, Codable {
    public var host: String
    /// The port for HTTP, `nil` if it is off.
    public var http: Int?
    /// The port for gRPC, `nil` if it is off.
    public var grpc: Int?
    /// The port for metrics, `nil` if it is off.
    public var metrics: Int?

    public init(host: String, http: Int?, grpc: Int?, metrics: Int?) {
      self.host = host
      self.http = http
      self.grpc = grpc
      self.metrics = metrics
    }
  }
}

extension KServeServer.Endpoints {
  /// The endpoints for the log.
  var logMetadata: Logger.Metadata {
    var metadata: Logger.Metadata = ["host": "\(host)"]
    for (name, port) in [("http", http), ("grpc", grpc), ("metrics", metrics)] {
      metadata[name] = "\(port.map(String.init) ?? "off")"
    }
    return metadata
  }
}
