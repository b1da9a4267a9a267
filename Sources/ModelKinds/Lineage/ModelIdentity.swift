import Deployment
import FoundationEssentials
import HostProcesses
import MLflow
package import ModelHub
import SparkFunctions
import Texts

/// Which model computed something, so that it can be told from others later.
package struct ModelIdentity: Sendable, Hashable, Codable {
  /// The path, id or address that the user gave.
  package var name: String
  /// What runs it.
  package var format: String
  /// The SHA-256 of its file, hexadecimal. Of several files it is that of a list of them, in the order of
  /// their names, with a line for each as `sha256sum` prints it. `nil` for a model that a server has, and
  /// where nobody asked for it.
  package var sha256: String?
  /// The commit of a hub that it is from, or the version or ID of a model of MLflow.
  package var revision: String?
  /// The options of its loader that may change what it gives.
  package var options: [String: String]
}

extension ModelIdentity {
  /// Options that change nothing in what a model gives; some of them are nobody's business.
  private static let unimportant: Set<String> = [
    "threads", "token", "timeout", "sharedMemory", "maxMessageBytes", "certificateAuthority",
    "encoding", "model",
  ]

  fileprivate init(_ source: ModelSource) {
    name = source.path
    // An address may have a name and a password in it.
    if source.kind.isServed, let at = name.lastIndex(of: "@"),
      let scheme = name.firstRange(of: "://"), scheme.upperBound <= at
    {
      name.removeSubrange(scheme.upperBound...at)
    }
    format = source.format.rawValue
    options = source.options.filter { option, _ in
      !Self.unimportant.contains(option) && !option.hasPrefix(OptionValues.header)
    }
    if let model = source.options["model"], source.kind.isServed { options["model"] = model }
  }

  /// The same model, wherever it lies.
  package func isSame(as other: ModelIdentity) -> Bool {
    if format != other.format || options != other.options { return false }
    if sha256 == nil, other.sha256 == nil { return name == other.name }
    return sha256 == other.sha256
  }
}

extension ModelIdentity: CustomStringConvertible {
  /// `digits.onnx (SHA-256 1f825aa2f0ef...)`
  package var description: String {
    var details: [String] = []
    if let revision {
      details.append(
        HubReference.isOne(name) ? "commit \(revision.prefix(12))" : "version \(revision)")
    }
    if let sha256 { details.append("SHA-256 \(sha256.prefix(12))...") }
    details += options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return details.isEmpty ? name : "\(name) (\(details.joined(separator: ", ")))"
  }
}

extension ModelSource {
  /// Which model this is, as far as that is known without reading it.
  package var plainIdentity: ModelIdentity { ModelIdentity(self) }

  /// The commit of a hub that the model is from, or its version in MLflow, once that is known.
  var knownRevision: String? {
    if isOfMLflow { return (try? MLflowModel(path))?.revision }
    return HubReference.isOne(path) ? (try? HubModel(path, nil))?.commit : nil
  }

  /// Which model this is. All its files are read for that, and the caller's thread waits.
  ///
  /// - Parameter hub: where a model with an id is from; `nil` for that of the environment.
  /// - Throws: ``NeedletailError`` if a file cannot be read; ``HubError`` if it cannot be had from its hub.
  package func identity(from hub: Hub? = nil) throws -> ModelIdentity {
    var identity = ModelIdentity(self)
    if kind.isServed { return identity }
    let place = try self.place(hub)
    identity.revision = place.revision
    var files: [(name: String, path: String)] = []
    if FileManager.default.isFolder(place.path) {
      let names = try place.files ?? FolderFiles(place.path).files.map(\.name)
      files = names.map { ($0, "\(place.path)/\($0)") }
    } else {
      let name = URL(fileURLWithPath: place.path).lastPathComponent
      files = [(name, place.path)]
      files += try kind.filesBeside(place.path).map { ($0.name, $0.path) }
    }
    for option in kind.fileOptions {
      for path in OptionValues.paths(in: options[option]) { files.append((path, path)) }
      // Their contents tell them, not where they lie.
      identity.options[option] = nil
    }
    let hashes = try files.map { (name: $0.name, hash: try Self.hash(of: $0.path)) }
    if hashes.count == 1 {
      identity.sha256 = hashes[0].hash
    } else {
      let lines = hashes.sorted { $0.name < $1.name }.map { "\($0.hash)  \($0.name)\n" }
      identity.sha256 = Data(lines.joined().utf8).fullHash
    }
    return identity
  }

  private static func hash(of path: String) throws -> String {
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped).fullHash
    } catch {
      throw NeedletailError(
        .usage, "\(path) of the model cannot be read: \(error.reason)", cause: error)
    }
  }
}
