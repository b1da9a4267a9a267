import FoundationEssentials
import Needletail

/// What `--version` tells: this program's version in the first line, then what it works with, as it finds it
/// here. Large libraries are not opened for that.
enum VersionReport {
  /// Something that is looked for on this machine.
  struct Part: Equatable {
    var name: String
    /// `nil` if nothing tells it.
    var version: String?
    /// `nil` if there is none.
    var place: String?
  }

  static func isAsked(by arguments: [String]) -> Bool { arguments == ["--version"] }

  static func text(_ version: String, _ parts: [Part]) -> String {
    let width = parts.map(\.name.count).max() ?? 0
    let lines = parts.map { part in
      let name = part.name + String(repeating: " ", count: width - part.name.count)
      guard let place = part.place else { return "\(name)  not found\n" }
      return "\(name)  \(part.version ?? "of unknown version") at \(place)\n"
    }
    return "\(version)\n" + lines.joined()
  }

  /// What is found here.
  static func parts() -> [Part] {
    let environment = ProcessInfo.processInfo.environment
    let spark = try? SparkInstallation.findHome(environment)
    let java = try? SparkInstallation.findJava(environment)
    return [
      library("ONNX Runtime", ONNXLibrary.locate(), ["onnxruntime", "onnxruntime_gpu"]) {
        let library = try ONNXLibrary.shared()
        return ("\(library.version)", library.path)
      },
      library("TensorFlow", TensorFlowLibrary.locate(), ["tensorflow", "tensorflow_cpu"]) {
        let library = try TensorFlowLibrary.shared()
        return (library.version, library.path)
      },
      library("PyTorch", TorchLibrary.locate(), ["torch"]) {
        let library = try TorchLibrary.shared()
        return (library.version, library.path)
      },
      library("Plug-in for files", nil, []) {
        let library = try FileLibrary.shared()
        return ("Arrow \(library.arrowVersion)", library.path)
      },
      Part(
        name: "Spark", version: spark.flatMap { SparkInstallation.version(ofHome: $0) },
        place: spark),
      Part(name: "Java", version: java.flatMap(javaVersion), place: java),
    ]
  }

  /// - Parameters:
  ///   - file: where it is, without opening it.
  ///   - packages: Python's packages of it, which know its version.
  ///   - open: opens it where only that tells.
  private static func library(
    _ name: String, _ file: String?, _ packages: [String],
    _ open: () throws -> (version: String?, path: String)
  ) -> Part {
    if let file, let version = version(of: file, packages) {
      return Part(name: name, version: version, place: file)
    }
    guard let found = try? open() else { return Part(name: name, place: file) }
    return Part(name: name, version: found.version, place: found.path)
  }

  /// The version of the library at `file`: that of the package of Python in which it lies, or what its
  /// name ends in.
  static func version(of file: String, _ packages: [String]) -> String? {
    let parts = file.split(separator: "/", omittingEmptySubsequences: false)
    if let place = parts.lastIndex(where: { $0 == "site-packages" || $0 == "dist-packages" }) {
      let folder = parts[...place].joined(separator: "/")
      for entry in FileSystem.entries(of: folder) where entry.hasSuffix(".dist-info") {
        let words = entry.dropLast(".dist-info".count).split(separator: "-", maxSplits: 1)
        if words.count == 2, packages.contains(String(words[0])) { return String(words[1]) }
      }
    }
    let name = String(parts.last ?? "")
    guard let end = name.firstRange(of: ".so.") else { return nil }
    let version = String(name[end.upperBound...])
    // One number is that of the interface.
    return version.contains(".") ? version : nil
  }

  /// What the file `release` of a Java says.
  static func javaVersion(_ java: String) -> String? {
    guard let file = FileSystem.resolved(java) else { return nil }
    let home = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
      .joined(separator: "/")
    guard let bytes = FileSystem.contents(of: home + "/release", limit: 1 << 16) else { return nil }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    where line.hasPrefix("JAVA_VERSION=") {
      return line.dropFirst("JAVA_VERSION=".count).filter { $0 != "\"" }
    }
    return nil
  }
}
