import Glibc
import NativeLibraries

extension ONNXModelFile {
  /// The model in a folder of its own, as a runtime takes it.
  struct Staged {
    let path: String
    private let folder: String
    private var made: [String] = []

    /// Removes the folder; a session that has been made keeps what it needs.
    func remove() {
      for path in made.reversed() { Glibc.remove(path) }
      rmdir(folder)
    }

    /// - Parameter mayLink: whether files get a second name where that is possible; if not, they are
    ///   copied.
    /// - Throws: ``ONNXError`` if a file cannot be put there.
    init(_ file: ONNXModelFile, mayLink: Bool) throws(ONNXError) {
      guard let folder = FileSystem.makeTemporaryDirectory("needletail-model") else {
        let reason = String(cString: strerror(errno))
        throw file.failure(
          "its files are links to other folders, and no folder for them can be made in "
            + "\(FileSystem.temporaryDirectory): \(reason)")
      }
      self.folder = folder
      let data = file.dataFiles.map { (file.path(of: $0), ONNXModelFile.parts($0.location)) }
      let name = file.path.split(separator: "/").last.map(String.init) ?? "model.onnx"
      path = "\(folder)/\(name)"
      do throws(ONNXError) {
        try put(file.path, [name], of: file, mayLink: mayLink)
        for (source, parts) in data { try put(source, parts, of: file, mayLink: mayLink) }
        for data in file.dataFiles {
          for parts in ONNXModelFile.folders(to: data.location) { makeFolder(parts) }
        }
      } catch {
        remove()
        throw error
      }
    }

    private mutating func put(
      _ source: String, _ parts: [String], of file: ONNXModelFile, mayLink: Bool
    ) throws(ONNXError) {
      makeFolder(parts.dropLast())
      let path = ([folder] + parts).joined(separator: "/")
      if made.contains(path) { return }
      made.append(path)
      // A second name costs nothing, but is not to be had on another file system, or for a file that
      // is somebody else's.
      let real = FileSystem.resolved(source) ?? source
      if mayLink, link(real, path) == 0 { return }
      guard Self.copy(real, to: path) else {
        throw file.failure(
          "\(source) is a link to another folder, and cannot be copied to \(path): "
            + String(cString: strerror(errno)))
      }
    }

    private mutating func makeFolder(_ parts: [String]) {
      var path = folder
      for part in parts {
        path += "/" + part
        if mkdir(path, 0o700) == 0 { made.append(path) }
      }
    }

    private static func copy(_ source: String, to target: String) -> Bool {
      let input = open(source, O_RDONLY | O_CLOEXEC)
      guard input >= 0 else { return false }
      defer { close(input) }
      let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard output >= 0 else { return false }
      let isCopied = copy(input, output)
      let reason = errno
      let isClosed = close(output) == 0
      if !isCopied { errno = reason }
      return isCopied && isClosed
    }

    private static func copy(_ input: Int32, _ output: Int32) -> Bool {
      let buffer = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 16)
      defer { buffer.deallocate() }
      while true {
        let count = read(input, buffer, 1 << 20)
        if count == 0 { return true }
        if count < 0, errno != EINTR { return false }
        let part = UnsafeRawBufferPointer(start: buffer, count: max(count, 0))
        if !FileSystem.write(part, to: output) { return false }
      }
    }
  }

  /// The model with all its files in one folder, if links lead out of its own; `nil` if it can be loaded
  /// where it lies.
  ///
  /// Caches, such as HuggingFace's, are made of links. ONNX Runtime follows those of data files, and then
  /// refuses what lies outside of the model's folder.
  ///
  /// - Throws: ``ONNXError`` if the files cannot be put together.
  func staged() throws(ONNXError) -> Staged? {
    guard let home = FileSystem.resolved(folder) else { return nil }
    let isHome = dataFiles.allSatisfy { file in
      let real = FileSystem.resolved(path(of: file)) ?? ""
      return real.hasPrefix(home == "/" ? home : home + "/")
    }
    return isHome ? nil : try Staged(self, mayLink: true)
  }

  /// The names on the way to `location`, which does not lead out of its folder.
  package static func parts(_ location: String) -> [String] {
    var parts: [String] = []
    for part in location.split(separator: "/") where part != "." {
      if part == ".." { parts = parts.dropLast() } else { parts.append(String(part)) }
    }
    return parts
  }

  /// Whether `location` is found in the model's own folder, whatever other folders are there.
  package static func isBeside(_ location: String) -> Bool {
    parts(location).count == 1 && folders(to: location).isEmpty
  }

  /// The folders that must be there for the system to find `location` (`a/../b` needs a folder `a`),
  /// each by the names on the way to it.
  package static func folders(to location: String) -> [[String]] {
    let parts = location.split(separator: "/").map(String.init)
    return parts.indices.filter { parts[$0] == ".." }.map { index in
      Self.parts(parts[..<index].joined(separator: "/"))
    }.filter { !$0.isEmpty }
  }
}

extension ONNXAPI {
  /// Whether the runtime refuses a file because it has several names: ONNX's own checks do that to data
  /// of graphs within graphs, in folders where packages and caches share files in this way.
  func refusesHardLink(_ failure: OpaquePointer) -> Bool {
    String(cString: getErrorMessage(failure)).contains("multiple hard links")
  }
}
