import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The shared libraries that the running program has loaded.
enum SharedLibraries {
  /// Libraries that an executor cannot be expected to have: those outside the system's own folders,
  /// above all Swift's runtime when it is not linked statically. They are found beside the
  /// executable there, since SwiftPM links with the run path `$ORIGIN`.
  static func toShip() -> [String] {
    loaded().filter(shouldShip)
  }

  /// Whether executors need the library at `path` from us. A toolchain may live below `/usr`, so
  /// Swift's folder counts as ours wherever it is.
  static func shouldShip(_ path: String) -> Bool {
    let system = ["/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"]
    return path.contains("/swift/linux/") || !system.contains { path.hasPrefix($0) }
  }

  /// The paths of all loaded libraries, the program itself left out.
  static func loaded() -> [String] {
    guard let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8) else {
      return []
    }
    var paths: Set<String> = []
    for line in maps.split(separator: "\n") {
      guard let slash = line.firstIndex(of: "/") else { continue }
      let path = String(line[slash...])
      if path.contains(".so"), !path.hasSuffix("(deleted)") { paths.insert(path) }
    }
    return paths.sorted()
  }
}
