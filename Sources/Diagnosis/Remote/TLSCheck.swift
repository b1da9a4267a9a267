import SparkConnect

/// Whether server and client agree on TLS.
struct TLSCheck: Check {
  static let key = "tls"

  let key: String = Self.key
  let name = "TLS"
  let needs: [String] = [PortCheck.key]
  let remedy =
    "Ask the operator: 'Does this port speak gRPC, with TLS or without, and which authority has signed its "
    + "certificate?'"
  let server: any ServerAccess

  func run() async throws -> Finding {
    let target = try server.target()
    let greeting: Greeting
    do {
      greeting = try await server.greeting()
    } catch {
      let text = "\(error)"
      let remedy = Self.remedy(for: text, target)
      return .fail("no agreement on TLS with \(target.host): \(text)", remedy: remedy)
    }
    switch (greeting, target.useTLS) {
    case (.tls(let application), true):
      if target.isBridged { return .ok("agreed on for a web socket, the certificate is trusted") }
      if application == "h2" { return .ok("agreed on, the certificate is trusted") }
      return .warn(
        "agreed on, but the server does not offer HTTP/2, which gRPC needs",
        remedy:
          "Ask the operator: 'Please let the proxy speak HTTP/2 on this port (nginx: listen ... ssl "
          + "http2; haproxy: alpn h2)'")
    case (.http2, false): return .ok("none asked for, and the server speaks HTTP/2 without it")
    case (.tls, false):
      return .fail(
        "the server speaks TLS, which the address does not ask for",
        remedy:
          "Add use_ssl=true to the address: --remote 'sc://\(target.host):\(target.port)/;use_ssl=true'"
      )
    case (.http1(let line), _):
      return .fail(
        "the server answers HTTP/1 ('\(line)'), so this is no port of gRPC",
        remedy:
          "Correct the port; the pages of Spark (4040, 8080) are others than Spark Connect's (15002)"
      )
    case (.http2, true), (.unknown, _):
      return .warn(
        "the server does not say what it speaks",
        remedy:
          "If the next step fails, ask the operator: 'Is this the port of Spark Connect, with TLS or "
          + "without?'")
    }
  }

  /// What to do by the text of TLS's error; `nil` if that tells nothing.
  static func remedy(for text: String, _ target: ConnectionString) -> String? {
    TLSFailure(text)?.advice(target)
  }
}
