import FakeTokenServer
import Foundation
import Testing

@testable import AccessTokens

/// Databricks' profiles and variables.
struct DatabricksTests {
  private static let profiles = """
    ; of all tools
    [DEFAULT]
    host  = https://one.cloud.databricks.com/
    token = dapi-one
    cluster_id = 0101-aa

    [serverless]
    host = https://two.azuredatabricks.net:8443/?o=12
    client_id = me
    client_secret = hush = hush
    serverless_compute_id = auto

    # logged in by a browser
    [cli]
    host = three.gcp.databricks.com
    auth_type = databricks-cli
    [no-host]
    token = dapi
    [no-token]
    host = https://h
    [azure]
    host = https://h
    auth_type = azure-cli
    azure_tenant_id = t'1
    [principal]
    host = https://h
    azure_tenant_id = t-1
    azure_client_id = me
    azure_client_secret = hush
    azure_environment = china
    [half]
    host = https://h
    auth_type = azure-client-secret
    azure_client_id = me
    [cloud]
    host = https://h
    azure_tenant_id = t-1
    azure_client_id = me
    azure_client_secret = hush
    azure_environment = moon
    [other]
    host = https://h
    auth_type = github-oidc
    [both]
    host = https://h
    token = dapi
    cluster_id = c
    serverless_compute_id = auto
    [plain]
    host = http://h
    token = dapi
    """

  private static func read(
    _ profile: String?, compute: DatabricksConfiguration.Compute? = nil,
    _ environment: [String: String] = [:], text: String = profiles
  ) throws -> DatabricksConfiguration {
    let folder = try Folder()
    let file = try folder.write(text, "databrickscfg")
    return try DatabricksConfiguration(
      profile: profile, compute: compute, authorities: "/ca.pem",
      environment: ["DATABRICKS_CONFIG_FILE": file].merging(environment) { $1 })
  }

