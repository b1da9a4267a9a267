import FoundationEssentials
import Texts

/// The fields of a profile, from its file or from variables.
struct DatabricksValues {
  private var fields: [String: String] = [:]
  let source: String
  /// The profile's name, if it is one.
  let profile: String?

  subscript(name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }

  private static let variables = [
    "host": "DATABRICKS_HOST", "token": "DATABRICKS_TOKEN", "client_id": "DATABRICKS_CLIENT_ID",
    "client_secret": "DATABRICKS_CLIENT_SECRET", "auth_type": "DATABRICKS_AUTH_TYPE",
    "azure_tenant_id": "ARM_TENANT_ID", "azure_client_id": "ARM_CLIENT_ID",
    "azure_client_secret": "ARM_CLIENT_SECRET", "azure_environment": "ARM_ENVIRONMENT",
  ]

  /// - Throws: ``TokenError`` if there is no such profile.
  init(profile named: String?, environment: [String: String]) throws(TokenError) {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let name = named ?? value("DATABRICKS_CONFIG_PROFILE")
    if name == nil, value("DATABRICKS_HOST") != nil {
      source = "the environment (DATABRICKS_HOST and its kin)"
      profile = nil
      for (field, variable) in Self.variables { fields[field] = value(variable) }
      return
    }
    let wanted = name ?? "DEFAULT"
    let home = value("HOME") ?? FileManager.default.homeDirectoryForCurrentUser.path
    var path = value("DATABRICKS_CONFIG_FILE") ?? "~/.databrickscfg"
    if path.hasPrefix("~/") { path = home + path.dropFirst() }
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw TokenError(
        .settings,
        "Databricks' profiles \(path) cannot be read; make them with databricks configure, name another "
          + "file in DATABRICKS_CONFIG_FILE, or export DATABRICKS_HOST and DATABRICKS_TOKEN")
    }
    let sections = try ProfileFile.sections(String(decoding: contents, as: UTF8.self), of: path)
    guard let found = sections.first(where: { $0.name == wanted }) else {
      let names = sections.map(\.name).filter { !$0.hasPrefix("__") }
      throw TokenError(
        .settings,
        "\(path) has no profile '\(wanted)'; it has "
          + (names.isEmpty ? "none" : names.map { "'\($0)'" }.joined(separator: ", ")))
    }
    source = "the profile '\(wanted)' of \(path)"
    profile = wanted
    fields = found.fields
  }
}
