import AccessTokens
import FoundationEssentials
import JSONText
import Texts
import Web

/// A session of Spark Connect in Amazon EMR, and how it is found.
package struct EMRSession: Sendable, Hashable {
  /// Where it runs, by the ids that AWS has given.
  package enum Place: Sendable, Hashable {
    case serverless(application: String, session: String)
    case machines(cluster: String, session: String)
    /// A managed endpoint on Kubernetes, whose tokens are for a role.
    case kubernetes(cluster: String, endpoint: String, role: String)
  }

  package var place: Place
  package var region: String?
  /// The profile of AWS' own tools; `nil` for what they take without one.
  package var profile: String?
  /// Another address of the interface than that of the region, for a private one.
  package var api: String?

  package init(place: Place, region: String?, profile: String?, api: String?) {
    self.place = place
    self.region = region
    self.profile = profile
    self.api = api
  }

  /// The header that shows AWS' proxy before the session who calls; there is no `Bearer` in it.
  package static let tokenHeader = "x-aws-proxy-auth"

  /// The service's name in signatures, and at the head of its host's name.
  private var service: String {
    switch place {
    case .serverless: "emr-serverless"
    case .machines: "elasticmapreduce"
    case .kubernetes: "emr-containers"
    }
  }

  /// The session's name in messages.
  var name: String {
    switch place {
    case .serverless(let application, let session):
      "the session \(session) of the application \(application) of EMR Serverless"
    case .machines(let cluster, let session): "the session \(session) of the EMR cluster \(cluster)"
    case .kubernetes(let cluster, let endpoint, _):
      "the endpoint \(endpoint) of the virtual cluster \(cluster) of EMR on EKS"
    }
  }

  /// What an account must be allowed.
  private var rights: String {
    switch place {
    case .serverless: "emr-serverless:GetSessionEndpoint"
    case .machines: "elasticmapreduce:GetSessionEndpoint"
    case .kubernetes:
      "emr-containers:DescribeManagedEndpoint and emr-containers:GetManagedEndpointSessionCredentials"
    }
  }

  /// Where the session's server is, with a token that is good now.
  ///
  /// - Throws: ``CloudError``, `CancellationError`.
  func endpoint(
    _ settings: WebSettings, environment: [String: String], now: Date = Date()
  ) async throws -> (CloudEndpoint, AccessToken) {
    let credentials = AmazonCredentials(profile: profile, environment: environment)
    let region = try region ?? credentials.region()
    let client = Client(
      signature: AmazonSignature(
        keys: try await credentials.keys(), region: region, service: service),
      address: try address(region),
      api: CloudAPI(
        name: "AWS", settings: settings,
        refusal: { refusal($0, $1, $2, credentials.source) }))
    switch place {
    case .serverless(let application, let session):
      let path = "/applications/\(application.asPathPart)/sessions/\(session.asPathPart)/endpoint"
      return try found(await client.get(path), url: "endpoint", headers: [:])
    case .machines(let cluster, let session):
      let answer = try await client.post(
        "/", ["ClusterId": .string(cluster), "SessionId": .string(session)],
        type: "application/x-amz-json-1.1", target: "ElasticMapReduce.GetSessionEndpoint")
      // The cluster's proxy finds the session by it.
      return try found(answer, url: "Endpoint", headers: ["authorization": session])
    case .kubernetes(let cluster, let endpoint, let role):
      let path = "/virtualclusters/\(cluster.asPathPart)/endpoints/\(endpoint.asPathPart)"
      let description = try await client.get(path)["endpoint"] ?? .null
      let state = description["state"]?.string ?? "unknown"
      guard state == "ACTIVE" else {
        let why = description["stateDetails"]?.string.map { ": \($0.prefix(400))" } ?? ""
        throw CloudError(
          .session, "\(name) is \(state)\(why); it must be ACTIVE: make another one")
      }
      let answer = try await client.post(
        "\(path)/credentials",
        ["executionRoleArn": .string(role), "credentialType": .string("TOKEN")],
        type: "application/json",
        target: nil)
      let token = answer["credentials"]?["token"]
      return try found(
        .object([
          ("authProxyUrl", description["authProxyUrl"] ?? .null), ("token", token ?? .null),
          ("expiresAt", answer["expiresAt"] ?? .null),
        ]), url: "authProxyUrl", headers: [:])
    }
  }

  private func address(_ region: String) throws(CloudError) -> WebAddress {
    let isPlain = !region.isEmpty && region.utf8.allSatisfy { $0.isLetterOrDigit || $0 == 45 }
    let end = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    let text = api ?? "https://\(service).\(region).\(end)"
    guard isPlain, let address = WebAddress(text) else {
      throw CloudError(
        .settings,
        "'\(api ?? region)' is no \(api == nil ? "region" : "address") of AWS; expected one such as "
          + (api == nil ? "eu-central-1" : "https://vpce-1.\(service).eu-central-1.amazonaws.com"))
    }
    return address
  }

  /// The endpoint and the token in an answer.
  private func found(
    _ answer: JSONValue, url: String, headers: [String: String]
  ) throws(CloudError) -> (CloudEndpoint, AccessToken) {
    let fields = TokenAnswer(answer.encoded())
    guard let text = answer[url]?.string, let token = fields?.token else {
      throw CloudError(
        .session,
        "AWS tells no endpoint and token of \(name); see whether it runs (aws \(service) help), and "
          + "whether it was made for Spark Connect")
    }
    var plain = Substring(text)
    if let scheme = plain.firstRange(of: "://") { plain = plain[scheme.upperBound...] }
    guard let address = WebAddress("https://\(plain)") else {
      throw CloudError(.session, "AWS tells the endpoint '\(text)' of \(name), which is no address")
    }
    return (
      CloudEndpoint(host: address.host, port: address.port, sessionID: nil, headers: headers),
      AccessToken(token, expiry: fields?.expiry(now: Date()))
    )
  }

  private func refusal(
    _ status: Int, _ code: String, _ words: String, _ source: String
  ) -> CloudError {
    let said =
      "(HTTP \(status)" + (code.isEmpty ? "" : ", \(code)") + (words.isEmpty ? "" : ": \(words)")
      + ")"
    let isAboutKeys =
      status == 401 || code.contains("Token") || code.contains("Signature")
      || code.contains("UnrecognizedClient")
    if isAboutKeys {
      return CloudError(
        .refused,
        "AWS does not accept the keys \(said); they are from \(source): see whether they have ended, "
          + "and this machine's clock")
    }
    if status == 403 || code.contains("AccessDenied") {
      return CloudError(
        .refused,
        "AWS does not allow it \(said); the account of \(source) needs \(rights)")
    }
    return CloudError(
      .session,
      "AWS gives no endpoint of \(name) \(said); see that the ids and the region are right, and that it "
        + "runs")
  }
}

/// Requests with signatures.
private struct Client {
  let signature: AmazonSignature
  let address: WebAddress
  let api: CloudAPI

  func get(_ path: String) async throws -> JSONValue {
    let place = address.appending(path)
    return try await api.answer(of: place) { client in
      try await client.fetch(
        place,
        headers: signature.headers(
          "GET", place, headers: [("accept", "application/json")], body: [], now: Date()))
    }
  }

  func post(
    _ path: String, _ wish: JSONValue, type: String, target: String?
  ) async throws -> JSONValue {
    let place = address.appending(path)
    let body = wish.encoded()
    let headers = [("content-type", type)] + (target.map { [("x-amz-target", $0)] } ?? [])
    return try await api.answer(of: place) { client in
      try await client.post(
        place,
        headers: signature.headers("POST", place, headers: headers, body: body, now: Date()),
        body: body)
    }
  }
}
