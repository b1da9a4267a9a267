import AccessTokens
import FoundationEssentials
import Texts

extension ConnectionString {
  /// Reads `databricks://PROFILE?cluster=ID` or `databricks://PROFILE?serverless`.
  ///
  /// Spark Connect of Databricks wants nothing but what other clients send, too: TLS, a bearer token, and
  /// a header that names the cluster, or a session of serverless compute.
  ///
  /// - Throws: ``SparkError`` that says what is wrong or missing.
  init(databricks text: String, environment: [String: String]) throws {
    let parts = text.dropFirst("databricks://".count).split(
      separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let options = parts.count == 2 ? parts[1].split(separator: "&") : []
    // What stands there may be a token in the wrong place: it is not shown.
    func failure(_ reason: String) -> SparkError {
      SparkError(
        .connectionString,
        "the address databricks://... is wrong: \(reason); the form is databricks://PROFILE?cluster=ID or "
          + "databricks://PROFILE?serverless, where further are &session_id=, &user_agent= and &ca_file="
      )
    }
    var values: [String: String] = [:]
    for option in options {
      let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(pair[0])
      guard
        ["cluster", "serverless", "session_id", "user_agent", "ca_file"].contains(name)
      else { throw failure("an option of it is unknown") }
      guard let value = pair.count == 2 ? pair[1].strictlyPercentDecoded : "" else {
        throw failure("the value of '\(name)' is not percent-encoded correctly")
      }
      guard values.updateValue(value, forKey: name) == nil else {
        throw failure("'\(name)' is given twice")
      }
    }
    func value(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }
    guard let profile = (parts.first ?? "").strictlyPercentDecoded, !profile.contains("/")
    else { throw failure("the profile's name has a / or a wrong %") }
    var compute: DatabricksConfiguration.Compute?
    if let cluster = value("cluster") {
      compute = .cluster(cluster)
    } else if values["cluster"] != nil {
      throw failure("the cluster's id is empty")
    }
    switch values["serverless"] {
    case nil, "false": break
    case "", "true", "auto":
      if compute != nil { throw failure("it names a cluster and serverless compute at once") }
      compute = .serverless
    case let other?: throw failure("serverless is '\(other)', it can be true or false")
    }
    let session = value("session_id") ?? UUID().uuidString.lowercased()
    guard UUID(uuidString: session) != nil else { throw failure("session_id is no UUID") }
    let found: DatabricksConfiguration
    do throws(TokenError) {
      found = try DatabricksConfiguration(
        profile: profile.isEmpty ? nil : profile, compute: compute, authorities: value("ca_file"),
        environment: environment)
    } catch {
      throw SparkError(.connectionString, error.message, cause: error)
    }
    let (name, id) =
      switch found.compute {
      case .cluster(let id): ("x-databricks-cluster-id", id)
      case .serverless: ("x-databricks-session-id", session)
      }
    guard Self.isHeader(name, id) else {
      throw failure("the cluster's id has other characters than an id has")
    }
    headers = [name: id]
    host = found.host
    port = found.port
    useTLS = true
    token = nil
    tokenSource = found.tokens
    userAgent = value("user_agent")
    sessionID = session
    caFile = value("ca_file")
  }
}
