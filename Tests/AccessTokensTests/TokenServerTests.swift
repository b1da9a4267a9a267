import CryptoExtras
import FakeTokenServer
import Foundation
import Testing

@testable import AccessTokens

/// Tokens of servers, over real TLS.
struct TokenServerTests {
  private func credentials(
    _ server: FakeTokenServer, _ authority: String?, inForm: Bool = false
  ) -> ClientCredentials {
    ClientCredentials(
      tokenURL: server.address + "/oauth/token", clientID: "me", clientSecret: Secret("se+cr et"),
      scope: "all of it", authorities: authority, isSecretInForm: inForm)
  }

  private func token(_ credentials: ClientCredentials) async throws -> AccessToken {
    try await TokenSource.clientCredentials(credentials).provider(environment: [:]).token()
  }

  @Test("a client asks with a form, its secret in the header or in it", arguments: [false, true])
  func clientCredentials(inForm: Bool) async throws {
    let folder = try Folder()
    let authority = try folder.write(TestCertificates.authority, "ca.pem")
    let server = try await FakeTokenServer(tls: true) { _, _ in .token("good", seconds: 60) }
    let token = try await token(credentials(server, authority, inForm: inForm))
    #expect(token.value == "good")
    #expect((50...60).contains(try #require(token.expiry).timeIntervalSinceNow))
    let request = try #require(server.requests.first)
    #expect(request.path == "/oauth/token")
    #expect(request.form["grant_type"] == "client_credentials")
    #expect(request.form["scope"] == "all of it")
    let basic = "Basic " + Data("me:se%2Bcr%20et".utf8).base64EncodedString()
    #expect(request.headers["authorization"] == (inForm ? nil : basic))
    #expect(request.form["client_secret"] == (inForm ? "se+cr et" : nil))
    await server.stop()
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var answer: FakeTokenServer.Answer
    var code: TokenError.Code
    var says: String
    var asked = 1
    var testDescription: String { says }
  }

