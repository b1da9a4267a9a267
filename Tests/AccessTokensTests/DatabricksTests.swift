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
      ("no-host", "has no host"), ("no-token", "has no token, and no client_id"),
      ("azure", "auth_type = azure-cli"), ("both", "a cluster and serverless compute at once"),
      ("plain", "with https://"),
    ])
  func missing(_ profile: String, _ says: String) async {
    let compute: DatabricksConfiguration.Compute? = profile == "both" ? nil : .cluster("c")
    let error = await tokenError { _ = try Self.read(profile, compute: compute) }
    #expect(error.code == .settings && error.message.contains(says), "\(error)")
    #expect(!error.message.contains("dapi"))
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
