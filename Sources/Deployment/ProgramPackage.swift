import FoundationEssentials
import HostProcesses
import ONNXRuntime

/// This program as files that executors can start: `bin/PROGRAM` with the shared libraries that it needs
/// beside it, and `lib/` with the inference runtime.
struct ProgramPackage: Sendable {
  /// A file of a package.
  struct File: Sendable {
    /// Its path in the package: `bin/libswiftCore.so`.
    let name: String
    let image: ExecutableImage

    /// Tells the file from others: what it is called, and what is in it.
    var identity: String { "\(name) \(image.byteCount) \(image.fingerprint)" }
  }

  /// The name of the program's file.
  let program: String
  let files: [File]
  /// Tells what is in the package: equal contents have the same, on every machine.
  let id: String

  init(program: String, files: [File]) {
    self.program = program
    self.files = files
    id = Data(files.map { $0.identity + "\n" }.joined().utf8).shortHash
  }

  /// The path of the program's file in the package.
  var programFile: String { "bin/\(program)" }

  /// The package of the running program.
  ///
  /// - Parameter forThisMachine: whether the executors run here: then they find Swift's libraries where
  ///   this process did.
  /// - Throws: ``NeedletailError`` if a file cannot be read.
  static func current(forThisMachine: Bool) throws -> ProgramPackage {
    let image = try ExecutableImage.current()
    let program = baseName(image.path)
    var files = [File(name: "bin/\(program)", image: image)]
    let linked = SharedLibraries.toShip(program: image.path)
    if forThisMachine {
      // Those of a toolchain are found from everywhere, and those that came with the program, as in a wheel,
      // only from where it lies.
      let home =
        URL(fileURLWithPath: image.path).deletingLastPathComponent()
        .deletingLastPathComponent().path + "/"
      for library in linked where library.path.hasPrefix(home) {
        files.append(try file("bin/\(library.name)", library.path))
      }
    } else {
      for library in linked { files.append(try file("bin/\(library.name)", library.path)) }
      for library in ShippedRuntimes.ofImages() {
        let name = baseName(library)
        if linked.contains(where: { $0.name == name }) { continue }
        files.append(try file("bin/\(name)", library))
      }
    }
    for library in try ONNXLibrary.locateFiles() + ShippedRuntimes.files() {
      files.append(try file("lib/\(baseName(library))", library))
    }
    return ProgramPackage(program: program, files: files)
  }

  /// The package as a `tar.gz`: for each file one that `member` gives, and the end.
  func archive(_ member: (File) throws -> Data) throws -> Data {
    var archive = Data()
    for file in files { archive.append(try member(file)) }
    archive.append(try TarArchive.gzip(TarArchive.end, level: 1))
    return archive
  }

  /// The package as a `tar.gz` with files that are packed at gzip's `level`, or were before.
  ///
  /// - Throws: ``NeedletailError`` if zlib refuses.
  func archive(level: Int32) throws -> Data {
    let kept = PackedFiles.ofThisUser()
    return try archive { file in
      try kept?.packed(file, level: level) ?? file.packed(level: level)
    }
  }

  private static func baseName(_ path: String) -> String {
    URL(fileURLWithPath: path).lastPathComponent
  }

  private static func file(_ name: String, _ path: String) throws -> File {
    do {
      return File(name: name, image: try ExecutableImage(path: path))
    } catch let error as NeedletailError {
      throw NeedletailError(
        .packaging,
        "the library \(path), which the executors need, cannot be read: "
          + "\(error.cause.map { "\($0)" } ?? error.message)",
        cause: error.cause)
    }
  }
}

extension ProgramPackage.File {
  /// The file packed for ``ProgramPackage/archive(_:)``, at gzip's `level`.
  ///
  /// - Throws: ``NeedletailError`` if zlib refuses.
  func packed(level: Int32) throws -> Data {
    var tar = TarArchive()
    tar.add(name, image.contents, mode: 0o755)
    return try TarArchive.gzip(tar.bytes, level: level)
  }
}
