/// Files for executors, among them the program and the models.
struct ArtifactsCheck: Check {
  static let key = "artifacts"
  static let proxyRemedy =
    "Ask the operator: 'Please let the proxy pass request bodies of any size' (nginx: client_max_body_size "
    + "0; grpc_read_timeout 1h; grpc_send_timeout 1h)"

  let key: String = Self.key
  let name = "Artifacts"
  let needs: [String] = [SparkVersionCheck.key]
  let remedy =
    "Ask the operator: 'Please let sessions of Spark Connect add artifacts, and look whether the server's "
    + "java.io.tmpdir has room'; or let them install the program on the executors, and say "
    + "--worker-executable installed:/path/there/needletail (NEEDLETAIL_WORKER=/path/there/needletail)"
  let server: any ServerAccess
  /// The program's path on the executors, if an operator has put it there.
  var installed: String?

  /// What fits into one message, and more than proxies pass by default (nginx: 1 MiB).
  private static let small = 64
  private static let large = 2 << 20

  func run() async throws -> Finding {
    do {
      try await server.send(Self.small)
    } catch {
      return without("the server takes no file: \(error)", remedy: nil)
    }
    do {
      try await server.send(Self.large)
    } catch {
      return without(
        "the server takes small files, but none of \(sizeText(Int64(Self.large))): \(error)",
        remedy: Self.proxyRemedy)
    }
    return .ok("the server takes files (\(sizeText(Int64(Self.large))) were sent)")
  }

  /// A program that is there needs no file, but models are sent, too.
  private func without(_ text: String, remedy: String?) -> Finding {
    guard let installed else { return .fail(text, remedy: remedy) }
    let plea = remedy ?? "Ask the operator: 'Please let sessions of Spark Connect add artifacts'"
    return .warn(
      "\(text). The program is on the executors (\(installed)), but models of files cannot be sent",
      remedy: "\(plea); or use models on a server (kserve://HOST:PORT/MODEL)")
  }
}
