import Glibc
import JSONText
import Web

/// A file of a model, by its path in the model's folder.
struct Artifact: Sendable, Hashable {
  let path: String
  /// In bytes; `nil` if the server does not say it.
  let size: Int?
}

/// The files of a model, wherever they lie.
protocol ModelArtifacts: Sendable {
  /// What keeps models of different places apart.
  var identity: String { get }

  /// The files in a folder and those below it.
  ///
  /// - Throws: ``MLflowError``.
  func files() throws -> [Artifact]

  /// A small file; `nil` if there is none.
  ///
  /// - Throws: ``MLflowError``.
  func contents(_ path: String) throws -> [UInt8]?
}

/// Files of this machine, which are read where they lie.
struct LocalArtifacts: ModelArtifacts {
  let folder: String

  var identity: String { folder }

  func files() throws -> [Artifact] {
    var found: [Artifact] = []
    try visit("", depth: 0, &found)
    return found
  }

  private func visit(_ path: String, depth: Int, _ found: inout [Artifact]) throws {
    let place = path.isEmpty ? folder : "\(folder)/\(path)"
    guard depth < ServedArtifacts.deepest, let entries = opendir(place) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      let inner = path.isEmpty ? name : "\(path)/\(name)"
      var status = stat()
      guard stat("\(folder)/\(inner)", &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: try visit(inner, depth: depth + 1, &found)
      case S_IFREG: found.append(Artifact(path: inner, size: Int(status.st_size)))
      default: break
      }
    }
  }

  func contents(_ path: String) throws -> [UInt8]? {
    guard let file = fopen("\(folder)/\(path)", "re") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: LoggedModel.largest + 1)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
    return bytes
  }
}

/// Files that the tracking server passes on (`mlflow-artifacts:`).
struct ServedArtifacts: ModelArtifacts {
  /// The address of the service.
  let base: WebAddress
  /// The model's folder, from the service's own.
  let root: String
  let reference: MLflowReference
  let client: MLflowClient

  var identity: String { "\(base)/\(root)" }

  /// A server that answers without an end must not keep the driver busy.
  static let deepest = 16
  private static let most = 10_000

  func files() throws -> [Artifact] {
    var found: [Artifact] = []
    var folders = [""]
    while let folder = folders.popLast() {
      let place = folder.isEmpty ? root : "\(root)/\(folder)"
      let answer = try client.json(
        base, "", [("path", place)], for: "the list of its files", of: reference)
      for entry in answer["files"]?.elements ?? [] {
        let name = entry["path"]?.string ?? ""
        let path = folder.isEmpty ? name : "\(folder)/\(name)"
        guard name.isPlainPath, !name.contains("/"), found.count + folders.count < Self.most,
          path.split(separator: "/").count <= Self.deepest
        else { throw wrongList(name) }
        if entry["is_dir"]?.boolean == true {
          folders.append(path)
        } else {
          found.append(Artifact(path: path, size: Self.size(of: entry["file_size"])))
        }
      }
    }
    guard Set(found.map(\.path)).count == found.count else { throw wrongList("one twice") }
    return found
  }

  /// Some servers write numbers of 64 bits as texts, as JSON made of protobuf has them.
  private static func size(of json: JSONValue?) -> Int? {
    let size = json?.wholeNumber ?? json?.string.flatMap { Int($0) }
    return size.flatMap { $0 >= 0 ? $0 : nil }
  }

  private func wrongList(_ name: String) -> MLflowError {
    MLflowError(
      .damaged,
      "\(reference): \(base) lists files that cannot be a model's ('\(name.prefix(100))', or more than "
        + "\(Self.most), or deeper than \(Self.deepest) folders); nothing was fetched")
  }

  func address(_ path: String) -> WebAddress {
    let parts = "\(root)/\(path)".split(separator: "/").map { String($0).asPathPart }
    return base.appending("/" + parts.joined(separator: "/"))
  }

  func contents(_ path: String) throws -> [UInt8]? {
    do {
      return try client.get(address(path), for: "the file \(path)", of: reference).body
    } catch let error as MLflowError where error.code == .notFound {
      return nil
    }
  }
}
