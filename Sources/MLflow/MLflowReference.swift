import Glibc

/// A model of MLflow as its users name it: `models:/name/3`, `models:/name@alias`, `models:/name/Stage`,
/// `models:/name/latest`, `models:/m-ID`, `runs:/ID/path`; or a folder with a file `MLmodel`.
///
/// `mlflow:` may stand before each, and between them the address of the server, which the environment
/// tells otherwise: `mlflow:https://mlflow.example.com/models:/name/3`.
package struct MLflowReference: Sendable, Hashable {
  package enum Subject: Sendable, Hashable {
    case version(name: String, version: String)
    case alias(name: String, alias: String)
    /// The newest version in a stage, of registries that still have stages.
    case stage(name: String, stage: String)
    case latest(name: String)
    /// A model that was logged, whether it is registered or not.
    case logged(id: String)
    /// What a run logged under a path.
    case run(id: String, path: String)
    /// What lies on this machine.
    case folder(String)
  }

  /// The reference as the user wrote it.
  package let text: String
  /// The server that it names itself.
  package let server: String?
  package let subject: Subject

  private static let scheme = "mlflow:"
  private static let form =
    "the form is models:/NAME/VERSION, models:/NAME@ALIAS, models:/NAME/latest, models:/m-ID or "
    + "runs:/RUN_ID/PATH, with mlflow:http://HOST:PORT/ before it if the environment names no server"

  /// Whether `text` means a model of MLflow. Folders are looked into.
  package static func isOne(_ text: String) -> Bool {
    [scheme, "models:/", "runs:/"].contains { text.hasPrefix($0) }
      || access(text + "/" + LoggedModel.file, F_OK) == 0
  }

  /// - Throws: ``MLflowError`` if `text` is of another form.
  package init(_ text: String) throws(MLflowError) {
    func wrong(_ reason: String) -> MLflowError {
      MLflowError(
        .invalidReference, "'\(Self.shown(text))' names no model of MLflow: \(reason); \(Self.form)"
      )
    }
    self.text = text
    var rest = text[...]
    if rest.hasPrefix(Self.scheme) { rest = rest.dropFirst(Self.scheme.utf8.count) }
    if rest.hasPrefix("http://") || rest.hasPrefix("https://") {
      guard let kind = ["/models:/", "/runs:/"].compactMap({ rest.firstRange(of: $0) }).first else {
        throw wrong("no model stands behind the server")
      }
      let address = String(rest[..<kind.lowerBound])
      if address.contains("@") {
        throw wrong(
          "names and passwords do not belong there, where logs show them; put them into "
            + "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD")
      }
      server = address
      rest = rest[kind.lowerBound...].dropFirst()
    } else {
      server = nil
    }

    if rest.hasPrefix("models:/") {
      let name = rest.dropFirst("models:/".utf8.count)
      if name.hasPrefix("/") { throw wrong("the models of Databricks' profiles are not fetched") }
      guard let subject = Self.registered(name) else { throw wrong("that is no name of a model") }
      self.subject = subject
    } else if rest.hasPrefix("runs:/") {
      let parts = rest.dropFirst("runs:/".utf8.count).split(
        separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      var path = parts.count > 1 ? String(parts[1]) : ""
      while path.hasSuffix("/") { path.removeLast() }
      guard parts.count == 2, !parts[0].isEmpty, path.isPlainPath else {
        throw wrong("a run's ID and the path of what it logged are expected")
      }
      subject = .run(id: String(parts[0]), path: path)
    } else if access(String(rest) + "/" + LoggedModel.file, F_OK) == 0 {
      subject = .folder(String(rest))
    } else {
      throw wrong("it is neither that nor a folder with a file \(LoggedModel.file)")
    }
  }

  /// What stands behind `models:/`.
  private static func registered(_ text: Substring) -> Subject? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard let name = parts.first, !name.isEmpty, parts.count <= 2 else { return nil }
    if parts.count == 2 {
      let suffix = parts[1]
      if suffix.isEmpty { return nil }
      if suffix.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
        return .version(name: name, version: suffix)
      }
      return suffix.lowercased() == "latest"
        ? .latest(name: name) : .stage(name: name, stage: suffix)
    }
    guard let at = name.lastIndex(of: "@") else {
      return name.isPlainPath ? .logged(id: name) : nil
    }
    let alias = String(name[name.index(after: at)...])
    let model = String(name[..<at])
    return alias.isEmpty || model.isEmpty ? nil : .alias(name: model, alias: alias)
  }

  /// A text for messages, without a password that it may have.
  static func shown(_ text: String) -> String {
    guard let start = text.firstRange(of: "://")?.upperBound else { return text }
    // A password may have a slash in it, and a model an alias behind an @.
    let end = ["/models:/", "/runs:/"].compactMap { text.firstRange(of: $0)?.lowerBound }.min()
    guard let at = text[start..<Swift.max(end ?? text.endIndex, start)].lastIndex(of: "@") else {
      return text
    }
    return String(text[..<start]) + "..." + String(text[at...])
  }

  /// What to call the model.
  package var plainName: String {
    switch subject {
    case .version(let name, _), .alias(let name, _), .stage(let name, _), .latest(let name):
      return name
    case .logged(let id): return id
    case .run(_, let path), .folder(let path):
      return path.split(separator: "/").last.map(String.init) ?? path
    }
  }
}

extension MLflowReference: CustomStringConvertible {
  package var description: String { text }
}

extension String {
  /// Whether it is a path of which no part is empty or leads elsewhere.
  var isPlainPath: Bool {
    !utf8.contains { $0 < 0x20 || $0 == 0x7F }
      && split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
        !$0.isEmpty && $0 != "." && $0 != ".."
      }
  }
}
