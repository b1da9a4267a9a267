import GRPCCore

/// Why a client and a server do not agree on TLS, by what BoringSSL says; waiting does not help.
package enum TLSFailure: CaseIterable {
  /// The server speaks without TLS.
  case cleartext
  /// The certificate is for another name.
  case otherName
  /// Nobody whom this machine trusts has signed the certificate.
  case untrusted
  /// The server wants a certificate of the client, or nothing of what the client can.
  case clientCertificate

  private var signs: [String] {
    switch self {
    case .cleartext: ["WRONG_VERSION_NUMBER", "HTTP_REQUEST"]
    case .otherName: ["ailedToValidateHostname", "alidate hostname"]
    case .untrusted: ["CERTIFICATE_VERIFY_FAILED", "unableToValidateCertificate"]
    case .clientCertificate:
      ["CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE", "UNKNOWN_CA"]
    }
  }

  /// The failure that a text tells; `nil` if it tells none.
  package init?(_ text: String) {
    let found = Self.allCases.first { $0.signs.contains { text.contains($0) } }
    guard let found else { return nil }
    self = found
  }

  /// The failure behind an error of a call; `nil` if TLS is not the reason.
  init?(_ error: RPCError) {
    guard error.code == .unavailable else { return nil }
    self.init("\(error.message) \(error.cause.map { "\($0)" } ?? "")")
  }

  /// What to do about it.
  package func advice(_ target: ConnectionString) -> String {
    switch self {
    case .cleartext:
      "The server speaks without TLS: add use_ssl=false to the address (a token then travels "
        + "readable: only through a tunnel or within this machine)"
    case .otherName:
      "The certificate is for another name: use that name in --remote, or ask the operator: 'Please "
        + "add \(target.host) to the names of the certificate'"
    case .untrusted:
      "This machine does not know the authority that has signed the certificate, or it has expired: "
        + "get the authority's certificate from the operator, and add ca_file=/path/of/ca.pem to the "
        + "address"
    case .clientCertificate:
      "The server may want a certificate of this client: add certificate_file= and key_file= to the "
        + "address"
    }
  }
}
