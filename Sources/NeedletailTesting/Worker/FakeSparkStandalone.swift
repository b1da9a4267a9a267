import Glibc
public import SparkWorker
import Threads

/// Spark with `spark.python.use.daemon=false`: a process for one task, which connects back.
public enum FakeSparkStandalone {
  /// Starts `executable`, waits for its connection, and greets it.
  ///
  /// - Returns: the connection, and a closure that waits for the process and returns its exit status.
  /// - Throws: ``FakeSparkError``.
  public static func launch(
    executable: String, version: SparkProtocolVersion = .v4_3
  ) throws -> (FakeSparkConnection, waitForExit: @Sendable () -> Int32) {
    let secret = "secret-\(UInt64.random(in: 0 ... .max))"
    let (listener, port) = try Socket.listenTCP()
    defer { close(listener) }
    let process = try FakeSparkProcess(
      executable, ["-m", "pyspark.worker"],
      [
        "PATH": "/usr/bin:/bin", "PYTHON_WORKER_FACTORY_PORT": String(port),
        "PYTHON_WORKER_FACTORY_SECRET": secret,
      ])
    Thread.start { process.copyErrors { _ in } }
    guard let connection = Socket.accept(listener) else {
      throw FakeSparkError(.launch, "the worker does not connect")
    }
    let sent = try connection.readText()
    guard sent == secret else {
      throw FakeSparkError(.protocolViolation, "the worker sent the secret '\(sent)'")
    }
    connection.write(text: "ok")
    try connection.flush()
    let spark = try FakeSparkConnection(connection, version: version, secret: nil)
    return (
      spark,
      {
        var status: Int32 = 0
        while waitpid(process.processID, &status, 0) < 0, errno == EINTR {}
        close(process.input)
        close(process.output)
        return FakeSparkProcess.status(status)
      }
    )
  }
}
