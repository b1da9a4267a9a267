import Texts

/// How a Databricks workspace is reached and by whom: a profile of `~/.databrickscfg`, or the variables that
/// Databricks' own tools have.
///
/// A profile that is named counts alone: of the variables, which may be those of another workspace, only
/// those that name the compute are looked at. Without a name the variables count if `DATABRICKS_HOST` is
/// among them, else the profile `DEFAULT`.
package struct DatabricksConfiguration: Sendable, Hashable {
  /// Where Spark runs.
  package enum Compute: Sendable, Hashable {
    /// A cluster, by its id.
    case cluster(String)
    /// Databricks' own machines.
    case serverless
  }

  /// What it was read from, for messages.
  package let source: String
  /// The workspace's host.
  package let host: String
  /// Its port.
  package let port: Int
  package let compute: Compute
  package let tokens: TokenSource

  /// - Parameters:
  ///   - profile: the name of the profile; `nil` for none.
  ///   - compute: what was asked for beside it.
  ///   - authorities: the file of the authorities that are trusted for the workspace.
  /// - Throws: ``TokenError`` that says what is missing, and where.
  package init(
    profile: String?, compute asked: Compute?, authorities: String?, environment: [String: String]
  ) throws(TokenError) {
    let values = try DatabricksValues(profile: profile, environment: environment)
    source = values.source
    (host, port) = try Self.host(values)
    if let asked { compute = asked } else { compute = try Self.compute(values, environment) }
    tokens = try Self.tokens(values, host: host, port: port, authorities, environment)
  }

  // MARK: Host

  private static func host(_ values: DatabricksValues) throws(TokenError) -> (String, Int) {
    guard let text = values["host"] else {
      throw TokenError(
        .settings,
        "\(values.source) has no host; expected the workspace's address such as "
          + "https://dbc-a1b2.cloud.databricks.com, as host in the profile or in DATABRICKS_HOST")
    }
    var rest = Substring(text)
    if let scheme = rest.firstRange(of: "://") {
      guard rest[..<scheme.lowerBound].lowercased() == "https" else {
        throw TokenError(
          .settings, "the host of \(values.source) is '\(text)'; expected an address with https://")
      }
      rest = rest[scheme.upperBound...]
    }
    rest = rest.prefix { !"/?#".contains($0) }
    let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
    let port = parts.count == 2 ? Int(parts[1]) : parts.count == 1 ? 443 : nil
    guard let name = parts.first, !name.isEmpty, let port, (1...65535).contains(port) else {
      throw TokenError(
        .settings,
        "the host of \(values.source) is '\(text)'; expected the workspace's address such as "
          + "https://dbc-a1b2.cloud.databricks.com")
    }
    return (String(name), port)
  }

  // MARK: Compute

  private static func compute(
    _ values: DatabricksValues, _ environment: [String: String]
  ) throws(TokenError) -> Compute {
    func value(_ field: String, _ variable: String) -> String? {
      values[field] ?? environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    }
    let cluster = value("cluster_id", "DATABRICKS_CLUSTER_ID")
    let serverless = value("serverless_compute_id", "DATABRICKS_SERVERLESS_COMPUTE_ID")
    switch (cluster, serverless) {
    case (let cluster?, nil): return .cluster(cluster)
    case (nil, "auto"?): return .serverless
    case (nil, let other?):
      throw TokenError(
        .settings,
        "serverless_compute_id of \(values.source) is '\(other)'; it can be 'auto' only")
    case (_?, _?):
      throw TokenError(
        .settings,
        "\(values.source) names a cluster and serverless compute at once; say which: "
          + "databricks://PROFILE?cluster=ID or databricks://PROFILE?serverless")
    case (nil, nil):
      throw TokenError(
        .settings,
        "\(values.source) names no cluster; write databricks://PROFILE?cluster=ID or "
          + "databricks://PROFILE?serverless, or cluster_id or serverless_compute_id = auto in the profile "
          + "(DATABRICKS_CLUSTER_ID, DATABRICKS_SERVERLESS_COMPUTE_ID)")
    }
  }

  // MARK: Tokens

  private static func tokens(
    _ values: DatabricksValues, host: String, port: Int, _ authorities: String?,
    _ environment: [String: String]
  ) throws(TokenError) -> TokenSource {
    let kind = values["auth_type"]?.lowercased()
    let server = "https://\(host)" + (port == 443 ? "" : ":\(port)")
    func needs(_ fields: String) -> TokenError {
      TokenError(
        .settings,
        "\(values.source) says auth_type = \(kind ?? ""), and has no \(fields); add it, or remove auth_type"
      )
    }
    if kind == nil || kind == "pat" {
      if let token = values["token"] { return .fixed(Secret(token)) }
      if kind != nil { throw needs("token") }
    }
    if kind == nil || kind == "oauth-m2m" {
      if let id = values["client_id"], let secret = values["client_secret"] {
        return .clientCredentials(
          ClientCredentials(
            tokenURL: "\(server)/oidc/v1/token", clientID: id, clientSecret: Secret(secret),
            scope: "all-apis", authorities: authorities))
      }
      if kind != nil { throw needs("client_id and client_secret") }
    }
    if kind == nil || kind == "azure-client-secret" {
      if let principal = try AzureCredentials.servicePrincipal(values, environment) {
        return principal
      }
      if kind != nil {
        throw needs("azure_tenant_id, azure_client_id and azure_client_secret (ARM_TENANT_ID, ...)")
      }
    }
    if kind == "azure-cli" { return AzureCredentials.commandLine(values) }
    if kind == "databricks-cli" {
      // Its own token is of a person who has logged in in a browser, and it renews it.
      let (option, value) = values.profile.map { ("--profile", $0) } ?? ("--host", server)
      let quoted = value.replacingBytes(of: "'", with: "'\\''")
      return .command("databricks auth token \(option) '\(quoted)'")
    }
    if let kind {
      throw TokenError(
        .settings,
        "\(values.source) says auth_type = \(kind), which is not understood here; expected pat, "
          + "oauth-m2m, azure-client-secret, azure-cli or databricks-cli. For others use "
          + "sc://\(host):443/;x-databricks-cluster-id=ID with token_command= and a command that prints a "
          + "token")
    }
    throw TokenError(
      .settings,
      "\(values.source) has no token, no client_id with client_secret, and no azure_tenant_id with "
        + "azure_client_id and azure_client_secret; add one of them, or auth_type = databricks-cli after "
        + "databricks auth login, or azure-cli after az login")
  }
}
