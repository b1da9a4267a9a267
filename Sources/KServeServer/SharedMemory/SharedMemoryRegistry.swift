import KServeProtocol
import Synchronization
import Tensors

/// The regions of system shared memory that clients have registered.
final class SharedMemoryRegistry: Sendable {
  /// A region and what the client said of it.
  struct Entry: Sendable {
    var name: String
    var key: String
    var offset: Int
    var region: SharedMemoryRegion
  }

  private let entries = Mutex<[String: Entry]>([:])

  /// Maps the object `key` under `name`.
  ///
  /// - Throws: ``KServeError`` if the name is taken, or the object cannot be mapped.
  func register(name: String, key: String, offset: Int, byteSize: Int) throws(KServeError) {
    if entries.withLock({ $0[name] }) != nil { throw Self.taken(name) }
    let region: SharedMemoryRegion
    do {
      region = try SharedMemoryRegion.open(key: key, offset: offset, byteCount: byteSize)
    } catch {
      throw error.code == .invalidArgument
        ? error : KServeError(.internal, "Unable to open shared memory region: '\(key)'")
    }
    let isNew = entries.withLock { entries in
      if entries[name] != nil { return false }
      entries[name] = Entry(name: name, key: key, offset: offset, region: region)
      return true
    }
    if !isNew { throw Self.taken(name) }
  }

  private static func taken(_ name: String) -> KServeError {
    KServeError(.alreadyExists, "shared memory region '\(name)' already in manager")
  }

  /// Forgets the region `name`, or all if it is empty. Nothing happens if there is none; requests at
  /// work keep their mapping.
  func unregister(name: String) {
    entries.withLock { entries in
      if name.isEmpty { entries.removeAll() } else { entries[name] = nil }
    }
  }

  /// The region `name`, or all if it is empty, by name.
  ///
  /// - Throws: ``KServeError`` if there is no such region.
  func status(name: String) throws(KServeError) -> [Entry] {
    let all = entries.withLock { $0 }
    if name.isEmpty { return all.values.sorted { $0.name < $1.name } }
    guard let entry = all[name] else {
      throw KServeError(
        .notFound, "Unable to find system shared memory region: '\(name)'")
    }
    return [entry]
  }

  /// The bytes at `location`, viewed where they are.
  ///
  /// - Throws: ``KServeError`` if there is no such region, or it ends before the bytes do.
  func bytes(at location: SharedMemoryLocation) throws(KServeError) -> TensorBytes {
    guard let entry = entries.withLock({ $0[location.region] }) else {
      throw KServeError(
        .notFound, "Unable to find shared memory region: '\(location.region)'")
    }
    let size = entry.region.byteCount
    guard location.offset >= 0, location.offset <= size else {
      throw KServeError(
        .invalidArgument, "Invalid offset for shared memory region: '\(location.region)'")
    }
    guard location.byteSize >= 0, location.byteSize <= size - location.offset else {
      throw KServeError(
        .invalidArgument,
        "Invalid offset + byte size for shared memory region: '\(location.region)'")
    }
    return TensorBytes(
      entry.region.storage, byteOffset: location.offset, byteCount: location.byteSize)
  }

  /// Copies a tensor's bytes to `location`.
  ///
  /// - Throws: ``KServeError`` if the region is gone, or has less room than the tensor needs.
  func write(_ tensor: InferTensor, to location: SharedMemoryLocation) throws(KServeError) {
    guard let source = tensor.bytes else { return }
    let target = try bytes(at: location)
    guard source.byteCount <= target.byteCount else {
      throw KServeError(
        .internal,
        "shared memory size specified with the request for output '\(tensor.name)' "
          + "(\(target.byteCount) bytes) should be at least \(source.byteCount) bytes to hold the results"
      )
    }
    source.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      (target.storage.baseAddress + target.byteOffset).copyMemory(
        from: base, byteCount: bytes.count)
    }
  }
}
