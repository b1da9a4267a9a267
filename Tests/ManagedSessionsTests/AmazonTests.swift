import AccessTokens
import FakeTokenServer
import Foundation
import Testing
import Web

@testable import ManagedSessions

/// Requests to AWS: whose keys, how they are signed, and what is asked.
struct AmazonTests {
  private static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

  struct Signed: Sendable, CustomTestStringConvertible {
    var method = "GET"
    var address: String
    var headers: [String: String] = ["accept": "application/json"]
    var body = ""
    var token: String?
    var region: String
    var service: String
    /// What botocore 1.44.8 signs for the same at 2026-11-30 17:05:09, or AWS' own example.
    var signature: String
    var testDescription: String { address }
  }

  @Test(
    "signatures are those of AWS' own client",
    arguments: [
      Signed(
        address:
          "https://emr-serverless.eu-central-1.amazonaws.com/applications/00f1/sessions/00g2/endpoint",
        region: "eu-central-1", service: "emr-serverless",
        signature: "06299d85fec8cb99faf79db563ef88d792c7932c73c38855c7ed5c4382d7da14"),
      Signed(
        method: "POST", address: "https://elasticmapreduce.cn-north-1.amazonaws.com.cn/",
        headers: [
          "content-type": "application/x-amz-json-1.1",
          "x-amz-target": "ElasticMapReduce.GetSessionEndpoint",
        ], body: #"{"ClusterId":"j-1","SessionId":"is-1"}"#, token: "to/ken+==",
        region: "cn-north-1", service: "elasticmapreduce",
        signature: "d211e190fa421ce4b99ddaa4e22c207dbf9f0d593dc31f130a97d87502c2e392"),
      Signed(
        address:
          "https://emr-containers.us-east-1.amazonaws.com/virtualclusters/a%20b/endpoints/e%2Fc?b=2&a=1%2C3",
        region: "us-east-1", service: "emr-containers",
        signature: "f4b5a7a93ddabc0ae5fda67a468a54e6cc691efdb8a4199b5be335da9ee41914"),
    ])
  func signature(_ wanted: Signed) throws {
    let signer = AmazonSignature(
      keys: AmazonKeys(keyID: "AKIDEXAMPLE", secret: Self.secret, sessionToken: wanted.token),
      region: wanted.region, service: wanted.service)
    let headers = signer.headers(
      wanted.method, try #require(WebAddress(wanted.address)),
      headers: wanted.headers.map { ($0.key, $0.value) }, body: Array(wanted.body.utf8),
      now: try Date("2026-11-30T17:05:09Z", strategy: .iso8601))
    let fields = Dictionary(headers, uniquingKeysWith: { $1 })
    #expect(fields["x-amz-date"] == "20261130T170509Z")
    #expect(fields["x-amz-security-token"] == wanted.token)
    let authorization = try #require(fields["authorization"])
    #expect(authorization.hasSuffix("Signature=\(wanted.signature)"), "\(authorization)")
    #expect(
      authorization.hasPrefix(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261130/\(wanted.region)/\(wanted.service)/"
          + "aws4_request, SignedHeaders="))
  }

  // MARK: Keys

  @Test("keys come from variables, a profile, a command, a container's and a machine's role")
  func keys() async throws {
    let folder = try Folder()
    let machine = try await FakeTokenServer(tls: false) { request, _ in
      let isKnown = request.headers["x-aws-ec2-metadata-token"] == "pass"
      let keys = #"{"AccessKeyId": "M", "SecretAccessKey": "m", "Token": "mt"}"#
      return switch request.path {
      case "/latest/api/token": .init(200, "pass")
      case "/latest/meta-data/iam/security-credentials/" where isKnown: .init(200, "role-1\n")
      case "/latest/meta-data/iam/security-credentials/role-1" where isKnown: .init(200, keys)
      case "/box" where request.headers["authorization"] == "box-token":
        .init(200, keys.replacingOccurrences(of: "M", with: "B"))
      default: .init(404, "")
      }
    }
    let config = """
      [default]
      region = eu-north-1
      [profile tool]
      credential_process = echo '{"Version": 1, "AccessKeyId": "C", "SecretAccessKey": "c"}'
      [profile sso]
      sso_session = corp
      [profile empty]
      region = us-west-2
      """
    let credentials = """
      [work]
      aws_access_key_id = W
      aws_secret_access_key = w
      aws_session_token = wt
      """
    var base = [
      "AWS_CONFIG_FILE": try folder.write(config, "config"),
      "AWS_SHARED_CREDENTIALS_FILE": try folder.write(credentials, "credentials"),
      "AWS_EC2_METADATA_SERVICE_ENDPOINT": machine.address, "PATH": "/usr/bin:/bin",
    ]
    func keys(_ profile: String? = nil, _ more: [String: String] = [:]) async throws -> AmazonKeys {
      try await AmazonCredentials(
        profile: profile, environment: base.merging(more, uniquingKeysWith: { $1 })
      ).keys()
    }
    let own = ["AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "e"]
    #expect(try await keys(nil, own) == AmazonKeys(keyID: "E", secret: "e"))
    #expect(
      try await keys("work", own) == AmazonKeys(keyID: "W", secret: "w", sessionToken: "wt"))
    #expect(try await keys(nil, ["AWS_PROFILE": "tool"]) == AmazonKeys(keyID: "C", secret: "c"))
    let box = [
      "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(machine.address)/box",
      "AWS_CONTAINER_AUTHORIZATION_TOKEN": "box-token",
    ]
    #expect(try await keys(nil, box) == AmazonKeys(keyID: "B", secret: "m", sessionToken: "mt"))
    #expect(try await keys() == AmazonKeys(keyID: "M", secret: "m", sessionToken: "mt"))

    for (profile, more, says) in [
      ("sso", [:], "export-credentials --profile sso"), ("empty", [:], "has no keys"),
      ("nobody", [:], "there is no profile 'nobody'"),
      (nil, ["AWS_ACCESS_KEY_ID": "E"], "AWS_SECRET_ACCESS_KEY is not"),
      (nil, ["AWS_EC2_METADATA_DISABLED": "true"], "there are no keys"),
    ] as [(String?, [String: String], String)] {
      await #expect {
        _ = try await keys(profile, more)
      } throws: { error in
        (error as? CloudError)?.kind == .settings && "\(error)".contains(says)
      }
    }
    base["AWS_REGION"] = "eu-west-3"
    #expect(try AmazonCredentials(profile: nil, environment: base).region() == "eu-west-3")
    #expect(try AmazonCredentials(profile: "empty", environment: base).region() == "us-west-2")
    base["AWS_CONFIG_FILE"] = try folder.write("[profile default]\nregion = sa-east-1", "other")
    base["AWS_REGION"] = nil
    #expect(try AmazonCredentials(profile: nil, environment: base).region() == "sa-east-1")
    await machine.stop()
  }

  // MARK: Sessions

  private func endpoint(
    _ place: EMRSession.Place,
    _ answer: @escaping @Sendable (FakeTokenServer.Request, Int) -> FakeTokenServer.Answer
  ) async throws -> (Result<(CloudEndpoint, AccessToken), any Error>, [FakeTokenServer.Request]) {
    let folder = try Folder()
    let server = try await FakeTokenServer(tls: true, answer: answer)
    var settings = try WebSettings(environment: [:])
    settings.authorities = try folder.write(TestCertificates.authority, "ca.pem")
    let session = EMRSession(
      place: place, region: "eu-central-1", profile: nil, api: server.address)
    let environment = ["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "hush"]
    let result: Result<(CloudEndpoint, AccessToken), any Error>
    do {
      result = .success(try await session.endpoint(settings, environment: environment))
    } catch {
      result = .failure(error)
    }
    await server.stop()
    return (result, server.requests)
  }

  private static let serverless = EMRSession.Place.serverless(application: "00a", session: "00b")
  private static let end = 1_900_000_000.0

  @Test("a session of EMR Serverless is asked for by its ids")
  func serverless() async throws {
    let (result, requests) = try await endpoint(Self.serverless) { _, _ in
      .init(
        200,
        #"{"applicationId": "00a", "sessionId": "00b", "endpoint": "https://00b.s.example","#
          + #" "authToken": "t-1", "authTokenExpiresAt": \#(Self.end)}"#)
    }
    let (endpoint, token) = try result.get()
    #expect(endpoint == CloudEndpoint(host: "00b.s.example", port: 443, sessionID: nil))
    #expect(token.value == "t-1" && token.expiry == Date(timeIntervalSince1970: Self.end))
    #expect(requests.map(\.path) == ["/applications/00a/sessions/00b/endpoint"])
    #expect(
      requests.first?.headers["authorization"]?.contains("/eu-central-1/emr-serverless/") == true)
  }

  @Test("an endpoint of EMR on EKS: described first, then a token for a role")
  func kubernetes() async throws {
    let place = EMRSession.Place.kubernetes(
      cluster: "vc1", endpoint: "ep1", role: "arn:aws:iam::1:role/r")
    let (result, requests) = try await endpoint(place) { request, _ in
      request.path.hasSuffix("/credentials")
        ? .init(
          200,
          #"{"id": "1", "credentials": {"token": "t-2"}, "expiresAt": "2030-03-17T17:46:40Z"}"#)
        : .init(200, #"{"endpoint": {"state": "ACTIVE", "authProxyUrl": "proxy.example"}}"#)
    }
    let (endpoint, token) = try result.get()
    #expect(endpoint.host == "proxy.example" && endpoint.port == 443)
    #expect(token.value == "t-2" && token.expiry == Date(timeIntervalSince1970: Self.end))
    #expect(
      requests.map(\.path) == [
        "/virtualclusters/vc1/endpoints/ep1", "/virtualclusters/vc1/endpoints/ep1/credentials",
      ])
    #expect(
      requests.last?.body
        == #"{"executionRoleArn":"arn:aws:iam::1:role\/r","credentialType":"TOKEN"}"#
        || requests.last?.body
          == #"{"executionRoleArn":"arn:aws:iam::1:role/r","credentialType":"TOKEN"}"#
    )

    let (ended, _) = try await self.endpoint(place) { _, _ in
      .init(200, #"{"endpoint": {"state": "TERMINATED", "stateDetails": "idle"}}"#)
    }
    #expect { _ = try ended.get() } throws: { "\($0)".contains("is TERMINATED: idle") }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var status: Int
    var body: String
    var kind: CloudError.Kind
    var says: String
    var asked = 1
    var testDescription: String { says }
  }

  @Test(
    "what AWS says against it is told",
    arguments: [
      Case(
        status: 403,
        body: #"{"__type": "com.amazon#ExpiredTokenException", "message": "it has expired"}"#,
        kind: .refused, says: "ExpiredTokenException: it has expired"),
      Case(
        status: 403, body: #"{"__type": "AccessDeniedException", "Message": "no"}"#,
        kind: .refused, says: "needs emr-serverless:GetSessionEndpoint"),
      Case(
        status: 404, body: #"{"message": "Session 00b does not exist"}"#, kind: .session,
        says: "Session 00b does not exist"),
      Case(
        status: 400, body: #"{"__type": "ThrottlingException"}"#, kind: .unavailable,
        says: "HTTP 400", asked: 3),
      Case(status: 502, body: "", kind: .unavailable, says: "HTTP 502", asked: 3),
      Case(status: 200, body: "{}", kind: .session, says: "no endpoint and token"),
    ])
  func refusals(_ expected: Case) async throws {
    let (result, requests) = try await endpoint(Self.serverless) { _, _ in
      .init(expected.status, expected.body)
    }
    #expect {
      _ = try result.get()
    } throws: { error in
      let error = try #require(error as? CloudError)
      #expect(error.message.contains(expected.says), "\(error)")
      return error.kind == expected.kind && !error.message.contains("hush")
    }
    #expect(requests.count == expected.asked)
  }
}
