import Crypto
import FoundationEssentials
import Texts
import Web

/// What shows AWS who asks: keys, mostly for some hours.
struct AmazonKeys: Sendable, Hashable {
  var keyID: String
  var secret: String
  /// What belongs to keys that end.
  var sessionToken: String?
}

/// The signature of a request to AWS (version 4): it is good for this very request, for some minutes.
struct AmazonSignature {
  var keys: AmazonKeys
  var region: String
  /// The service's name in signatures, such as `emr-serverless`.
  var service: String

  /// The headers of a request, the signature among them.
  ///
  /// - Parameters:
  ///   - headers: those that are signed beside the host and the time, names in lower case.
  func headers(
    _ method: String, _ address: WebAddress, headers: [(String, String)], body: [UInt8], now: Date
  ) -> [(String, String)] {
    let time = Self.time(now)
    let day = String(time.prefix(8))
    var signed = headers + [("x-amz-date", time)]
    if let token = keys.sessionToken { signed.append(("x-amz-security-token", token)) }
    let parts = address.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let sorted = (signed + [("host", address.authority)]).sorted { $0.0 < $1.0 }
    let names = sorted.map(\.0).joined(separator: ";")
    let request = [
      method, Self.canonicalPath(parts.first ?? "/"), Self.canonicalQuery(parts.dropFirst().first),
      sorted.map { "\($0.0):\($0.1.trimmed)\n" }.joined(), names,
      Self.hex(SHA256.hash(data: body)),
    ].joined(separator: "\n")
    let scope = "\(day)/\(region)/\(service)/aws4_request"
    let text = [
      "AWS4-HMAC-SHA256", time, scope, Self.hex(SHA256.hash(data: Array(request.utf8))),
    ].joined(separator: "\n")
    var key = SymmetricKey(data: Array("AWS4\(keys.secret)".utf8))
    for part in [day, region, service, "aws4_request"] {
      key = SymmetricKey(
        data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
    }
    let signature = Self.hex(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    return signed + [
      (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=\(keys.keyID)/\(scope), SignedHeaders=\(names), "
          + "Signature=\(signature)"
      )
    ]
  }

  /// The path with each of its parts percent-encoded once more, as all services but S3 have it.
  private static func canonicalPath(_ path: Substring) -> String {
    path.isEmpty
      ? "/"
      : path.split(separator: "/", omittingEmptySubsequences: false).map(\.asPathPart)
        .joined(separator: "/")
  }

  /// Names and values in the order of the names; they are percent-encoded already.
  private static func canonicalQuery(_ query: Substring?) -> String {
    (query ?? "").split(separator: "&").map { $0.contains("=") ? String($0) : "\($0)=" }.sorted()
      .joined(separator: "&")
  }

  /// `20150830T123600Z`.
  private static func time(_ date: Date) -> String {
    let style = Date.ISO8601FormatStyle(
      dateSeparator: .omitted, dateTimeSeparator: .standard, timeSeparator: .omitted)
    return date.formatted(style)
  }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