  @Test("profiles")
  func profile() throws {
    let first = try Self.read(nil)
    #expect(first.host == "one.cloud.databricks.com" && first.port == 443)
    #expect(first.compute == .cluster("0101-aa"))
    #expect(first.tokens == .fixed(Secret("dapi-one")))
    let second = try Self.read("serverless")
    #expect(second.host == "two.azuredatabricks.net" && second.port == 8443)
    #expect(second.compute == .serverless)
    #expect(
      second.tokens
        == .clientCredentials(
          ClientCredentials(
            tokenURL: "https://two.azuredatabricks.net:8443/oidc/v1/token", clientID: "me",
            clientSecret: Secret("hush = hush"), scope: "all-apis", authorities: "/ca.pem")))
    let third = try Self.read("cli", compute: .cluster("c"))
    #expect(third.tokens == .command("databricks auth token --profile 'cli'"))
    #expect(try Self.read("both", compute: .serverless).compute == .serverless)
    #expect(try Self.read("cli", ["DATABRICKS_CLUSTER_ID": "e"]).compute == .cluster("e"))
    #expect(try Self.read(nil, ["DATABRICKS_CONFIG_PROFILE": "serverless"]).port == 8443)
  }

  @Test("variables count without a profile's name, and not beside one")
  func variables() throws {
    let environment = [
      "DATABRICKS_HOST": "https://env", "DATABRICKS_TOKEN": "dapi-env",
      "DATABRICKS_SERVERLESS_COMPUTE_ID": "auto",
    ]
    let own = try Self.read(nil, environment)
    #expect(own.host == "env" && own.compute == .serverless)
    #expect(own.tokens == .fixed(Secret("dapi-env")))
    let named = try Self.read(
      "DEFAULT", ["DATABRICKS_HOST": "https://env", "DATABRICKS_TOKEN": "x"])
    #expect(named.host == "one.cloud.databricks.com")
    #expect(named.tokens == .fixed(Secret("dapi-one")))
  }

  @Test(
    "what is missing, and where",
    arguments: [
      ("none", "has no profile 'none'; it has 'DEFAULT', 'serverless'"),
      ("no-host", "has no host"),
      ("no-token", "has no token, no client_id with client_secret, and no azure_"),
      ("other", "expected pat, oauth-m2m, azure-client-secret, azure-cli or databricks-cli"),
      ("half", "has no azure_tenant_id, azure_client_id and azure_client_secret"),
      ("cloud", "azure_environment = moon; expected PUBLIC"),
      ("both", "a cluster and serverless compute at once"),
      ("plain", "with https://"),
    ])
  func missing(_ profile: String, _ says: String) async {
    let compute: DatabricksConfiguration.Compute? = profile == "both" ? nil : .cluster("c")
    let error = await tokenError { _ = try Self.read(profile, compute: compute) }
    #expect(error.code == .settings && error.message.contains(says), "\(error)")
    #expect(!error.message.contains("dapi") && !error.message.contains("hush"))
  }

  private static let application = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"

  @Test("a service principal of Azure")
  func principal() async throws {
    func expected(_ authority: String) -> TokenSource {
      .clientCredentials(
        ClientCredentials(
          tokenURL: authority + "/t-1/oauth2/v2.0/token", clientID: "me",
          clientSecret: Secret("hush"), scope: Self.application + "/.default",
          isSecretInForm: true))
    }
    let china = try Self.read("principal", compute: .serverless)
    #expect(china.tokens == expected("https://login.chinacloudapi.cn"))
    let variables = [
      "DATABRICKS_HOST": "https://env", "ARM_TENANT_ID": "t-1", "ARM_CLIENT_ID": "me",
      "ARM_CLIENT_SECRET": "hush",
    ]
    let own = try Self.read(nil, compute: .serverless, variables)
    #expect(own.tokens == expected("https://login.microsoftonline.com"))

    let folder = try Folder()
    let authority = try folder.write(TestCertificates.authority, "ca.pem")
    let server = try await FakeTokenServer(tls: true) { _, _ in .token("good", seconds: 60) }
    let environment = ["AZURE_AUTHORITY_HOST": server.address + "/", "SSL_CERT_FILE": authority]
    let tokens = try Self.read("principal", compute: .serverless, environment).tokens
    #expect(try await tokens.provider(environment: environment).token().value == "good")
    let request = try #require(server.requests.first)
    #expect(request.path == "/t-1/oauth2/v2.0/token")
    #expect(request.form["client_id"] == "me" && request.form["client_secret"] == "hush")
    #expect(request.form["scope"] == Self.application + "/.default")
    #expect(request.headers["authorization"] == nil)
    await server.stop()
  }

  @Test("whoever has logged in with Azure's command")
  func azureCommand() async throws {
    let tokens = try Self.read("azure", compute: .serverless).tokens
    let folder = try Folder()
    let script = """
      #!/bin/sh
      wanted="account get-access-token --resource \(Self.application) --tenant t'1 --output json"
      [ "$*" = "$wanted" ] ||
        { echo "unknown: $*" >&2; exit 1; }
      echo '{"accessToken": "of-az", "expires_on": 4102444800, "tokenType": "Bearer"}'

      """
    let file = try folder.write(script, "az")
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: file)
    let path = URL(fileURLWithPath: file).deletingLastPathComponent().path
    let token = try await tokens.provider(environment: ["PATH": "\(path):/usr/bin:/bin"]).token()
    #expect(token.value == "of-az" && token.expiry != nil)
    // Nobody has logged in, or there is no such command.
    let error = await tokenError {
      _ = try await tokens.provider(environment: ["PATH": "/nowhere"]).token()
    }
    #expect(error.code == .refused && error.message.contains("the command 'az'"), "\(error)")
  }

  @Test("files that are none, and a line out of place")
  func files() async {
    let none = await tokenError { _ = try Self.read("a", ["DATABRICKS_CONFIG_FILE": "/none"]) }
    #expect(none.message.contains("/none cannot be read"))
    let line = await tokenError { _ = try Self.read("a", text: "[a]\ndapi-secret\n") }
    #expect(line.message.contains("line 2") && !line.message.contains("secret"))
    let compute = await tokenError { _ = try Self.read("cli") }
    #expect(compute.message.contains("names no cluster"))
  }
}
