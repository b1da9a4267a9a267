import Foundation
import HostProcesses
import ImagePreprocessing
import ONNXRuntime

/// This program as an archive that executors can start: `bin/PROGRAM` with the shared libraries that
/// it needs beside it, and `lib/` with the inference runtime.
struct ProgramPackage: Sendable {
  /// The folder into which executors unpack it; carries a hash of the contents, since an artifact
  /// cannot be replaced under its name.
  let name: String
  let fileName: String
  let program: String
  let archive: Data

  /// The package of the running program.
  ///
  /// - Parameters:
  ///   - forThisMachine: whether the executors run here: then they find Swift's libraries where this
  ///     process did.
  ///   - compressed: whether the archive is worth compressing: not on its way within one machine.
  /// - Throws: ``NeedletailError`` if a file cannot be read.
  static func current(forThisMachine: Bool, compressed: Bool) throws -> ProgramPackage {
    let image = try ExecutableImage.current()
    let program = URL(fileURLWithPath: image.path).lastPathComponent
    var tar = TarArchive()
    tar.add("bin/\(program)", image.contents, mode: 0o755)
    if !forThisMachine {
      let linked = SharedLibraries.toShip(program: image.path)
      for library in linked {
        tar.add("bin/\(library.name)", try read(library.path), mode: 0o755)
      }
      for library in ImageLibraries.locateFiles() {
        let name = baseName(library)
        if linked.contains(where: { $0.name == name }) { continue }
        tar.add("bin/\(name)", try read(library), mode: 0o755)
      }
    }
    for library in try ONNXLibrary.locateFiles() + ShippedRuntimes.files() {
      tar.add("lib/\(baseName(library))", try read(library), mode: 0o755)
    }
    // Spark keeps the permission to execute in compressed archives only; level 0 compresses nothing.
    let archive = try tar.gzipped(level: compressed ? 1 : 0)
    let name = "needletail-\(archive.shortHash)"
    return ProgramPackage(
      name: name, fileName: name + ".tar.gz", program: program,
      archive: archive)
  }

  private static func baseName(_ path: String) -> String {
    URL(fileURLWithPath: path).lastPathComponent
  }

  private static func read(_ path: String) throws -> Data {
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    } catch {
      throw NeedletailError(
        .packaging, "the library \(path), which the executors need, cannot be read: \(error)",
        cause: error)
    }
  }
}
