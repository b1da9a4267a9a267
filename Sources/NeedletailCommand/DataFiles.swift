import FoundationEssentials
import Needletail

/// The files of a table on this machine: one, those in a folder, or those that a pattern stands for.
struct DataFiles {
  let path: String

  init(_ path: String) { self.path = path }

  /// The first files that Spark would read.
  func first(_ count: Int) -> [String] {
    var found: [String] = []
    for root in roots {
      guard FileManager.default.isFolder(root) else {
        found.append(root)
        if found.count == count { return found }
        continue
      }
      FileSystem.walk(root) { name in
        let last = name.split(separator: "/").last ?? ""
        // Spark passes over these, but for the folders of partitions.
        if last.hasPrefix(".") || last.hasPrefix("_") && !last.contains("=") { return .past }
        if FileManager.default.isFolder(root + "/" + name) { return .into }
        found.append(root + "/" + name)
        return found.count == count ? .stop : .into
      }
      if found.count == count { return found }
    }
    return found
  }

  private var roots: [String] {
    StoragePath(path).isPattern ? StoragePath.matches(path).sorted() : [path]
  }
}
