import Glibc
public import Logging
import Models
public import NIOCore

extension KServeServer {
  /// The version of this package: what servers and the command tell, and what packages are called by.
  public static let packageVersion = PackageVersion.text

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
    /// Where the server writes its log.
    public var logger: Logger
    /// What clients' connections may take, and for how long.
    public var limits: ConnectionLimits
    /// The bytes that the requests and answers of all clients may take at the same time; further
    /// requests are refused. `nil`: a GiB or four of the longest requests, but no more than half of the
    /// machine's memory.
    public var maxBytesInFlight: Int?
    /// Which shared-memory objects clients may register.
    public var sharedMemory: SharedMemoryAccess
    /// Whether clients may load and unload models.
    public var allowsModelControl: Bool
    /// Names by which clients reach the server, beside its address and this machine's names: a page
    /// that a browser got from another name may change nothing here.
    public var allowedHosts: [String]

    public init(
      host: String = "127.0.0.1", httpPort: Int? = 8000, grpcPort: Int? = 8001,
      metricsPort: Int? = 8002, maxRequestBytes: Int = 256 << 20,
      exitTimeout: Duration = .seconds(30), name: String = "needletail",
      version: String = KServeServer.packageVersion,
      networkThreads: Int = min(System.coreCount, 4),
      logger: Logger = Logger(label: "needletail.server"),
      limits: ConnectionLimits = ConnectionLimits(), maxBytesInFlight: Int? = nil,
      sharedMemory: SharedMemoryAccess = SharedMemoryAccess(), allowsModelControl: Bool = true,
      allowedHosts: [String] = []
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
      self.limits = limits
      self.maxBytesInFlight = maxBytesInFlight
      self.sharedMemory = sharedMemory
      self.allowsModelControl = allowsModelControl
      self.allowedHosts = allowedHosts
    }
  }

  /// The bytes that all clients' requests and answers may take.
  static func bytesInFlight(_ configuration: Configuration) -> Int {
    if let given = configuration.maxBytesInFlight { return given }
    let (four, overflow) = configuration.maxRequestBytes.multipliedReportingOverflow(by: 4)
    let wanted = max(overflow ? Int.max : four, 1 << 30)
    let half = sysconf(Int32(_SC_PHYS_PAGES)) / 2 * sysconf(Int32(_SC_PAGESIZE))
    return max(half > 0 ? min(wanted, half) : wanted, configuration.maxRequestBytes)
  }

  /// Where a running server listens.
  public struct Endpoints: Sendable, Hashable, Codable {
    /// The address that it listens on.
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
