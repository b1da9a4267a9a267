import SparkConnect

/// The connection string.
struct AddressCheck: Check {
  static let key = "address"

  let key: String = Self.key
  let name = "Address"
  let remedy =
    "Write it as sc://host:port/;name=value, for example --remote 'sc://spark.example.com:443/;token=TOKEN'"
    + "; sessions of clouds are databricks://, dataproc:// and emr://"
  let server: any ServerAccess

  func run() async throws -> Finding {
    if let session = try server.target().cloudSession {
      do {
        let target = try await server.resolve()
        return .ok(
          "\(session) is at \(target.host), port \(target.port), with TLS"
            + (target.isBridged ? ", through web sockets" : ""),
          ["host": target.host, "port": "\(target.port)", "tls": "true", "token": "true"])
      } catch let error as SparkError {
        return .fail(error.message, remedy: "Do what the message says; docs/Access.md tells more")
      }
    }
    let target = try server.target()
    let security = target.useTLS ? "with TLS" : "without TLS"
    let hasToken = target.token != nil || target.tokenSource != nil
    let token = hasToken ? "a token" : "no token"
    return .ok(
      "\(target.host), port \(target.port), \(security), \(token)",
      [
        "host": target.host, "port": "\(target.port)", "tls": "\(target.useTLS)",
        "token": "\(hasToken)",
      ])
  }
}

/// The name of the server's machine.
struct NameCheck: Check {
  static let key = "name"

  let key: String = Self.key
  let name = "Name lookup"
  let needs: [String] = [AddressCheck.key]
  let remedy =
    "Correct the name in --remote, and see what the system knows: getent hosts NAME; in another network, "
    + "a VPN or a tunnel may be needed (ssh -L 15002:SERVER:15002 GATEWAY, then --remote sc://localhost)"
  let server: any ServerAccess

  func run() async throws -> Finding {
    let host = try server.target().host
    do {
      let address = try server.address()
      return .ok(
        address == host ? "\(host) is an address" : "\(host) is \(address)", ["address": address])
    } catch {
      return .fail("\(host) is not known here: \(error)")
    }
  }
}

/// The port of the server.
struct PortCheck: Check {
  static let key = "tcp"

  let key: String = Self.key
  let name = "TCP connection"
  let needs: [String] = [NameCheck.key]
  let remedy =
    "Ask the operator: 'Does Spark Connect run there, and may my machine reach its port?'"
  let server: any ServerAccess

  func run() async throws -> Finding {
    let target = try server.target()
    let place = "port \(target.port) of \(target.host)"
    do {
      try await server.connect()
      return .ok("\(place) takes connections")
    } catch {
      return .fail(
        "\(place) takes no connection: \(error)", remedy: Self.remedy(for: "\(error)", target.port))
    }
  }

  /// What to do by the system's text; `nil` if that tells nothing.
  static func remedy(for text: String, _ port: Int) -> String? {
    let remedies: Remedies = [
      ["refused"]: """
      Nobody listens there: start the server (sbin/start-connect-server.sh), or correct the port \
      (Spark's own is 15002, that of a proxy with TLS mostly 443)
      """,
      ["imeout", "timed out", "nreachable"]: """
      A firewall drops it, or it is in another network. Ask the operator: 'Please open TCP port \
      \(port) for my machine', or go through a tunnel: ssh -L \(port):SERVER:\(port) GATEWAY
      """,
    ]
    return remedies.first(for: text)
  }
}
