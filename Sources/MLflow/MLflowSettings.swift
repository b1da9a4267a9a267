import FoundationEssentials
import Texts
import Web

/// Where models of MLflow come from and go to, as the variables of MLflow's own client say.
package struct MLflowSettings: Sendable, Hashable {
  /// Who asks; no description shows more than where that is from.
  struct Authorization: Sendable, Hashable {
    let header: String
    /// The variables that it is from, for messages.
    let source: String
  }

  /// `MLFLOW_TRACKING_URI`: it knows runs and logged models, and passes on their files.
  let tracking: WebAddress
  /// `MLFLOW_REGISTRY_URI`: it knows names, versions and aliases.
  let registry: WebAddress
  /// Who asks ``tracking``, and who asks ``registry``: a name in one's address is not for the other.
  private let trackingAuthorization: Authorization?
  private let registryAuthorization: Authorization?
  /// `MLFLOW_WORKSPACE`, where servers have several.
  let workspace: String?
  /// The folder of the cache.
  package let cache: String
  /// How the servers are reached.
  let web: WebSettings

  /// - Parameter server: that which the model's name tells.
  /// - Throws: ``MLflowError`` if a variable has a value that it cannot have.
  init(environment: [String: String], server: String?) throws(MLflowError) {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let everywhere = try Self.authorization(of: value)
    func named(
      _ text: String, _ name: String
    ) throws(MLflowError) -> (WebAddress, Authorization?) {
      let (plain, login) = Self.split(text)
      guard let address = WebAddress(plain) else {
        throw Self.noServer(MLflowReference.shown(plain), name)
      }
      let own = login.map { Authorization(basic: $0, source: name) }
      // As for MLflow's own client, names go before tokens.
      let isNamed = everywhere.map { $0.header.hasPrefix("Basic ") } ?? false
      return (address.appending(""), isNamed ? everywhere : own ?? everywhere)
    }
    let uri = server ?? value("MLFLOW_TRACKING_URI")
    let registryURI = server ?? value("MLFLOW_REGISTRY_URI")
    guard let first = uri ?? registryURI else {
      throw MLflowError(
        .settings,
        "no server of MLflow is named: set MLFLOW_TRACKING_URI to its address, such as "
          + "http://localhost:5000, or write it before the model: mlflow:http://localhost:5000/models:/..."
      )
    }
    let runs = try named(first, uri == nil ? "MLFLOW_REGISTRY_URI" : "MLFLOW_TRACKING_URI")
    var names = runs
    if let registryURI { names = try named(registryURI, "MLFLOW_REGISTRY_URI") }
    (tracking, trackingAuthorization) = runs
    (registry, registryAuthorization) = names
    workspace = value("MLFLOW_WORKSPACE")
    var timeout = 120
    if let text = value("MLFLOW_HTTP_REQUEST_TIMEOUT") {
      guard let seconds = Int(text), (1...86_400).contains(seconds) else {
        throw MLflowError(
          .settings,
          "MLFLOW_HTTP_REQUEST_TIMEOUT is '\(text)', it must be a whole number of seconds above 0")
      }
      timeout = seconds
    }
    let caches = value("XDG_CACHE_HOME") ?? (value("HOME") ?? "/tmp") + "/.cache"
    cache = value("NEEDLETAIL_MLFLOW_CACHE") ?? caches + "/needletail/mlflow"
    do throws(WebSettingsError) {
      var web = try WebSettings(environment: environment, timeout: timeout)
      if let file = value("MLFLOW_TRACKING_SERVER_CERT_PATH") { web.authorities = file }
      self.web = web
    } catch {
      throw MLflowError(.settings, error.message, cause: error)
    }
  }

  /// What the variables for all servers say.
  private static func authorization(
    of value: (String) -> String?
  ) throws(MLflowError) -> Authorization? {
    if let user = value("MLFLOW_TRACKING_USERNAME"), let word = value("MLFLOW_TRACKING_PASSWORD") {
      return Authorization(
        basic: "\(user):\(word)", source: "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD")
    }
    guard let token = value("MLFLOW_TRACKING_TOKEN") else { return nil }
    guard token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw MLflowError(
        .settings,
        "MLFLOW_TRACKING_TOKEN has more than a token in it, such as blanks or several lines")
    }
    return Authorization(header: "Bearer " + token, source: "MLFLOW_TRACKING_TOKEN")
  }

  /// Whether the user named the server of an address, and so what is for servers of MLflow alone.
  func knows(_ address: WebAddress) -> Bool {
    address.isOfSameServer(as: tracking) || address.isOfSameServer(as: registry)
  }

  /// Who asks the server of an address; `nil` for nobody, and for servers that the user did not name.
  func authorization(for address: WebAddress) -> Authorization? {
    if address.isOfSameServer(as: tracking) { return trackingAuthorization ?? sameRegistry }
    return address.isOfSameServer(as: registry) ? registryAuthorization : nil
  }

  private var sameRegistry: Authorization? {
    registry.isOfSameServer(as: tracking) ? registryAuthorization : nil
  }

  /// An address without the name and password in it, and these as they are meant.
  private static func split(_ text: String) -> (String, String?) {
    guard let start = text.firstRange(of: "://")?.upperBound else { return (text, nil) }
    let end = text[start...].firstIndex(of: "/") ?? text.endIndex
    guard let at = text[start..<end].lastIndex(of: "@") else { return (text, nil) }
    let login = String(text[start..<at])
    return (String(text[..<start] + text[text.index(after: at)...]), login.percentDecoded)
  }

  private static func noServer(_ text: String, _ name: String) -> MLflowError {
    let isDatabricks = text.hasPrefix("databricks")
    return MLflowError(
      .settings,
      "\(name) is '\(text)', which is no address of a server"
        + (isDatabricks
          ? "; the registry of Databricks is not asked here: fetch the model with `mlflow artifacts "
            + "download --artifact-uri models:/NAME/VERSION --dst-path FOLDER`, and name FOLDER"
          : "; expected one such as http://localhost:5000. What lies in files or in a database, `mlflow "
            + "server --backend-store-uri \(text)` serves; a folder with a file MLmodel can be named itself")
    )
  }
}

extension MLflowSettings.Authorization: CustomStringConvertible, CustomReflectable {
  /// - Parameter login: `NAME:PASSWORD`.
  fileprivate init(basic login: String, source: String) {
    self.init(header: "Basic " + Data(login.utf8).base64EncodedString(), source: source)
  }

  var description: String { "from \(source)" }
  var customMirror: Mirror { Mirror(self, children: ["source": source]) }
}
