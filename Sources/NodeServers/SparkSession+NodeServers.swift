public import SparkConnect

extension SparkSession {
  /// Starts a server of models beside each executor, runs `body`, and ends the servers.
  ///
  /// ```swift
  /// try await spark.withNodeServers(.needletail(["digits": .onnx("digits.onnx")])) { servers in
  ///   try await images.predicting(try servers.model(), inputs: ["pixels": "image"]).show()
  /// }
  /// ```
  ///
  /// Each server listens on the loopback interface of its machine, for the tasks beside it. All are
  /// ready when `body` begins; if one does not start, the others are ended and the error has the end
  /// of its log. While `body` runs, a server that ends or no longer answers is started again, and an
  /// executor that comes later gets one with its first task. The servers end with `body`; with their
  /// executor, if that ends before; and some twenty seconds after this program, if that is killed.
  ///
  /// - Parameters:
  ///   - specification: which servers.
  ///   - body: what uses them.
  /// - Throws: ``NeedletailError`` if a server does not start; ``SparkError``; what `body` throws.
  public func withNodeServers<Result: Sendable>(
    _ specification: NodeServerSpecification,
    _ body: (NodeServers) async throws -> Result
  ) async throws -> Result {
    let launcher = try await NodeServerLauncher(specification, session: self)
    do {
      let servers = try await launcher.start()
      let renewal = Task.detached { await launcher.renewing() }
      defer { renewal.cancel() }
      let result = try await body(servers)
      renewal.cancel()
      await launcher.stop()
      return result
    } catch {
      // A cancelled task cannot speak with the server.
      await Task.detached { await launcher.stop() }.value
      throw error
    }
  }
}
