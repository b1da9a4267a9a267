import Glibc
import Texts
import Web

/// Where the files of a model are, by the server's own words.
struct ModelLocation {
  let uri: String
  /// The version, or the ID of the logged model.
  let revision: String?

  private static let proxy = "/api/2.0/mlflow-artifacts/artifacts"

  /// What the files are read from.
  ///
  /// - Throws: ``MLflowError`` if they lie where nothing is read from.
  func artifacts(
    of reference: MLflowReference, _ client: MLflowClient
  ) throws(MLflowError) -> any ModelArtifacts {
    func served(_ base: WebAddress, _ path: Substring) throws(MLflowError) -> any ModelArtifacts {
      var path = String(path)
      while path.hasPrefix("/") { path.removeFirst() }
      while path.hasSuffix("/") { path.removeLast() }
      guard path.isPlainPath else {
        throw MLflowError(
          .damaged, "\(reference): the server names a place of files that is none: '\(shown)'")
      }
      return ServedArtifacts(base: base, root: path, reference: reference, client: client)
    }
    if let rest = uri.dropping("mlflow-artifacts:") {
      var base = client.settings.tracking
      var path = rest
      if rest.hasPrefix("//"), !rest.hasPrefix("///") {
        let host = rest.dropFirst(2).prefix { $0 != "/" }
        let scheme = base.isSecure ? "https" : "http"
        guard let other = WebAddress("\(scheme)://\(host)\(base.target)") else {
          throw unsupported(reference)
        }
        base = other
        path = rest.dropFirst(2 + host.count)
      }
      return try served(base.appending(Self.proxy), path)
    }
    if uri.hasPrefix("http://") || uri.hasPrefix("https://") {
      guard let split = uri.firstRange(of: "/mlflow-artifacts/artifacts"),
        let base = WebAddress(String(uri[..<split.upperBound]))
      else { throw unsupported(reference) }
      return try served(base, uri[split.upperBound...])
    }
    var path = uri[...]
    if let rest = uri.dropping("file:") {
      let decoded = rest.percentDecoded
      path = decoded.dropping("//localhost") ?? decoded.dropping("//") ?? decoded[...]
    }
    guard path.hasPrefix("/") else { throw unsupported(reference) }
    guard access(String(path), R_OK) == 0 else {
      throw MLflowError(
        .unsupportedStore,
        "\(reference): the server keeps its files in \(path) on a machine where that folder is, and it is "
          + "not on this one; start the server with --serve-artifacts, so that it passes on what is logged "
          + "from then on, or \(Self.fetch(reference)) there, and name FOLDER")
    }
    return LocalArtifacts(folder: String(path))
  }

  private static func fetch(_ reference: MLflowReference) -> String {
    var name = reference.text
    if let start = ["models:/", "runs:/"].compactMap({ name.firstRange(of: $0) }).first {
      name = String(name[start.lowerBound...])
    }
    return "fetch it with `mlflow artifacts download --artifact-uri \(name) --dst-path FOLDER`"
  }

  /// The address of a store may have a key or a password in it.
  private var shown: String {
    MLflowReference.shown(String(uri.prefix { $0 != "?" && $0 != "#" }))
  }

  private func unsupported(_ reference: MLflowReference) -> MLflowError {
    MLflowError(
      .unsupportedStore,
      "\(reference): its files lie in '\(shown)', from where they are not read here; "
        + "\(Self.fetch(reference)), which has what that store needs, and name FOLDER; or let the server "
        + "pass on what is logged from then on: `mlflow server --serve-artifacts --artifacts-destination "
        + "STORE`")
  }
}

extension StringProtocol {
  /// What is behind a text with which it begins.
  fileprivate func dropping(_ start: String) -> SubSequence? {
    hasPrefix(start) ? dropFirst(start.count) : nil
  }
}
