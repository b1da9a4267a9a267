import Deployment
import Foundation
import HostProcesses
import ONNXRuntime
import SparkConnect
import SparkFunctions
import TorchRuntime

extension ModelSource {
  /// The model as it goes to the executors.
  package struct Packed {
    /// The model for the executors: its place among their files, in which a hash of the contents keeps
    /// models apart that have the same name.
    package let reference: ModelReference
    /// What is sent, by the full name of the artifact; nothing for a model that a server has.
    private(set) var artifacts: [(name: String, contents: Data)] = []

    fileprivate init(_ reference: ModelReference) { self.reference = reference }

    fileprivate mutating func add(file name: String, _ contents: Data) {
      artifacts.append(("files/\(name)", contents))
    }

    fileprivate mutating func add(folder name: String, _ archive: Data) {
      artifacts.append(("archives/\(name).tar.gz#\(name)", archive))
    }

    package func send(to session: SparkSession) async throws {
      for artifact in artifacts {
        try await session.addArtifact(named: artifact.name, artifact.contents)
      }
    }
  }

  /// Reads the model with all that it needs: the file or folder, the files that it names, libraries
  /// with its operators.
  ///
  /// - Throws: ``NeedletailError``, ``ONNXError`` or ``TorchError`` if something of it cannot be read.
  package func packed() throws -> Packed {
    var sentOptions = options
    func reference(_ file: String) -> ModelReference {
      ModelReference(format: format, file: file, options: sentOptions, name: path)
    }
    if isServed { return Packed(reference(path)) }
    var libraries: [(name: String, contents: Data)] = []
    for path in ModelFormat.paths(of: options[ModelFormat.customOps]) {
      let contents = try Self.contents(of: path)
      libraries.append((Self.sentName(contents.shortHash, path), contents))
    }
    if !libraries.isEmpty {
      sentOptions[ModelFormat.customOps] = libraries.map(\.name).joined(separator: ",")
    }

    var packed: Packed
    let isFolder = FileManager.default.isFolder(path)
    let companions = isFolder ? [] : try filesBeside()
    if isFolder || !companions.isEmpty {
      var tar = TarArchive()
      let base = Self.baseName(path)
      if isFolder {
        tar = try TarArchive(folder: path)
      } else {
        try tar.add(base, contentsOf: path)
        for file in companions {
          for parts in ONNXModelFile.folders(to: file.name) { tar.addFolder(parts) }
          try tar.add(
            ONNXModelFile.parts(file.name).joined(separator: "/"), contentsOf: file.path)
        }
      }
      // Large folders are weights, which compressing makes hardly smaller.
      let archive = try tar.gzipped(level: tar.bytes.count > 64 << 20 ? 0 : 1)
      let name = Self.sentName(archive.shortHash, path)
      packed = Packed(reference(isFolder ? name : "\(name)/\(base)"))
      packed.add(folder: name, archive)
    } else {
      let contents = try Self.contents(of: path)
      let name = Self.sentName(contents.shortHash, path)
      packed = Packed(reference(name))
      packed.add(file: name, contents)
    }
    for library in libraries { packed.add(file: library.name, library.contents) }
    return packed
  }

  /// The files that the model's file needs beside it, with their places from its folder.
  func filesBeside() throws -> [FolderFiles.File] {
    switch format {
    case .onnx:
      let model = try ONNXModelFile(path: path)
      try model.checkDataFiles()
      return model.dataFiles.map {
        FolderFiles.File(name: $0.location, path: model.path(of: $0))
      }
    case .torch:
      guard let weights = try TorchPackage(path: path).weightsBeside else { return [] }
      return [FolderFiles.File(name: Self.baseName(weights), path: weights)]
    default: return []
    }
  }

  private static func contents(of path: String) throws -> Data {
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    } catch {
      throw NeedletailError(
        .packaging,
        "\(path), which the executors need, cannot be read: \(error.localizedDescription)")
    }
  }

  private static func baseName(_ path: String) -> String {
    URL(fileURLWithPath: path).lastPathComponent
  }

  /// A name on the executors for the file or folder at `path`, whose contents `hash` tells: its own, as
  /// far as it has plain characters, which go through addresses and shells unchanged.
  static func sentName(_ hash: String, _ path: String) -> String {
    let plain = baseName(path).map { character in
      let isPlain = character.isASCII && (character.isLetter || character.isNumber)
      return isPlain || "._-".contains(character) ? character : "_"
    }
    return "\(hash)-\(String(plain.suffix(100)))"
  }
}

extension ModelReference {
  /// The reference with the places of its files on this machine.
  package func located(by worker: WorkerContext) -> ModelReference {
    if isAddress { return self }
    var located = self
    located.file = worker.file(file)
    if options[ModelFormat.customOps] != nil {
      located.options[ModelFormat.customOps] = libraries(worker).joined(separator: ",")
    }
    return located
  }

  /// The libraries with operators that the model's options name, on this machine.
  func libraries(_ worker: WorkerContext) -> [String] {
    ModelFormat.paths(of: options[ModelFormat.customOps]).map { worker.file($0) }
  }
}
