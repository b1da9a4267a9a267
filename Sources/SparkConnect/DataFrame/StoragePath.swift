import FoundationEssentials
import Glibc
import NativeLibraries

/// The path of files as Spark takes it: one of this machine, `file:` in any of its forms, or one of
/// another file system such as `s3a://bucket/folder`.
package struct StoragePath: Sendable {
  /// The scheme in lower case, empty if there is none; those of S3 are one.
  private let scheme: String
  private let authority: String
  private let isAbsolute: Bool
  /// The names between the slashes, without those that change nothing.
  private let names: [String]

  package init(_ text: String) {
    var rest = text[...]
    var scheme = ""
    var authority = ""
    if let match = text.firstMatch(of: /^([A-Za-z][A-Za-z0-9+.\-]*):/), match.1.count > 0 {
      scheme = match.1.lowercased()
      rest = text[match.range.upperBound...]
      if rest.hasPrefix("//") {
        rest = rest.dropFirst(2)
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        authority = String(rest[..<end])
        rest = rest[end...]
      }
    }
    if scheme == "s3" || scheme == "s3n" { scheme = "s3a" }
    self.scheme = scheme
    self.authority = scheme == "file" && authority == "localhost" ? "" : authority
    isAbsolute = rest.hasPrefix("/") || !scheme.isEmpty
    names = Self.normalized(rest.split(separator: "/").map(String.init))
  }

  private static func normalized(_ names: [String]) -> [String] {
    var result: [String] = []
    for name in names where name != "." {
      if name == "..", let last = result.last, last != ".." {
        result.removeLast()
      } else {
        result.append(name)
      }
    }
    return result
  }

  /// The path on this machine, if it has no scheme or that of files.
  package var localPath: String? {
    guard scheme.isEmpty || scheme == "file" && authority.isEmpty else { return nil }
    if isAbsolute { return "/" + names.joined(separator: "/") }
    let folder = FileManager.default.currentDirectoryPath
    let whole = folder.split(separator: "/").map(String.init) + names
    return "/" + Self.normalized(whole).joined(separator: "/")
  }

  /// Whether the path names no file system, so that Spark takes its default one.
  package var isOfDefaultFileSystem: Bool { scheme.isEmpty }

  /// Whether Spark takes the path for a pattern that stands for any number of files.
  package var isPattern: Bool { names.contains { $0.contains(where: "*?[{".contains) } }

  // MARK: Overlap

  /// Whether one of two paths lies within the other, or they are the same, so that replacing `output`
  /// deletes what is read from `input`.
  ///
  /// - Parameter isLocal: whether paths without another file system are those of this machine, whose
  ///   links can be followed.
  package static func replacing(
    _ output: String, deletes input: String, isLocal: Bool
  ) -> Bool {
    let target = StoragePath(output)
    return alternatives(input).contains { text in
      let source = StoragePath(text)
      if source.isSameFileSystem(as: target), source.mayOverlap(target) { return true }
      guard isLocal, let from = source.localPath, let to = target.localPath else { return false }
      if StoragePath(from).mayOverlap(StoragePath(to)) { return true }
      let files = source.isPattern ? matches(from) : [from]
      return files.contains { FileIdentity.overlap($0, to) }
    }
  }

  private func isSameFileSystem(as other: StoragePath) -> Bool {
    if scheme.isEmpty || other.scheme.isEmpty { return true }
    return scheme == other.scheme && authority == other.authority
  }

  /// Whether the names tell that one path lies within the other; this one may be a pattern.
  private func mayOverlap(_ other: StoragePath) -> Bool {
    guard isAbsolute == other.isAbsolute else { return false }
    return zip(names, other.names).allSatisfy { fnmatch($0, $1, 0) == 0 || $0 == $1 }
  }

  /// The existing files and folders that a pattern stands for.
  package static func matches(_ pattern: String) -> [String] {
    alternatives(pattern).flatMap { pattern -> [String] in
      var found = glob_t()
      defer { globfree(&found) }
      guard glob(pattern, GLOB_NOSORT, nil, &found) == 0, let paths = found.gl_pathv else {
        return []
      }
      return (0..<Int(found.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
    }
  }

  /// The patterns that one with `{a,b}` stands for.
  private static func alternatives(_ pattern: String) -> [String] {
    guard let open = pattern.firstIndex(of: "{") else { return [pattern] }
    var depth = 0
    var parts = [""]
    var index = open
    while index < pattern.endIndex {
      let character = pattern[index]
      index = pattern.index(after: index)
      switch character {
      case "{":
        depth += 1
        if depth == 1 { continue }
      case "}":
        depth -= 1
        if depth == 0 {
          let rest = pattern[index...]
          return parts.flatMap { alternatives(pattern[..<open] + $0 + rest) }
        }
      case "," where depth == 1:
        parts.append("")
        continue
      default: break
      }
      parts[parts.count - 1].append(character)
    }
    return [pattern]
  }
}

/// What tells files and folders apart, by whichever name, link or mount they are reached.
private struct FileIdentity: Hashable {
  let device: UInt64
  let number: UInt64

  /// `nil` if there is nothing at `path`.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    number = UInt64(status.st_ino)
  }

  /// Whether one of two paths lies within the other, or a file within `input` is one within `output`.
  static func overlap(_ input: String, _ output: String) -> Bool {
    guard let target = FileIdentity(output) else {
      return isWithin(existing(output), input)
    }
    if isWithin(input, output) || isWithin(output, input) { return true }
    // What is read may be links to what is replaced.
    return links(below: input).contains { ancestors($0).contains(target) }
  }

  private static func isWithin(_ path: String, _ folder: String) -> Bool {
    FileIdentity(folder).map(ancestors(path).contains) ?? false
  }

  /// The deepest folder on the way to `path` that exists.
  private static func existing(_ path: String) -> String {
    var url = URL(fileURLWithPath: path)
    while FileIdentity(url.path) == nil, url.pathComponents.count > 1 {
      url.deleteLastPathComponent()
    }
    return url.path
  }

  /// `path`, where its links lead, and the folders that this lies in.
  private static func ancestors(_ path: String) -> Set<FileIdentity> {
    guard let real = realpath(path, nil) else { return [] }
    defer { free(real) }
    var url = URL(fileURLWithPath: String(cString: real))
    var found: Set<FileIdentity> = []
    while true {
      if let identity = FileIdentity(url.path) { found.insert(identity) }
      if url.pathComponents.count <= 1 { return found }
      url.deleteLastPathComponent()
    }
  }

  /// The links in a folder and those in it.
  private static func links(below folder: String) -> [String] {
    var links: [String] = []
    FileSystem.walk(folder) { name in
      let path = folder + "/" + name
      if FileSystem.target(ofLink: path) != nil { links.append(path) }
      return .into
    }
    return links
  }
}
