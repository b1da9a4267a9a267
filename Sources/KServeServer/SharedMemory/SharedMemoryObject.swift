import Glibc
import KServeProtocol
import Tensors

/// A client's POSIX shared-memory object, read and written by calls on its descriptor.
///
/// It is not mapped: the client may cut its object at any time, or make it larger than the memory that
/// there is, and touching such a mapping ends the process by a signal (SIGBUS), where a call returns an
/// error.
final class SharedMemoryObject: Sendable {
  let key: String
  /// Where the registered region begins in the object, in bytes.
  let offset: Int
  let byteCount: Int
  private let file: Int32

  /// Opens `byteCount` bytes of an existing object, `offset` bytes in.
  ///
  /// - Throws: ``KServeError``: ``KServeError/Code/internal`` when there is no such object, as Triton,
  ///   ``KServeError/Code/invalidArgument`` when its name is none or it is smaller than that,
  ///   ``KServeError/Code/permissionDenied`` when `mayUse` refuses its owner.
  init(
    key: String, offset: Int, byteCount: Int, mayUse: (uid_t) -> Bool
  ) throws(KServeError) {
    try SharedMemoryRegion.check(key: key)
    // No following of links, which name other files, and no waiting for a pipe's other end.
    let file = shm_open(key, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0)
    var status = stat()
    guard file >= 0, fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      if file >= 0 { Glibc.close(file) }
      throw KServeError(.internal, "Unable to open shared memory region: '\(key)'")
    }
    guard mayUse(status.st_uid) else {
      Glibc.close(file)
      throw KServeError(
        .permissionDenied,
        "the shared-memory object '\(key)' is not the client's: it must belong to the user that calls, "
          + "and the call must come from the server's machine; send the tensors with the messages, or "
          + "start the server with --shared-memory any (SharedMemoryAccess in Swift) where all clients may "
          + "read what it can")
    }
    let size = Int(status.st_size)
    guard offset >= 0, byteCount > 0, offset <= size, byteCount <= size - offset else {
      Glibc.close(file)
      throw KServeError(
        .invalidArgument,
        "the shared-memory object '\(key)' has \(size) bytes, too few for \(byteCount) bytes at offset "
          + "\(offset); a registration must lie within its object")
    }
    self.key = key
    self.offset = offset
    self.byteCount = byteCount
    self.file = file
  }

  deinit { Glibc.close(file) }

  /// Copies `count` bytes, `start` bytes from the region's beginning.
  ///
  /// - Throws: ``KServeError`` if the object was cut, or there is no memory for the copy.
  func read(_ start: Int, count: Int, region: String) throws(KServeError) -> TensorBytes {
    let storage = try Memory.allocate(count)
    var done = 0
    while done < count {
      let result = pread(file, storage.baseAddress + done, count - done, offset + start + done)
      if result < 0, errno == EINTR { continue }
      if result <= 0 { throw cut(region, needed: start + count) }
      done += result
    }
    return TensorBytes(storage)
  }

  /// Writes `bytes`, `start` bytes from the region's beginning.
  ///
  /// - Throws: ``KServeError`` if the object was cut, or shared memory is full.
  func write(_ bytes: TensorBytes, to start: Int, region: String) throws(KServeError) {
    var status = stat()
    // A write beyond the end would make the object larger again.
    guard fstat(file, &status) == 0, offset + start + bytes.byteCount <= status.st_size else {
      throw cut(region, needed: start + bytes.byteCount)
    }
    let code = bytes.withUnsafeBytes { source -> Int32 in
      var done = 0
      while done < source.count {
        let result = pwrite(
          file, source.baseAddress.map { $0 + done }, source.count - done, offset + start + done)
        if result < 0, errno == EINTR { continue }
        if result <= 0 { return result == 0 ? ENOSPC : errno }
        done += result
      }
      return 0
    }
    if code != 0 {
      throw KServeError(
        .internal,
        "the shared memory region '\(region)' (the object '\(key)') cannot be written: "
          + "\(String(cString: strerror(code)))"
          + (code == ENOSPC
            ? "; /dev/shm is full, so make it larger, or send the tensors with the messages" : ""))
    }
  }

  private func cut(_ region: String, needed: Int) -> KServeError {
    KServeError(
      .invalidArgument,
      "the shared memory region '\(region)' ends before byte \(needed): its object '\(key)' was cut "
        + "after the registration; make it large again, or register it anew")
  }
}
