package import Deployment
import FoundationEssentials
import HostProcesses
package import ModelHub
import ONNXRuntime
package import SparkConnect
package import SparkFunctions
import Texts

extension ModelSource {
  /// The model as it goes to the executors.
  package struct Packed {
    /// The model for the executors: its place among their files, in which a hash of the contents keeps
    /// models apart that have the same name.
    package let reference: ModelReference
    /// What is sent, by the full name of the artifact; nothing for a model that a server has.
    private(set) var artifacts: [(name: String, contents: Data)] = []

    init(_ reference: ModelReference) { self.reference = reference }

    fileprivate mutating func add(file name: String, _ contents: Data) {
      artifacts.append(("files/\(name)", contents))
    }

    fileprivate mutating func add(folder name: String, _ archive: Data) {
      artifacts.append(("archives/\(name).tar.gz#\(name)", archive))
    }

    /// What is sent.
    package var byteCount: Int { artifacts.reduce(0) { $0 + $1.contents.count } }

    package func send(to session: SparkSession) async throws {
      for artifact in artifacts {
        try await session.addArtifact(named: artifact.name, artifact.contents)
      }
    }

    /// Puts what is sent into a folder, for a session that another process holds.
    ///
    /// - Throws: ``NeedletailError`` if a file cannot be written.
    package func write(into directory: String) throws -> [SessionFile] {
      try artifacts.map { try SessionFile(artifact: $0.name, $0.contents, in: directory) }
    }
  }

  /// Reads the model with all that it needs: the file or folder, the files that it names, and
  /// those that its options name, such as libraries with its operators.
  ///
  /// - Parameter hub: where a model with an id is from; `nil` for that of the environment.
  /// - Throws: ``NeedletailError``, ``ONNXError`` or ``TorchError`` if something of it cannot be read;
  ///   ``HubError`` if something cannot be had from the hub.
  package func packed(from hub: Hub? = nil) throws -> Packed {
    var sentOptions = options
    func reference(_ file: String) -> ModelReference {
      ModelReference(format: format, file: file, options: sentOptions, name: path)
    }
    if kind.isServed { return Packed(reference(path)) }
    var named: [(name: String, contents: Data)] = []
    for option in kind.fileOptions {
      var names: [String] = []
      for file in OptionValues.paths(in: options[option]) {
        let contents = try Self.contents(of: file)
        let name = Self.sentName(contents.shortHash, file)
        names.append(name)
        named.append((name, contents))
      }
      sentOptions[option] = OptionValues.text(of: names)
    }

    var packed: Packed
    let place = try self.place(hub)
    let local = place.path
    let isFolder = FileManager.default.isFolder(local)
    let companions = isFolder ? [] : try kind.filesBeside(local)
    if isFolder || !companions.isEmpty {
      var tar = TarArchive()
      let base = Self.baseName(local)
      if isFolder, let files = place.files {
        // A cache may have more of the model than this program asked for.
        for name in files { try tar.add(name, contentsOf: "\(local)/\(name)") }
      } else if isFolder {
        tar = try TarArchive(folder: local)
      } else {
        try tar.add(base, contentsOf: local)
        for file in companions {
          for parts in ONNXModelFile.folders(to: file.name) { tar.addFolder(parts) }
          try tar.add(
            ONNXModelFile.parts(file.name).joined(separator: "/"), contentsOf: file.path)
        }
      }
      // Large folders are weights, which compressing makes hardly smaller.
      let archive = try tar.gzipped(level: tar.bytes.count > 64 << 20 ? 0 : 1)
      let name = Self.sentName(archive.shortHash, place.name ?? path)
      packed = Packed(reference(isFolder ? name : "\(name)/\(base)"))
      packed.add(folder: name, archive)
    } else {
      let contents = try Self.contents(of: local)
      let name = Self.sentName(contents.shortHash, place.name ?? path)
      packed = Packed(reference(name))
      packed.add(file: name, contents)
    }
    for file in named { packed.add(file: file.name, file.contents) }
    return packed
  }

  private static func contents(of path: String) throws -> Data {
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    } catch {
      throw NeedletailError(
        .packaging,
        "\(path), which the executors need, cannot be read: \(error.reason)",
        cause: error)
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

extension ModelKind {
  /// The reference with the places of its files on this machine.
  package func located(_ reference: ModelReference, by worker: WorkerContext) -> ModelReference {
    if reference.isAddress { return reference }
    var located = reference
    located.file = worker.file(reference.file)
    for option in fileOptions {
      let files = OptionValues.paths(in: reference.options[option])
      if !files.isEmpty {
        located.options[option] = OptionValues.text(of: files.map { worker.file($0) })
      }
    }
    return located
  }
}