  @Test(
    "what a server says against it is told, but for the secret",
    arguments: [
      Case(
        answer: .init(401, #"{"error":"invalid_client","error_description":"no 'se+cr et' here"}"#),
        code: .refused, says: "status 401, invalid_client: no '***' here"),
      Case(
        answer: .init(400, #"{"error":"invalid_scope"}"#), code: .refused, says: "invalid_scope"),
      Case(answer: .init(404, "<html>"), code: .refused, says: "status 404, no reason"),
      Case(answer: .init(200, "<html>"), code: .refused, says: "something else than JSON"),
      Case(answer: .init(200, "{}"), code: .refused, says: "gives no token"),
      Case(
        answer: .init(200, #"{"access_token":"a","token_type":"mac"}"#), code: .refused,
        says: "of the kind 'mac'"),
      Case(
        answer: .init(302, "", headers: ["Location": "https://elsewhere"]), code: .settings,
        says: "sends on (status 302)"),
      Case(
        answer: .init(503, "", headers: ["Retry-After": "0"]), code: .unavailable,
        says: "status 503", asked: 3),
      Case(
        answer: .init(429, "", headers: ["Retry-After": "3600"]), code: .unavailable,
        says: "status 429"),
    ])
  func refusals(expected: Case) async throws {
    let server = try await FakeTokenServer(tls: false) { _, _ in expected.answer }
    let error = await tokenError { _ = try await token(credentials(server, nil)) }
    #expect(error.code == expected.code)
    #expect(error.message.contains(expected.says), "\(error)")
    #expect(error.message.contains("localhost"))
    #expect(!error.message.contains("se+cr"))
    #expect(server.requests.count == expected.asked)
    await server.stop()
  }

  @Test("a server that fails for a moment is asked again")
  func passing() async throws {
    let server = try await FakeTokenServer(tls: false) { _, number in
      number < 3 ? .init(502, "", headers: ["Retry-After": "0"]) : .token("late")
    }
    #expect(try await token(credentials(server, nil)).value == "late")
    await server.stop()
  }

  @Test("certificates that are not trusted, dead servers, and secrets in the clear")
  func connections() async throws {
    let server = try await FakeTokenServer(tls: true) { _, _ in .token("good") }
    let start = ContinuousClock.now
    let untrusted = await tokenError { _ = try await token(credentials(server, nil)) }
    #expect(untrusted.code == .unavailable && untrusted.message.contains("oauth_ca_file"))
    #expect(ContinuousClock.now - start < .seconds(3))
    #expect(server.requests.isEmpty)
    await server.stop()
    for (url, code, says) in [
      ("http://localhost:1/t", TokenError.Code.unavailable, "cannot be asked"),
      ("http://example.com/t", .settings, "would travel readable"),
      ("login", .settings, "is no address"),
    ] {
      let error = await tokenError {
        _ = try await token(
          ClientCredentials(tokenURL: url, clientID: "me", clientSecret: Secret("s")))
      }
      #expect(error.code == code && error.message.contains(says), "\(error)")
    }
  }

  // MARK: Google

  @Test("a service account signs its request")
  func serviceAccount() async throws {
    let folder = try Folder()
    let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let server = try await FakeTokenServer(tls: false) { _, _ in .token("google") }
    let pem = key.pemRepresentation.replacingOccurrences(of: "\n", with: "\\n")
    let file = try folder.write(
      #"{"type":"service_account","client_email":"a@b","private_key_id":"k1","private_key":"\#(pem)","#
        + #""token_uri":"\#(server.address)/token"}"#, "key.json")
    for (source, environment) in [
      (TokenSource.google(file), [:]), (.google(nil), ["GOOGLE_APPLICATION_CREDENTIALS": file]),
    ] {
      let provider = try source.provider(environment: environment)
      #expect(try await provider.token().value == "google")
      #expect(!"\(provider)".contains("PRIVATE KEY"))
    }
    let form = try #require(server.requests.first).form
    #expect(form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer")
    let parts = try #require(form["assertion"]).split(separator: ".")
    let head = String(decoding: try #require(Data(base64URL: parts[0])), as: UTF8.self)
    #expect(head.contains(#""alg":"RS256""#) && head.contains(#""kid":"k1""#))
    let claims = String(decoding: try #require(Data(base64URL: parts[1])), as: UTF8.self)
    #expect(claims.contains(#""iss":"a@b""#) && claims.contains("cloud-platform"))
    let signature = _RSA.Signing.RSASignature(
      rawRepresentation: try #require(Data(base64URL: parts[2])))
    #expect(
      key.publicKey.isValidSignature(
        signature, for: Data("\(parts[0]).\(parts[1])".utf8), padding: .insecurePKCS1v1_5))
    await server.stop()
  }

  @Test("a user's credentials are renewed")
  func user() async throws {
    let folder = try Folder()
    let server = try await FakeTokenServer(tls: false) { request, _ in
      request.form["refresh_token"] == "r-secret"
        ? .token("mine") : .init(400, #"{"error":"invalid_grant"}"#)
    }
    func file(_ refresh: String) throws -> String {
      try folder.write(
        #"{"type":"authorized_user","client_id":"i","client_secret":"c-secret","refresh_token":"\#(refresh)","#
          + #""token_uri":"\#(server.address)"}"#, "adc.json")
    }
    let good = try TokenSource.google(try file("r-secret")).provider(environment: [:])
    #expect(try await good.token().value == "mine")
    let bad = try TokenSource.google(try file("r-old-secret")).provider(environment: [:])
    let error = await tokenError { _ = try await bad.token() }
    #expect(error.message.contains("invalid_grant"))
    #expect(error.message.contains("gcloud auth application-default login"))
    #expect(!error.message.contains("secret"))
    await server.stop()
  }

  @Test(
    "files that are no credentials",
    arguments: [
      ("", "have no 'type'"), (#"{"type":"external_account"}"#, "of the kind 'external_account'"),
      (#"{"type":"service_account","client_email":"a"}"#, "have no 'private_key'"),
      (#"{"type":"service_account","client_email":"a","private_key":"hush"}"#, "cannot be used"),
    ])
  func noCredentials(_ text: String, _ says: String) async throws {
    let folder = try Folder()
    let file = try folder.write(text, "key.json")
    let error = await tokenError {
      _ = try await TokenSource.google(file).provider(environment: [:]).token()
    }
    #expect(error.code == .settings && error.message.contains(says), "\(error)")
    #expect(error.message.contains(file) && !error.message.contains("hush"))
  }
}
