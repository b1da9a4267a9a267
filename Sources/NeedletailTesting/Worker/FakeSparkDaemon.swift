import Glibc
import NativeLibraries
public import SparkWorker
import Synchronization
import Threads

/// A worker program as Spark starts it: a process with pipes, environment and command line.
///
/// The methods block.
public final class FakeSparkDaemon: Sendable {
  /// The version of the protocol that is spoken.
  public let version: SparkProtocolVersion
  /// The daemon's own; its workers have others.
  public let processID: Int32
  /// What the daemon listens to; a path for Unix sockets, else a port of the loopback interface.
  public let address: String
  private let secret: String?
  private let input: Mutex<Int32?>
  private let output: Int32
  private let errors = Log()
  private let status = Mutex<Int32?>(nil)

  /// What the process wrote to standard error.
  private final class Log: Sendable {
    let bytes = Mutex<[UInt8]>([])
  }

  /// Starts `executable` and waits for what it writes first.
  ///
  /// - Parameters:
  ///   - executable: the path of a program with Swift functions.
  ///   - version: the Spark that is played.
  ///   - transport: how the workers are reached.
  ///   - environment: variables beside those that Spark sets.
  ///   - directory: for socket files; its path must be short.
  /// - Throws: ``FakeSparkError`` if it does not start or does not say where it listens.
  public init(
    executable: String, version: SparkProtocolVersion = .v4_3,
    transport: FakeSpark.Transport = .tcp, environment: [String: String] = [:],
    directory: String = "/tmp"
  ) throws {
    self.version = version
    var variables = [
      "PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "YES", "SPARK_REUSE_WORKER": "1",
      "SPARK_BUFFER_SIZE": "65536", "OMP_NUM_THREADS": "1",
    ]
    switch transport {
    case .tcp:
      let secret = "secret-\(UInt64.random(in: 0 ... .max))"
      variables["PYTHON_WORKER_FACTORY_SECRET"] = secret
      self.secret = secret
    case .unix:
      variables["PYTHON_UNIX_DOMAIN_ENABLED"] = "True"
      variables["PYTHON_WORKER_FACTORY_SOCK_DIR"] = directory
      secret = nil
    }
    variables.merge(environment) { $1 }
    let process = try FakeSparkProcess(
      executable, ["-m", "pyspark.daemon", "pyspark.worker"], variables)
    processID = process.processID
    input = Mutex(process.input)
    output = process.output
    Thread.start { [errors] in
      process.copyErrors { bytes in errors.bytes.withLock { $0 += bytes } }
    }
    let greeting = try Self.greeting(from: process.output, transport)
    address = greeting
  }

  deinit {
    endInput()
    close(output)
    // It ends by itself then, and takes its socket file and its workers with it.
    if waitForExit(seconds: 2) == nil {
      kill(processID, SIGKILL)
      waitForExit()
    }
    if secret == nil { unlink(address) }
  }

  /// What the process wrote to standard error so far.
  public var log: String { errors.bytes.withLock { String(decoding: $0, as: UTF8.self) } }

  /// Opens a connection and greets the worker.
  ///
  /// - Throws: ``FakeSparkError`` if the daemon cannot be reached, or no worker greets.
  public func connect() throws -> FakeSparkConnection {
    try connect(sending: secret)
  }

  /// Opens a connection and sends `secret` instead of the right one.
  ///
  /// - Throws: ``FakeSparkError`` if the daemon refuses, as it must.
  public func connect(secret: String) throws -> FakeSparkConnection {
    try connect(sending: secret)
  }

  private func connect(sending secret: String?) throws -> FakeSparkConnection {
    let target: Socket.Address = Int(address).map { .tcp(port: $0) } ?? .unix(path: address)
    do {
      return try FakeSparkConnection(
        try Socket.connect(to: target), version: version, secret: secret)
    } catch let error as WorkerError {
      throw FakeSparkError(.launch, error.message, cause: error)
    }
  }

  /// Asks the daemon to kill process `id`, as Spark does when it cancels a task.
  public func requestKill(_ id: Int32) {
    input.withLock { input in
      guard let input else { return }
      var bytes = id.bigEndian
      _ = write(input, &bytes, 4)
    }
  }

  /// Closes the daemon's standard input, as the end of the executor does.
  public func endInput() {
    input.withLock { input in
      if let descriptor = input { close(descriptor) }
      input = nil
    }
  }

  /// Sends the daemon a signal, such as `SIGTERM`.
  public func signal(_ number: Int32) { kill(processID, number) }

  /// Waits for the end of the process.
  ///
  /// - Returns: its exit status, or minus the signal that ended it; `nil` if it still runs after
  ///   `seconds`.
  @discardableResult
  public func waitForExit(seconds: Double = 10) -> Int32? {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
      if let status = exitStatus() { return status }
      usleep(5000)
    }
    return nil
  }

  /// Whatever the daemon wrote to standard output behind its greeting; reads until its end.
  public func restOfOutput() -> [UInt8] {
    FileSystem.contents(of: output)
  }

  private func exitStatus() -> Int32? {
    status.withLock { status in
      if let status { return status }
      var raw: Int32 = 0
      guard waitpid(processID, &raw, WNOHANG) == processID else { return nil }
      status = FakeSparkProcess.status(raw)
      return status
    }
  }

  private static func greeting(
    from output: Int32, _ transport: FakeSpark.Transport
  ) throws -> String {
    func bytes(_ count: Int) throws -> [UInt8] {
      let bytes = FileSystem.contents(of: output, limit: count)
      guard bytes.count == count else {
        throw FakeSparkError(.launch, "the worker ended before it said where it listens")
      }
      return bytes
    }
    let number = try bytes(4).reduce(0) { $0 << 8 | Int($1) }
    switch transport {
    case .tcp:
      guard (1...65535).contains(number) else {
        throw FakeSparkError(.protocolViolation, "the worker's first number is \(number), no port")
      }
      return String(number)
    case .unix:
      guard (1..<104).contains(number) else {
        throw FakeSparkError(.protocolViolation, "a socket path of \(number) bytes")
      }
      let path = String(decoding: try bytes(number), as: UTF8.self)
      guard access(path, F_OK) == 0 else {
        throw FakeSparkError(.protocolViolation, "the socket \(path) does not exist")
      }
      return path
    }
  }
}
