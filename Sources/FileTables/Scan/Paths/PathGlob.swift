import SparkTypes

/// The paths of a store that a path with wildcards stands for.
enum PathGlob {
  /// - Returns: the matches, sorted; none if there are none.
  static func matches(
    _ path: String, in store: FileStore
  ) throws(FileTableError) -> [FileEntry] {
    let parts = split(expandingSlashes(path))
    var found: [FileEntry] = []
    for parts in parts { found += try matches(parts, in: store) }
    var seen: Set<ExactName> = []
    return found.filter { seen.insert(ExactName($0.path)).inserted }.sorted { $0.path < $1.path }
  }

  private static func matches(
    _ parts: [String], in store: FileStore
  ) throws(FileTableError) -> [FileEntry] {
    // The folders up to the first wildcard are taken as they are.
    let plain = parts.prefix { !GlobPattern.isPattern($0) }.map { unescaped($0) }
    let base = plain.joined(separator: "/")
    let wildcards = parts.dropFirst(plain.count)
    let start = base.isEmpty ? (parts.first == "" ? "/" : "") : base
    if wildcards.isEmpty { return try store.info(start).map { [$0] } ?? [] }
    var folders = [start]
    var found: [FileEntry] = []
    for (index, part) in wildcards.enumerated() {
      let isLast = index == wildcards.count - 1
      found = []
      let pattern = try GlobPattern(part)
      for folder in folders {
        guard GlobPattern.isPattern(part) else {
          let path = PathNames.joined(folder, unescaped(part))
          if let entry = try store.info(path) { found.append(entry) }
          continue
        }
        guard try store.info(folder.isEmpty ? "." : folder)?.isFolder ?? false else { continue }
        for entry in try store.list(folder.isEmpty ? "." : folder, recursive: false)
        where pattern.matches(PathNames.last(entry.path)) {
          found.append(entry)
        }
      }
      if !isLast { folders = found.filter(\.isFolder).map(\.path) }
    }
    return found
  }

  private static func split(_ paths: [String]) -> [[String]] {
    paths.map { $0.split(separator: "/", omittingEmptySubsequences: false).map(String.init) }
  }

  private static func unescaped(_ part: String) -> String {
    var text = ""
    var isEscaped = false
    for character in part {
      if character == "\\", !isEscaped {
        isEscaped = true
      } else {
        text.append(character)
        isEscaped = false
      }
    }
    return text
  }

  /// Braces that hold slashes cannot be matched part by part: each of their branches is a path.
  private static func expandingSlashes(_ path: String) -> [String] {
    var depth = 0
    var open: String.Index?
    var commas: [String.Index] = []
    for index in path.indices {
      switch path[index] {
      case "{":
        if depth == 0 {
          open = index
          commas = []
        }
        depth += 1
      case ",": if depth == 1 { commas.append(index) }
      case "}":
        depth -= 1
        guard depth == 0, let start = open else { continue }
        guard path[start...index].contains("/") else { continue }
        let bounds = [start] + commas + [index]
        let (before, behind) = (path[..<start], path[path.index(after: index)...])
        var expanded: [String] = []
        for (from, to) in zip(bounds, bounds.dropFirst()) {
          let branch = path[path.index(after: from)..<to]
          expanded += expandingSlashes(String(before) + String(branch) + String(behind))
        }
        return expanded
      default: break
      }
    }
    return [path]
  }
}

/// The parts of paths, which are separated by slashes in every store.
enum PathNames {
  static func last(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// What is behind the last point of the last name, or all of that, in small letters.
  static func ending(_ path: String) -> String {
    last(path).split(separator: ".").last.map { $0.lowercased() } ?? ""
  }

  static func parent(_ path: String) -> String? {
    let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard let slash = trimmed.lastIndex(of: "/") else { return trimmed.isEmpty ? nil : "" }
    if slash == trimmed.startIndex { return trimmed.count == 1 ? nil : "/" }
    return String(trimmed[..<slash])
  }

  static func joined(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// Without slashes at the end.
  static func trimmed(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// Whether Spark passes over files and folders of this name.
  static func isHidden(_ name: String) -> Bool {
    if name.hasPrefix("_common_metadata") || name.hasPrefix("_metadata") { return false }
    return name.hasPrefix(".") || name.hasPrefix("_") && !name.contains("=")
      || name.hasSuffix("._COPYING_")
  }

  /// Whether a file of this name holds rows: Parquet's files of metadata are listed, not read.
  static func isData(_ name: String) -> Bool {
    !name.hasPrefix(".") && (!name.hasPrefix("_") || name.contains("="))
  }
}
