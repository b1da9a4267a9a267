import FoundationEssentials
import Glibc
import HostProcesses

/// The shared libraries that the running program is linked with.
enum SharedLibraries {
  /// A library and the name that the loader looks for.
  struct Library: Sendable, Hashable {
    var name: String
    var path: String
  }

  /// Libraries that an executor cannot be expected to have: those outside the system's own folders,
  /// above all Swift's runtime when it is not linked statically. They are found beside the
  /// executable there, since SwiftPM links with the run path `$ORIGIN`.
  ///
  /// Only what the program is linked with, directly or by way of such a library: what it has opened
  /// since, such as an inference runtime, executors find for themselves.
  static func toShip(program: String) -> [Library] {
    let loaded = loaded()
    var waiting = [program]
    var found: [Library] = []
    while let path = waiting.popLast() {
      guard
        let file = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped),
        let names = LinkedLibraries.names(of: file)
      else { continue }
      for name in names where !found.contains(where: { $0.name == name }) {
        // The loader's name often is a link to a file with a longer one.
        let candidates = loaded.filter { candidate in
          let base = candidate.split(separator: "/").last ?? ""
          return base == name || base.hasPrefix(name + ".")
        }
        guard let path = candidates.first(where: { $0.hasSuffix("/" + name) }) ?? candidates.first,
          shouldShip(path)
        else { continue }
        found.append(Library(name: name, path: path))
        waiting.append(path)
      }
    }
    return found
  }

  /// Whether executors need the library at `path` from us. A toolchain may live below `/usr`, so
  /// Swift's folder counts as ours wherever it is.
  static func shouldShip(_ path: String) -> Bool {
    let system = ["/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"]
    return path.contains("/swift/linux/") || !system.contains { path.hasPrefix($0) }
  }

  /// The paths of all loaded libraries, the program itself left out.
  static func loaded() -> [String] {
    let maps = ProcFile.text("/proc/self/maps") ?? ""
    var paths: Set<String> = []
    for line in maps.split(separator: "\n") {
      guard let slash = line.firstIndex(of: "/") else { continue }
      let path = String(line[slash...])
      if path.contains(".so"), !path.hasSuffix("(deleted)") { paths.insert(path) }
    }
    return paths.sorted()
  }
}
