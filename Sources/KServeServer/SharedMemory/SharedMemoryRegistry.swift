import Glibc
import KServeProtocol
import Synchronization
import Tensors

/// The regions of system shared memory that clients have registered.
final class SharedMemoryRegistry: Sendable {
  /// More regions than this would take the descriptors that connections need.
  private static let limit = 4096

  private let access: SharedMemoryAccess
  private let entries = Mutex<[String: SharedMemoryObject]>([:])

  init(access: SharedMemoryAccess = SharedMemoryAccess()) { self.access = access }

  /// Opens the object `key` under `name` for `client`.
  ///
  /// - Throws: ``KServeError`` if the name is taken, or the object cannot be opened or is none of the
  ///   client's.
  func register(
    name: String, key: String, offset: Int, byteSize: Int, client: ClientIdentity
  ) throws(KServeError) {
    try checkAccess(key: key)
    let count = entries.withLock { $0[name] == nil ? $0.count : nil }
    guard let count else { throw Self.taken(name) }
    guard count < Self.limit else {
      throw KServeError(
        .resourceExhausted,
        "\(count) shared memory regions are registered, which is the most that this server takes; "
          + "unregister those that are not used")
    }
    let object = try SharedMemoryObject(key: key, offset: offset, byteCount: byteSize) {
      mayUse($0, client)
    }
    let isNew = entries.withLock { entries in
      if entries[name] != nil { return false }
      entries[name] = object
      return true
    }
    if !isNew { throw Self.taken(name) }
  }

  private func checkAccess(key: String) throws(KServeError) {
    guard access.clients != .off else {
      throw KServeError(
        .permissionDenied,
        "this server takes no shared memory; send the tensors with the messages, or start it with "
          + "--shared-memory own (SharedMemoryAccess in Swift)")
    }
    let name = key.hasPrefix("/") ? String(key.dropFirst()) : key
    guard name.hasPrefix(access.prefix) else {
      throw KServeError(
        .permissionDenied,
        "this server takes shared-memory objects whose names begin with '/\(access.prefix)' only, not "
          + "'\(key)'")
    }
  }

  /// Whether `client` may have an object of `owner` registered.
  private func mayUse(_ owner: uid_t, _ client: ClientIdentity) -> Bool {
    if access.clients == .any { return true }
    guard let user = client.user else { return false }
    return user == 0 || user == owner
  }

  private static func taken(_ name: String) -> KServeError {
    KServeError(.alreadyExists, "shared memory region '\(name)' already in manager")
  }

  /// Forgets the region `name`, or all if it is empty. Nothing happens if there is none; requests at
  /// work keep their object.
  func unregister(name: String) {
    entries.withLock { entries in
      if name.isEmpty { entries.removeAll() } else { entries[name] = nil }
    }
  }

  /// The region `name`, or all if it is empty, by name.
  ///
  /// - Throws: ``KServeError`` if there is no such region.
  func status(
    name: String
  ) throws(KServeError) -> [(name: String, object: SharedMemoryObject)] {
    let all = entries.withLock { $0 }
    if name.isEmpty { return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    guard let object = all[name] else {
      throw KServeError(
        .notFound, "Unable to find system shared memory region: '\(name)'")
    }
    return [(name, object)]
  }

  /// The region of `location`.
  ///
  /// - Throws: ``KServeError`` if there is no such region, or it ends before the bytes do.
  func check(_ location: SharedMemoryLocation) throws(KServeError) -> SharedMemoryObject {
    guard let object = entries.withLock({ $0[location.region] }) else {
      throw KServeError(
        .notFound, "Unable to find shared memory region: '\(location.region)'")
    }
    let size = object.byteCount
    guard location.offset >= 0, location.offset <= size else {
      throw KServeError(
        .invalidArgument, "Invalid offset for shared memory region: '\(location.region)'")
    }
    guard location.byteSize >= 0, location.byteSize <= size - location.offset else {
      throw KServeError(
        .invalidArgument,
        "Invalid offset + byte size for shared memory region: '\(location.region)'")
    }
    return object
  }

  /// A copy of the bytes at `location`, which no client changes or takes away any more.
  ///
  /// - Throws: ``KServeError`` if there is no such region, it ends before the bytes do, or was cut.
  func bytes(at location: SharedMemoryLocation) throws(KServeError) -> TensorBytes {
    try check(location).read(
      location.offset, count: location.byteSize, region: location.region)
  }

  /// Copies a tensor's bytes to `location`.
  ///
  /// - Throws: ``KServeError`` if the region is gone, was cut, or has less room than the tensor needs.
  func write(_ tensor: InferTensor, to location: SharedMemoryLocation) throws(KServeError) {
    guard let source = tensor.bytes else { return }
    let object = try check(location)
    guard source.byteCount <= location.byteSize else {
      throw KServeError(
        .internal,
        "shared memory size specified with the request for output '\(tensor.name)' "
          + "(\(location.byteSize) bytes) should be at least \(source.byteCount) bytes to hold the results"
      )
    }
    try object.write(source, to: location.offset, region: location.region)
  }
}
