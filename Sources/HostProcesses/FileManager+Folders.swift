package import FoundationEssentials

extension FileManager {
  package func isFolder(_ path: String) -> Bool {
    var isFolder: Bool = false
    return fileExists(atPath: path, isDirectory: &isFolder) && isFolder
  }
}
