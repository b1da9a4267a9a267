import FoundationEssentials
import Glibc
import NativeLibraries
import Texts

/// The part of the cache for one repository, in the layout of the official client, which finds what is
/// here and whose files are found:
///
///     models--org--name/blobs/CHECKSUM
///     models--org--name/refs/REVISION                      the commit that a branch stood for
///     models--org--name/snapshots/COMMIT/onnx/model.onnx   a link to ../../../blobs/CHECKSUM
///     models--org--name/trees/COMMIT.json                  the files of a commit
///     .locks/models--org--name/CHECKSUM.lock
struct HubCache: Sendable {
  /// The folder of the whole cache.
  let root: String
  private let name: String

  init(root: String, repository: String) {
    self.root = root
    name = (["models"] + repository.split(separator: "/")).joined(separator: "--")
  }

  private var folder: String { "\(root)/\(name)" }

  /// Where the files of a commit have their own names.
  func snapshot(_ commit: String) -> String { "\(folder)/snapshots/\(commit)" }

  /// Where the contents of a file lie.
  func blob(_ file: HubFile) -> String { "\(folder)/blobs/\(file.checksum)" }

  // MARK: What is there

  /// Whether a file is at `path`, complete, links followed.
  func has(_ path: String, bytes: Int) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && Int(status.st_size) == bytes
  }

  /// The commit that a revision stood for when it was last asked; `nil` if it never was.
  func commit(of revision: String) -> String? {
    guard let contents = FileManager.default.contents(atPath: "\(folder)/refs/\(revision)") else {
      return nil
    }
    let commit = String(decoding: contents, as: UTF8.self).trimmed
    return commit.isCommit ? commit : nil
  }

  /// The files of a commit, if somebody has listed them.
  func listing(of commit: String) -> HubListing? {
    FileManager.default.contents(atPath: listingFile(commit)).flatMap {
      HubListing(cached: [UInt8]($0))
    }
  }

  /// The files of a commit that are here: all that is known of one that nobody has listed.
  func files(of commit: String) -> [HubFile] {
    let folder = snapshot(commit)
    var names: [String] = []
    FileSystem.walk(folder) { name in
      names.append(name)
      return .into
    }
    return names.compactMap { name in
      let path = "\(folder)/\(name)"
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else {
        return nil
      }
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      let hash = target.split(separator: "/").last.map(String.init) ?? ""
      let isLarge = hash.utf8.count == 64
      return HubFile(
        path: name, size: Int(status.st_size),
        blob: isLarge ? String(repeating: "0", count: 40) : hash, sha256: isLarge ? hash : nil,
        xet: nil)
    }
  }

  private func listingFile(_ commit: String) -> String { "\(folder)/trees/\(commit).json" }

  // MARK: What is put there

  /// Keeps what a revision stands for.
  ///
  /// - Throws: ``HubError``.
  func note(_ revision: String, is commit: String) throws(HubError) {
    if revision == commit || self.commit(of: revision) == commit { return }
    try write(Array(commit.utf8), to: "\(folder)/refs/\(revision)")
  }

  /// Keeps the files of a commit.
  ///
  /// - Throws: ``HubError``.
  func note(_ listing: HubListing, of commit: String) throws(HubError) {
    try write(listing.cached, to: listingFile(commit))
  }

  /// Gives the contents of a file its name in a commit.
  ///
  /// - Throws: ``HubError``.
  func link(_ file: HubFile, in commit: String) throws(HubError) {
    let path = "\(snapshot(commit))/\(file.path)"
    try makeFolder(of: path)
    let up = String(repeating: "../", count: file.path.split(separator: "/").count + 1)
    let target = "\(up)blobs/\(file.checksum)"
    // Another process may do the same: the link is there at every moment.
    let made = "\(path).\(UUID().uuidString.prefix(8)).tmp"
    guard symlink(target, made) == 0, rename(made, path) == 0 else {
      let code = errno
      unlink(made)
      throw failure(path, code)
    }
  }

  /// Writes a small file, which others see as a whole or not at all.
  private func write(_ bytes: [UInt8], to path: String) throws(HubError) {
    try makeFolder(of: path)
    let made = "\(path).\(UUID().uuidString.prefix(8)).tmp"
    let descriptor = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(made, errno) }
    let size = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    let isWritten = size == bytes.count
    let isClosed = close(descriptor) == 0
    guard isWritten, isClosed, rename(made, path) == 0 else {
      let code = errno
      unlink(made)
      throw failure(path, code)
    }
  }

  /// Makes the folder that a file goes into.
  ///
  /// - Throws: ``HubError``.
  func makeFolder(of path: String) throws(HubError) {
    let folder = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
    do {
      try FileManager.default.createDirectory(
        atPath: String(folder), withIntermediateDirectories: true)
    } catch {
      throw failure(String(folder), error.reason, cause: error)
    }
    // Programs that save folders leave out those with this file in them (bford.info/cachedir).
    let tag = root + "/CACHEDIR.TAG"
    if access(tag, F_OK) != 0 {
      let text = """
        Signature: 8a477f597d28d172789f06886806bc55
        # This file is a cache directory tag created by needletail.
        # For information about cache directory tags, see https://bford.info/cachedir/

        """
      try? Data(text.utf8).write(to: URL(fileURLWithPath: tag))
    }
  }

  // MARK: Locks

  /// Runs `body` while no other process fetches the same contents.
  ///
  /// - Parameter waiting: is told the lock's file each ten seconds.
  /// - Throws: ``HubError`` if there can be no lock; what `body` throws.
  func locked(
    _ file: HubFile, waiting: (String) -> Void, _ body: () throws -> Void
  ) throws {
    let path = "\(root)/.locks/\(name)/\(file.checksum).lock"
    try makeFolder(of: path)
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o664)
      guard descriptor >= 0 else { throw failure(path, errno) }
      defer { close(descriptor) }
      var told = ContinuousClock.now
      while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        // A file system without locks: the checksum tells whether two have written one file.
        if ![EWOULDBLOCK, EINTR].contains(errno) { return try body() }
        usleep(50_000)
        if ContinuousClock.now - told > .seconds(10) {
          waiting(path)
          told = .now
        }
      }
      // Somebody may have removed the file since it was opened: the lock would be nobody's.
      var (opened, named) = (stat(), stat())
      guard fstat(descriptor, &opened) == 0, stat(path, &named) == 0,
        opened.st_ino == named.st_ino
      else { continue }
      return try body()
    }
  }

  // MARK: Failures

  func failure(_ path: String, _ code: Int32, cause: (any Error)? = nil) -> HubError {
    let reason = String(cString: strerror(code))
    return failure(
      path, code == ENOSPC || code == EDQUOT ? "\(reason); make room" : reason, cause: cause)
  }

  private func failure(_ path: String, _ reason: String, cause: (any Error)?) -> HubError {
    HubError(
      .cache,
      "the cache of models cannot be written: \(path): \(reason); or name another folder for it in "
        + "HF_HUB_CACHE (it is \(root) now)", cause: cause)
  }
}
