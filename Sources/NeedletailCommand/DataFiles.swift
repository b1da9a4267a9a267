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
      guard let names = FileManager.default.enumerator(atPath: root) else { continue }
      while let name = names.nextObject() as? String {
        let isFolder = FileManager.default.isFolder(root + "/" + name)
        let last = name.split(separator: "/").last ?? ""
        // Spark passes over these, but for the folders of partitions.
        if last.hasPrefix(".") || last.hasPrefix("_") && !last.contains("=") {
          if isFolder { names.skipDescendants() }
          continue
        }
        if isFolder { continue }
        found.append(root + "/" + name)
        if found.count == count { return found }
      }
    }
    return found
  }

  private var roots: [String] {
    StoragePath(path).isPattern ? StoragePath.matches(path).sorted() : [path]
  }
}
