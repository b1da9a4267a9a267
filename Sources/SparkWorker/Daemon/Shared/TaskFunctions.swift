import SparkFunctions
import Synchronization

/// The functions of one task, as the daemon and its workers tell them apart.
struct TaskFunctions: Sendable, Hashable {
  /// One number for each function with its parameters, sorted. The columns that it is used on do not
  /// count.
  let keys: [UInt64]
  /// What messages call them.
  let names: String

  /// As many functions tell tasks apart: no more have room in the ``TaskLedger``, and whose a task is
  /// must come out the same on both sides of it.
  static let maximumKeys = 8

  init(keys: [UInt64], names: String) {
    self.keys = keys
    self.names = names
  }

  init(_ calls: [FunctionCall]) {
    var keys: Set<UInt64> = []
    var names: [String] = []
    for command in calls.flatMap(\.commands) {
      let (key, name) = Self.known(command)
      keys.insert(key)
      if !names.contains(name) { names.append(name) }
    }
    self.init(
      keys: Array(keys.sorted().prefix(Self.maximumKeys)), names: names.joined(separator: ", "))
  }

  /// One number for all of them together.
  var key: UInt64 {
    var hash = StableHash()
    for key in keys { withUnsafeBytes(of: key) { hash.combine($0) } }
    return hash.value
  }

  /// The tasks of a job carry the same bytes, which need not be decoded each time.
  private static let cache = Mutex<[[UInt8]: (key: UInt64, name: String)]>([:])
  private static let cacheCapacity = 64

  private static func known(_ command: [UInt8]) -> (key: UInt64, name: String) {
    if let entry = cache.withLock({ $0[command] }) { return entry }
    var hash = StableHash()
    var name = "an unknown function"
    if let invocation = try? FunctionCommand.decode(command) {
      name = invocation.function
      Array(invocation.id.utf8).withUnsafeBytes { hash.combine($0) }
      invocation.parameters.withUnsafeBytes { hash.combine($0) }
    } else {
      command.withUnsafeBytes { hash.combine($0) }
    }
    let entry = (key: hash.value, name: name)
    cache.withLock { cache in
      if cache.count >= cacheCapacity { cache.removeAll() }
      cache[command] = entry
    }
    return entry
  }
}

/// A hash that is the same in all processes, unlike Swift's own (FNV-1a of 64 bits).
struct StableHash {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func combine(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    // So that two texts one after the other differ from one text of both.
    value = (value ^ 0xFF) &* 0x100_0000_01b3
  }
}
