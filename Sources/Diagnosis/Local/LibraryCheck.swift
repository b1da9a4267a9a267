import FileTables
import NativeLibraries

/// A library that is opened when something needs it.
struct LibraryCheck: Check {
  let library: RuntimeLibrary
  /// Looks for it, instead of opening it.
  var look: (@Sendable () -> RuntimeFacts)?

  var key: String { library.key }
  var name: String { library.name }
  var remedy: String { library.advice }

  func run() async throws -> Finding {
    let found = look?() ?? library.facts()
    if let version = found.version {
      let path = found.path ?? "unknown"
      let place = path.contains("/") ? path : "\(path), of the system"
      return .ok(
        version == "unknown" ? place : "\(version) at \(place)",
        ["version": version, "path": path])
    }
    if let problem = found.problem {
      return .fail("it cannot be used: \(problem)", ["path": found.path ?? "unknown"])
    }
    return .warn("none found; needed for \(library.purpose)")
  }
}

extension RuntimeLibrary {
  /// The plug-in for files, by which this program does without Spark.
  static let files = RuntimeLibrary(
    key: "files-plugin", name: "Plug-in for files",
    purpose: "tables in files without Spark, and for workers that read files themselves",
    advice: FileLibrary.search().advice, locate: { FileLibrary.locate() },
    open: {
      let library = try FileLibrary.shared()
      return ("Arrow \(library.arrowVersion)", library.path)
    })

  /// Small libraries that systems have.
  static let ofSystem =
    ofImages + [
      RuntimeLibrary(
        "libzstd.so.1", key: "zstd", name: "Zstandard", package: "libzstd1",
        purpose: "Arrow files compressed with it", version: "ZSTD_versionString"),
      RuntimeLibrary(
        "liblz4.so.1", key: "lz4", name: "LZ4", package: "liblz4-1",
        purpose: "Arrow files compressed with it", version: "LZ4_versionString"),
    ]

  init(_ search: DynamicLibrarySearch, key: String, purpose: String, version: String?) {
    self.init(
      key: key, name: search.library, purpose: purpose, advice: search.advice,
      locate: { search.locateFile() },
      open: {
        let library = try DynamicLibrary.open(search)
        return (Self.version(library, version), library.path)
      })
  }

  /// A library that only the system's loader is asked for.
  private init(
    _ file: String, key: String, name: String, package: String, purpose: String, version: String
  ) {
    self.init(
      key: key, name: name, purpose: purpose,
      advice: "Install it (Debian and Ubuntu: apt-get install \(package))", locate: { nil },
      open: {
        let library = try DynamicLibrary.open(path: file, name: name)
        return (Self.version(library, version), library.path)
      })
  }

  /// What the library's function `symbol` says.
  private static func version(_ library: DynamicLibrary, _ symbol: String?) -> String? {
    guard let symbol, let address = library.address(of: symbol) else { return nil }
    // libpng's takes a pointer that it does not look at, the others nothing.
    let function = unsafeBitCast(
      address,
      to: (@convention(c) (UnsafeMutableRawPointer?) -> UnsafePointer<CChar>?).self)
    return function(nil).map { String(cString: $0) }
  }
}
