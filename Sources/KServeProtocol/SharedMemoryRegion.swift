import Glibc
public import Tensors

/// A POSIX shared-memory object mapped into this process.
///
/// The creator unlinks its object with ``unlink()``; the mapping itself ends when the last tensor
/// that views it goes.
public final class SharedMemoryRegion: Sendable {
  /// The object's name, with the leading slash: the `key` of a registration.
  public let key: String
  /// The bytes mapped.
  public let storage: TensorStorage

  /// The bytes mapped.
  public var byteCount: Int { storage.byteCount }

  private init(key: String, storage: TensorStorage) {
    self.key = key
    self.storage = storage
  }

  /// Makes an object of `byteCount` zero bytes that only this user can open.
  ///
  /// - Parameter key: a slash and a name, such as `/needletail-17-0`.
  /// - Throws: ``KServeError``: ``KServeError/Code/alreadyExists`` when the name is taken,
  ///   ``KServeError/Code/resourceExhausted`` when shared memory is full.
  public static func create(key: String, byteCount: Int) throws(KServeError) -> SharedMemoryRegion {
    try check(key: key)
    guard byteCount > 0 else {
      throw KServeError(
        .invalidArgument, "the shared-memory object '\(key)' needs a size above 0, not \(byteCount)"
      )
    }
    let file = shm_open(key, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if file < 0 { throw failure("created", key: key, code: errno) }
    defer { Glibc.close(file) }
    // Reserving the pages now turns a full /dev/shm into an error here instead of a signal later.
    let code = posix_fallocate(file, 0, byteCount)
    if code != 0 {
      shm_unlink(key)
      throw failure("given \(byteCount) bytes", key: key, code: code)
    }
    do {
      return SharedMemoryRegion(
        key: key, storage: try map(file, key: key, offset: 0, byteCount: byteCount))
    } catch {
      shm_unlink(key)
      throw error
    }
  }

  /// Maps `byteCount` bytes of an existing object, `offset` bytes in.
  ///
  /// - Throws: ``KServeError``: ``KServeError/Code/notFound`` when there is no such object,
  ///   ``KServeError/Code/invalidArgument`` when it is smaller than that.
  public static func open(
    key: String, offset: Int = 0, byteCount: Int
  ) throws(KServeError) -> SharedMemoryRegion {
    try check(key: key)
    let file = shm_open(key, O_RDWR | O_CLOEXEC, 0)
    if file < 0 { throw failure("opened", key: key, code: errno) }
    defer { Glibc.close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw failure("examined", key: key, code: errno) }
    guard offset >= 0, byteCount > 0, offset <= status.st_size,
      byteCount <= status.st_size - offset
    else {
      throw KServeError(
        .invalidArgument,
        "the shared-memory object '\(key)' has \(status.st_size) bytes, too few for \(byteCount) "
          + "bytes at offset \(offset); a registration must lie within its object")
    }
    return SharedMemoryRegion(
      key: key, storage: try map(file, key: key, offset: offset, byteCount: byteCount))
  }

  /// Removes the object's name; mappings, here and elsewhere, stay. Nothing happens if it is gone.
  public func unlink() { shm_unlink(key) }

  private static func map(
    _ file: Int32, key: String, offset: Int, byteCount: Int
  ) throws(KServeError) -> TensorStorage {
    // A mapping begins at a page; a registration may begin anywhere.
    let slack = offset % Int(getpagesize())
    let length = byteCount + slack
    let address = mmap(
      nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, offset - slack)
    guard let address, address != MAP_FAILED else { throw failure("mapped", key: key, code: errno) }
    nonisolated(unsafe) let mapping = address
    return TensorStorage(foreign: address + slack, byteCount: byteCount) { munmap(mapping, length) }
  }

  /// Checks a name: `shm_open` takes a slash and one path component, anything else could name another
  /// file.
  package static func check(key: String) throws(KServeError) {
    let name = key.utf8.dropFirst(key.hasPrefix("/") ? 1 : 0)
    if name.isEmpty || name.count > 254 || name.contains(UInt8(ascii: "/")) || name.contains(0)
      || name.elementsEqual("..".utf8) || name.elementsEqual(".".utf8)
    {
      throw KServeError(
        .invalidArgument,
        "'\(key)' is no name of a shared-memory object; give a slash and up to 254 bytes without a "
          + "further slash")
    }
  }

  private static func failure(_ action: String, key: String, code: Int32) -> KServeError {
    let reason = String(cString: strerror(code))
    let kind: KServeError.Code =
      switch code {
      case ENOENT: .notFound
      case EEXIST: .alreadyExists
      case EACCES, EPERM: .permissionDenied
      case ENOSPC, ENOMEM, EMFILE, ENFILE: .resourceExhausted
      default: .invalidArgument
      }
    return KServeError(
      kind,
      "the shared-memory object '\(key)' cannot be \(action): \(reason); client and server must run "
        + "on one host, share /dev/shm and run as the same user, and it must have room")
  }
}
