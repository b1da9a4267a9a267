extension FileSystem {
  /// How a walk goes on from an entry of a folder.
  package enum Step {
    /// With what is in it, if it is a folder.
    case into
    /// With what follows it.
    case past
    case stop
  }

  /// Goes through the entries of `folder` and, where `visit` says so, of those below: in the order of
  /// their names, a folder before what is in it. Links are not followed, and folders that cannot be read
  /// are as if they were empty.
  ///
  /// - Parameter visit: is given the path of each entry, relative to `folder`.
  package static func walk(_ folder: String, _ visit: (String) -> Step) {
    _ = walk(folder, "", visit)
  }

  private static func walk(_ root: String, _ prefix: String, _ visit: (String) -> Step) -> Bool {
    let folder = root + "/" + prefix
    for name in entries(of: folder).sorted() where name != "." && name != ".." {
      switch visit(prefix + name) {
      case .stop: return false
      case .past: continue
      case .into:
        let isLink = target(ofLink: folder + name) != nil
        if !isLink, isDirectory(folder + name), !walk(root, prefix + name + "/", visit) {
          return false
        }
      }
    }
    return true
  }
}
