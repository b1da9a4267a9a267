import Foundation

/// A model that columns can be predicted with: `.onnx("model.onnx")`.
public struct ModelSource: Sendable, Hashable {
  /// The format, which decides what runs the model.
  public var format: ModelFormat
  /// The model's file or folder on the driver.
  public var path: String
  /// Options of what runs it.
  public var options: [String: String]

  init(_ format: ModelFormat, _ path: String, _ options: [String: String?]) {
    self.format = format
    self.path = path
    self.options = options.compactMapValues { $0 }
  }

  /// Loads the model in this process.
  ///
  /// - Throws: ``NeedletailError`` if there is no such file; the runtime's error if it cannot load it.
  public func load() async throws -> any Model {
    guard FileManager.default.fileExists(atPath: path) else {
      throw NeedletailError(
        .usage,
        "there is no model \(path) (the current folder is "
          + "\(FileManager.default.currentDirectoryPath))")
    }
    return try await reference(path).load(path, WorkerContext())
  }

  func reference(_ file: String) -> ModelReference {
    ModelReference(format: format, file: file, options: options)
  }

  /// The model as it goes to the executors.
  struct Packed {
    /// Its name there, in which a hash of the contents keeps models apart.
    let name: String
    /// The file, or the packed folder.
    let contents: Data
    let isFolder: Bool

    func send(to session: SparkSession) async throws {
      if isFolder {
        try await session.addFolder(contents, as: name)
      } else {
        try await session.addArtifact(named: "files/\(name)", contents)
      }
    }
  }

  /// Reads the model's file, or packs its folder.
  func packed() throws -> Packed {
    let url = URL(fileURLWithPath: path)
    let isFolder = FileManager.default.isFolder(path)
    let contents =
      try isFolder
      ? TarArchive(folder: path).gzipped() : Data(contentsOf: url, options: .alwaysMapped)
    return Packed(
      name: "\(contents.shortHash)-\(url.lastPathComponent)", contents: contents,
      isFolder: isFolder)
  }
}

extension ModelReference {
  /// Loads the model, which lies at `path` on this machine.
  func load(_ path: String, _ worker: WorkerContext) async throws -> any Model {
    guard let loader = ModelFormat.loaders[format] else {
      throw NeedletailError(
        .usage, "models of the format '\(format.rawValue)' are not known to this program")
    }
    return try await loader(self, path, worker)
  }
}

extension FileManager {
  func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }
}
