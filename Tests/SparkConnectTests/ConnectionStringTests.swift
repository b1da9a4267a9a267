import AccessTokens
import Testing

@testable import SparkConnect

struct ConnectionStringTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var text: String
    var host: String
    var port = 15002
    var token: String?
    var useTLS = false
    var headers: [String: String] = [:]
    var testDescription: String { text }
  }

  @Test(
    "what is understood",
    arguments: [
      Case(text: "sc://localhost", host: "localhost"),
      Case(text: "sc://localhost/", host: "localhost"),
      Case(text: "sc://host.com:443/;", host: "host.com", port: 443),
      Case(text: "sc://host.com:443/;use_ssl=true", host: "host.com", port: 443, useTLS: true),
      Case(text: "sc://h/;token=ab%2Fc", host: "h", token: "ab/c", useTLS: true),
      Case(text: "sc://h/;token=a;use_ssl=false", host: "h", token: "a"),
      Case(text: "sc://localhost/;token=a", host: "localhost", token: "a"),
      Case(text: "sc://127.0.0.1:8/;token=a=b", host: "127.0.0.1", port: 8, token: "a=b"),
      Case(text: "sc://[::1]:8/;token=a", host: "::1", port: 8, token: "a"),
      Case(text: "sc://[2001:db8::7]", host: "2001:db8::7"),
      Case(text: "sc://h/;X-A=b%20c;x-b=", host: "h", headers: ["x-a": "b c", "x-b": ""]),
      Case(text: "sc://h/;USE_SSL=1", host: "h", headers: ["use_ssl": "1"]),
    ])
  func understood(expected: Case) throws {
    let parsed = try ConnectionString(expected.text, environment: [:])
    #expect(parsed.host == expected.host)
    #expect(parsed.port == expected.port)
    #expect(parsed.token == expected.token)
    #expect(parsed.useTLS == expected.useTLS)
    #expect(parsed.headers == expected.headers)
  }

  @Test(
    "what is refused, and why",
    arguments: [
      ("http://localhost", "does not begin with sc://"),
      ("sc://", "no host"),
      ("sc://:15002", "no host"),
      ("sc://h:0", "port is '0'"),
      ("sc://h:65536", "port is '65536'"),
      ("sc://h:abc", "port is 'abc'"),
      ("sc://::1", "no host"),
      ("sc://[::1", "]"),
      ("sc://[::1]8", "follows the host"),
      ("sc://h;token=a", "no / before"),
      ("sc://h/path", "a path"),
      ("sc://h/;token", "no name and value"),
      ("sc://h/;=a", "no name and value"),
      ("sc://h/;x=%zz", "percent-encoded"),
      ("sc://h/;use_ssl=maybe", "use_ssl is 'maybe'"),
      ("sc://h/;session_id=1", "no UUID"),
      ("sc://h/;key_file=k.pem", "come together"),
      ("sc://h/;x-a=1;x-a=2", "'x-a' is given twice"),
      ("sc://h/;x-a=1;X-A=2", "'x-a' is given twice"),
      ("sc://h/;a b=1", "cannot be a request header"),
      ("sc://h/;x-a=%0A", "cannot be a request header"),
      ("sc://h/;x-a-bin=1", "cannot be a request header"),
    ])
  func refused(text: String, reason: String) async {
    let error = await sparkError { _ = try ConnectionString(text, environment: [:]) }
    #expect(error.kind == .connectionString)
    #expect(error.message.contains(reason))
    #expect(error.message.contains("sc://host:port/"))
  }

  @Test(
    "sources of tokens",
    arguments: [
      ("token_env=MY_TOKEN", .environment("MY_TOKEN")), ("token_file=/run/t", .file("/run/t")),
      (
        "token_command=gcloud auth print-access-token%3B true",
        .command("gcloud auth print-access-token; true")
      ),
      ("google_credentials=default", .google(nil)),
      ("google_credentials=/k.json", .google("/k.json")),
      (
        "oauth_token_url=https://l/t;oauth_client_id=me;oauth_client_secret_env=S;oauth_scope=a%20b;"
          + "oauth_client_auth=post",
        .clientCredentials(
          ClientCredentials(
            tokenURL: "https://l/t", clientID: "me", clientSecret: Secret("hush"), scope: "a b",
            isSecretInForm: true))
      ),
    ] as [(String, TokenSource)])
  func sources(parameters: String, source: TokenSource) throws {
    // What is named counts more than what happens to be in the environment.
    let environment = ["S": "hush", "SPARK_CONNECT_AUTHENTICATE_TOKEN": "e"]
    let parsed = try ConnectionString("sc://h/;\(parameters);x-a=b", environment: environment)
    #expect(parsed.tokenSource == source && parsed.token == nil && parsed.useTLS)
    #expect(parsed.headers == ["x-a": "b"])
    let local = try ConnectionString("sc://localhost/;\(parameters)", environment: environment)
    #expect(!local.useTLS)
  }

  @Test(
    "sources of tokens that contradict or lack something",
    arguments: [
      ("token=hush;token_file=/t", "given at once"),
      ("token_env=T;token_file=/t", "several sources"),
      ("oauth_token_url=https://l;oauth_client_id=me", "OAuth needs"),
      ("oauth_client_secret=hush", "OAuth needs"),
      ("oauth_token_url=https://l;oauth_client_id=me;oauth_client_secret_env=NONE", "'NONE'"),
      ("oauth_token_url=https://l;oauth_client_id=me;oauth_client_secret_file=/none", "'/none'"),
      (
        "oauth_token_url=https://l;oauth_client_id=me;oauth_client_secret=hush;oauth_client_auth=x",
        "basic or post"
      ),
    ])
  func contradictions(parameters: String, reason: String) async {
    let error = await sparkError {
      _ = try ConnectionString("sc://h/;\(parameters)", environment: [:])
    }
    #expect(error.kind == .connectionString && error.message.contains(reason), "\(error)")
    #expect(!error.message.contains("hush"))
  }

  @Test("no description of a connection shows a token or a header's value")
  func descriptions() throws {
    for text in [
      "sc://h/;token=hush", "sc://h/;x-key=hush", "sc://h/;token_command=echo hush",
      "sc://[::1]:7/;oauth_token_url=https://l;oauth_client_id=me;oauth_client_secret=hush",
    ] {
      let parsed = try ConnectionString(text, environment: [:])
      var dumped = ""
      dump(parsed, to: &dumped)
      for shown in ["\(parsed)", String(reflecting: parsed), dumped] {
        #expect(!shown.contains("hush"), "\(shown)")
        #expect(shown.contains("sc://"))
      }
    }
  }

  @Test("the environment's token is the default, an own one wins, and none is shown")
  func environmentToken() async throws {
    let environment = ["SPARK_CONNECT_AUTHENTICATE_TOKEN": "e"]
    #expect(try ConnectionString("sc://h", environment: environment).token == "e")
    #expect(try ConnectionString("sc://h/;token=o", environment: environment).token == "o")
    #expect(
      try ConnectionString(
        "sc://h", environment: ["SPARK_CONNECT_AUTHENTICATE_TOKEN": ""]
      ).token == nil)
    for text in [
      "sc://h:x/;token=secret", "sc://h;token=secret", "sc://h/token=secret",
      "sc://h/;Token=secret;x",
      "sc://h/;authorization=secret;token",
    ] {
      let error = await sparkError { _ = try ConnectionString(text, environment: [:]) }
      #expect(!error.message.contains("secret"), "\(error)")
    }
  }
}
