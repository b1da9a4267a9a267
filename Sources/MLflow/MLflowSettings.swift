import FoundationEssentials
import Texts
import Web

/// Where models of MLflow come from and go to, as the variables of MLflow's own client say.
package struct MLflowSettings: Sendable, Hashable {
  /// Who asks; no description shows more than that there is something.
  struct Authorization: Sendable, Hashable {
    let header: String
    /// The variables that it is from, for messages.
    let source: String
  }

  /// `MLFLOW_TRACKING_URI`: it knows runs and logged models, and passes on their files.
  let tracking: WebAddress
  /// `MLFLOW_REGISTRY_URI`: it knows names, versions and aliases.
  let registry: WebAddress
  let authorization: Authorization?
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
    var login = value("MLFLOW_TRACKING_USERNAME").flatMap { user in
      value("MLFLOW_TRACKING_PASSWORD").map { "\(user):\($0)" }
    }
    var source = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    func address(_ text: String, _ name: String) throws(MLflowError) -> WebAddress {
      let (plain, found) = Self.split(text)
      if let found, login == nil { (login, source) = (found, name) }
      guard let address = WebAddress(plain) else { throw Self.noServer(plain, name) }
      return address.appending("")
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
    tracking = try address(first, uri == nil ? "MLFLOW_REGISTRY_URI" : "MLFLOW_TRACKING_URI")
    registry =
      try registryURI.map { text throws(MLflowError) in
        try address(text, "MLFLOW_REGISTRY_URI")
      } ?? tracking
    if let login {
      let encoded = Data(login.utf8).base64EncodedString()
      authorization = Authorization(header: "Basic " + encoded, source: source)
    } else if let token = value("MLFLOW_TRACKING_TOKEN") {
      guard token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw MLflowError(
          .settings,
          "MLFLOW_TRACKING_TOKEN has more than a token in it, such as blanks or several lines")
      }
      authorization = Authorization(header: "Bearer " + token, source: "MLFLOW_TRACKING_TOKEN")
    } else {
      authorization = nil
    }
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
