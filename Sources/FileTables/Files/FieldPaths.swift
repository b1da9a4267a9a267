import CFileTables

#if canImport(Glibc)
import Glibc
#endif

/// Paths to fields as the plug-in takes them, valid as long as this.
final class FieldPaths {
  private var names: [UnsafeMutablePointer<CChar>?] = []
  private var lists: [UnsafeMutablePointer<UnsafePointer<CChar>?>] = []
  private(set) var paths: [NTFieldPath] = []

  init(_ paths: [[String]]) {
    for path in paths {
      let list = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: max(path.count, 1))
      for (index, name) in path.enumerated() {
        let copy = strdup(name)
        names.append(copy)
        (list + index).initialize(to: UnsafePointer(copy))
      }
      lists.append(list)
      self.paths.append(NTFieldPath(names: list, count: Int64(path.count)))
    }
  }

  deinit {
    for list in lists { list.deallocate() }
    for name in names { free(name) }
  }
}
