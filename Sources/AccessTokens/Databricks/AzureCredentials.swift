import Texts

/// Who asks Microsoft's identity service for tokens of a Databricks workspace on Azure.
///
/// The fields and variables are those of Databricks' own tools. Not asked for are the second token that a service
/// principal needs who is no user of the workspace, and a tenant that the workspace would tell.
enum AzureCredentials {
  /// The application for which tokens are, of all workspaces.
  static let application = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"

  private static let authorities = [
    "PUBLIC": "https://login.microsoftonline.com",
    "USGOVERNMENT": "https://login.microsoftonline.us",
    "CHINA": "https://login.chinacloudapi.cn",
  ]

  /// A service principal with a secret; `nil` if the profile has none.
  ///
  /// - Throws: ``TokenError`` if the cloud is unknown.
  static func servicePrincipal(
    _ values: DatabricksValues, _ environment: [String: String]
  ) throws(TokenError) -> TokenSource? {
    guard let tenant = values["azure_tenant_id"], let id = values["azure_client_id"],
      let secret = values["azure_client_secret"]
    else { return nil }
    return .clientCredentials(
      ClientCredentials(
        tokenURL: "\(try authority(values, environment))/\(tenant)/oauth2/v2.0/token",
        clientID: id, clientSecret: Secret(secret), scope: "\(application)/.default",
        isSecretInForm: true))
  }

  /// Whoever has logged in with Azure's command.
  static func commandLine(_ values: DatabricksValues) -> TokenSource {
    let tenant = values["azure_tenant_id"].map {
      " --tenant '\($0.replacingBytes(of: "'", with: "'\\''"))'"
    }
    return .command(
      "az account get-access-token --resource \(application)\(tenant ?? "") --output json")
  }

  /// Where tokens are given: Azure's own variable goes before the cloud's name.
  private static func authority(
    _ values: DatabricksValues, _ environment: [String: String]
  ) throws(TokenError) -> String {
    if var host = environment["AZURE_AUTHORITY_HOST"], !host.isEmpty {
      while host.last == "/" { host.removeLast() }
      return host.contains("://") ? host : "https://\(host)"
    }
    let cloud = values["azure_environment"] ?? "PUBLIC"
    guard let host = authorities[cloud.uppercased()] else {
      throw TokenError(
        .settings,
        "\(values.source) says azure_environment = \(cloud); expected PUBLIC, USGOVERNMENT or CHINA"
      )
    }
    return host
  }
}
