import FakeTokenServer
import Foundation
import Testing

@testable import AccessTokens

/// Tokens of variables, files and commands.
struct TokenSourceTests {
  /// A web token that ends at 2 000 000 000 s.
  private static let webToken =
    "e30." + Data(#"{"exp":2000000000}"#.utf8).base64URL + ".c2ln"

  @Test("a web token tells its own end, other texts none")
  func webTokens() {
    #expect(AccessToken(Self.webToken).expiry == Date(timeIntervalSince1970: 2e9))
    for text in ["a", "a.b.c", "..", "e30.e30.e30"] { #expect(AccessToken(text).expiry == nil) }
  }

  @Test("variables")
  func variable() async throws {
    let environment = ["T": " abc\n", "EMPTY": "", "TWO": "a b"]
    func token(_ name: String) async throws -> String {
      try await TokenSource.environment(name).provider(environment: environment).token().value
    }
    #expect(try await token("T") == "abc")
    for (name, reason) in [
      ("NONE", "is not set"), ("EMPTY", "empty"), ("TWO", "more than a token"),
    ] {
      let error = await tokenError { _ = try await token(name) }
      #expect(error.code == .settings && error.message.contains(reason), "\(error)")
      #expect(error.message.contains(name))
    }
  }

  @Test("a file is read again, so that who renews it need not tell")
  func file() async throws {
    let folder = try Folder()
    let path = try folder.write("one\n", "token")
    let provider = try TokenSource.file(path).provider(environment: [:])
    let first = try await provider.token()
    #expect(first.value == "one")
    #expect(try #require(first.renewal).timeIntervalSinceNow < 11)
    _ = try folder.write("two", "token")
    #expect(try await provider.token().value == "two")
    let error = await tokenError {
      _ = try await TokenSource.file("/none").provider(environment: [:]).token()
    }
    #expect(error.message.contains("/none cannot be read"))
  }

  @Test(
    "what commands print",
    arguments: [
      ("echo abc", "abc", nil),
      (#"echo '{"access_token":"a","expires_in":60}'"#, "a", 60),
      // databricks auth token
      (#"echo '{"access_token":"b","expiry":"2033-05-18T03:33:20.5+00:00"}'"#, "b", nil),
      // az account get-access-token
      (
        #"echo '{"accessToken":"c","expiresOn":"2033-05-18 05:33","expires_on":2000000000}'"#, "c",
        nil
      ),
      // aws emr-serverless get-session-endpoint
      (#"echo '{"authToken":"d","authTokenExpirationTime":"2033-05-18T03:33:20Z"}'"#, "d", nil),
      ("printf %s $VALUE", "of the environment", nil),
    ] as [(String, String, Double?)])
  func command(_ command: String, _ value: String, _ seconds: Double?) async throws {
    let environment = ["VALUE": "e", "PATH": "/usr/bin:/bin"]
    let token = try await TokenSource.command(command).provider(environment: environment).token()
    #expect(token.value == (value == "of the environment" ? "e" : value))
    if let seconds {
      let left = try #require(token.expiry).timeIntervalSinceNow
      #expect((seconds - 5...seconds).contains(left))
    } else if command.contains("20") {
      #expect(token.expiry == Date(timeIntervalSince1970: 2e9))
    } else {
      #expect(try #require(token.renewal).timeIntervalSinceNow > 200)
    }
  }

  @Test(
    "commands that fail",
    arguments: [
      ("echo secret; echo log in first >&2; exit 3", "status 3: log in first"),
      ("true", "is empty"), ("echo '{}'", "JSON without a token"),
      ("echo a b", "more than a token"),
      ("no-such-command-here", "status 127"),
    ])
  func failing(_ command: String, _ reason: String) async throws {
    let provider = try TokenSource.command(command).provider(environment: ["PATH": "/usr/bin:/bin"])
    let error = await tokenError { _ = try await provider.token() }
    #expect(error.message.contains(reason), "\(error)")
    #expect(!error.message.contains("secret"))
  }

  @Test("a command that does not end is ended")
  func slow() async throws {
    let provider = CommandToken(
      command: "sleep 30", environment: ["PATH": "/usr/bin:/bin"], limit: 1)
    let error = await tokenError { _ = try await provider.token() }
    #expect(error.message.contains("no token for 1 s"))
  }

  @Test("no description shows a secret")
  func descriptions() throws {
    let secret = Secret("hush-hush")
    let credentials = ClientCredentials(
      tokenURL: "https://h/t", clientID: "me", clientSecret: secret)
    let shown: [Any] = [
      secret, AccessToken("hush-hush"), TokenSource.fixed(secret), credentials,
      TokenSource.clientCredentials(credentials),
      try TokenSource.fixed(secret).provider(environment: [:]),
    ]
    for value in shown {
      var dumped = ""
      dump(value, to: &dumped)
      for text in ["\(value)", String(reflecting: value), dumped] {
        #expect(!text.contains("hush"), "\(text)")
      }
    }
  }
}
