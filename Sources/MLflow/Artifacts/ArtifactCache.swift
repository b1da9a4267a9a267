import Crypto
import Glibc
import Logging

/// The folder of the cache for one model, which nobody but the user can enter:
///
///     HASH/model.onnx, HASH/tf2model/saved_model.pb ...
///     HASH/.lock
///     HASH/.RANDOM.partial           on its way here
///
/// The hash is of the place of the files on the server and of the file `MLmodel`, which has an ID of its
/// own each time that a model is logged: what is in the folder never changes.
struct ArtifactCache: Sendable {
  let folder: String
  private let root: String
  private let reference: MLflowReference

  private static let log = Logger(label: "needletail.mlflow")
  /// Files from this size on are told of.
  private static let largeFile = 8 << 20

  init(root: String, reference: MLflowReference, identity: String, description: [UInt8]) {
    self.root = root
    self.reference = reference
    var hash = SHA256()
    Array((identity + "\n").utf8).withUnsafeBytes { hash.update(bufferPointer: $0) }
    description.withUnsafeBytes { hash.update(bufferPointer: $0) }
    let digits = hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    folder = "\(root)/\(digits.prefix(32))"
  }

  /// Makes sure that a file is there, whole.
  ///
  /// - Parameter fetch: writes it.
  /// - Throws: ``MLflowError`` if it cannot be written; what `fetch` throws.
  func keep(_ file: Artifact, _ fetch: (ArtifactDownload) throws -> Void) throws {
    let path = "\(folder)/\(file.path)"
    if has(path, size: file.size) { return }
    do {
      try makeFolders(to: file.path)
      try locked {
        if has(path, size: file.size) { return }
        let name = String(UInt64.random(in: 0 ... .max), radix: 36)
        if let size = file.size, size >= Self.largeFile {
          Self.log.notice(
            "fetches \(file.path) (\(size >> 20) MiB)", metadata: ["model": "\(reference)"])
        }
        let download = try ArtifactDownload(
          "\(folder)/.\(name).partial", size: file.size, of: "\(file.path) of \(reference)",
          tell: progress(of: file))
        // Whoever still holds the transfer for a moment must not keep what is left of it.
        defer { unlink(download.path) }
        try fetch(download)
        try download.move(to: path)
      }
    } catch let error as ArtifactDownload.WriteFailure {
      throw failure(error.path, error.code, cause: error)
    }
  }

  private func has(_ path: String, size: Int?) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && size.map { $0 == Int(status.st_size) } ?? true
  }

  /// Makes the folders that a file goes into, for the user alone.
  private func makeFolders(to file: String) throws {
    var path = root.hasPrefix("/") ? "" : "."
    for part in root.split(separator: "/") {
      path += "/\(part)"
      if mkdir(path, 0o700) != 0, errno != EEXIST, access(path, F_OK) != 0 {
        throw failure(path, errno)
      }
    }
    path = folder
    for part in [""] + file.split(separator: "/").dropLast().map({ "/\($0)" }) {
      path += part
      if mkdir(path, 0o700) != 0, errno != EEXIST { throw failure(path, errno) }
    }
    var status = stat()
    guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      status.st_uid == geteuid(), status.st_mode & 0o022 == 0
    else {
      throw MLflowError(
        .cache,
        "\(folder), where the model's files are kept, must be a folder of this user that others cannot "
          + "write; remove it, or name another folder for such files in NEEDLETAIL_MLFLOW_CACHE")
    }
  }

  /// Runs `body` while no other process fetches files of the same model. File systems without locks have
  /// none: then each fetches them for itself, and one of them gives them their names.
  private func locked(_ body: () throws -> Void) throws {
    let path = "\(folder)/.lock"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw failure(path, errno) }
    defer { close(descriptor) }
    var told = ContinuousClock.now
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if ![EWOULDBLOCK, EINTR].contains(errno) { return try body() }
      usleep(50_000)
      if ContinuousClock.now - told > .seconds(10) {
        Self.log.notice(
          "waits for another process that fetches the same model",
          metadata: ["model": "\(reference)", "lock": "\(path)"])
        told = .now
      }
    }
    removeLeftovers()
    try body()
  }

  /// Removes what processes left that were killed; whoever has the lock is the only one who fetches.
  private func removeLeftovers() {
    guard let entries = opendir(folder) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix("."), name.hasSuffix(".partial") { unlink("\(folder)/\(name)") }
    }
  }

  /// Tells each ten seconds how much there is.
  private func progress(of file: Artifact) -> (Int) -> Void {
    var last = ContinuousClock.now
    return { count in
      guard ContinuousClock.now - last > .seconds(10) else { return }
      last = .now
      let whole = file.size.map { " of \($0 >> 20)" } ?? ""
      Self.log.notice(
        "\(count >> 20)\(whole) MiB of \(file.path)", metadata: ["model": "\(reference)"])
    }
  }

  private func failure(_ path: String, _ code: Int32, cause: (any Error)? = nil) -> MLflowError {
    let reason = String(cString: strerror(code))
    return MLflowError(
      .cache,
      "the cache of models cannot be written: \(path): \(reason)"
        + (code == ENOSPC || code == EDQUOT ? "; make room" : "")
        + "; or name another folder for it in NEEDLETAIL_MLFLOW_CACHE (it is \(root) now)",
      cause: cause)
  }
}
