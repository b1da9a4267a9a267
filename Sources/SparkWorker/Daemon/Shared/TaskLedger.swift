import Glibc
import Synchronization

/// Memory that the daemon and all its worker processes have mapped: how far the task of each
/// connection is, and which functions run apart.
///
/// Workers write into the places of their connections; the daemon reads them when a worker has died.
/// Nothing of it costs a system call while tasks run.
package final class TaskLedger: Sendable {
  /// The greatest number of connections at a time.
  static let capacity = 4096
  private static let headerSize = 4096
  private static let size = headerSize + capacity * LedgerSlot.size
  /// Room for functions in the header, behind their number.
  private static let suspectCapacity = headerSize / 8 - 1

  /// To be given to worker processes.
  let descriptor: Int32
  private nonisolated(unsafe) let memory: UnsafeMutableRawPointer

  /// - Parameter descriptor: one that the daemon made, `nil` to make one.
  init(descriptor: Int32? = nil) throws(WorkerError) {
    if let descriptor {
      self.descriptor = descriptor
    } else {
      self.descriptor = try AnonymousFile.make("needletail-tasks")
      guard ftruncate(self.descriptor, off_t(Self.size)) == 0 else {
        throw WorkerError.system("no memory can be shared")
      }
    }
    let mapped = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, self.descriptor, 0)
    guard let mapped, mapped != MAP_FAILED else {
      throw WorkerError.system("the memory of the daemon cannot be mapped")
    }
    memory = mapped
  }

  deinit {
    munmap(memory, Self.size)
    close(descriptor)
  }

  func slot(_ index: Int) -> LedgerSlot {
    precondition((0..<Self.capacity).contains(index), "no such connection")
    return LedgerSlot(memory: memory + (Self.headerSize + index * LedgerSlot.size))
  }

  private var suspectCount: UnsafeMutablePointer<Atomic<UInt32>> {
    memory.assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  /// The functions that run in processes of their own; only the daemon sets them. A reader may see
  /// the old ones, the new ones, or fewer while they change.
  var suspects: Set<UInt64> {
    get {
      let count = Int(suspectCount.pointee.load(ordering: .acquiring))
      return Set((0..<count).map { memory.load(fromByteOffset: 8 + 8 * $0, as: UInt64.self) })
    }
    set {
      suspectCount.pointee.store(0, ordering: .releasing)
      for (index, key) in newValue.prefix(Self.suspectCapacity).enumerated() {
        memory.storeBytes(of: key, toByteOffset: 8 + 8 * index, as: UInt64.self)
      }
      suspectCount.pointee.store(
        UInt32(min(newValue.count, Self.suspectCapacity)), ordering: .releasing)
    }
  }

  /// Whether any function runs apart.
  var hasSuspects: Bool { suspectCount.pointee.load(ordering: .acquiring) > 0 }

  /// The key of the process that computes tasks of `functions`, `nil` for the process of all tasks
  /// that do not run apart.
  func owner(of functions: TaskFunctions) -> UInt64? {
    suspects.isDisjoint(with: functions.keys) ? nil : functions.key
  }
}

/// The place of one connection in a ``TaskLedger``.
package struct LedgerSlot: Sendable {
  /// How far the connection is, and what may still be written to it.
  enum State: UInt32, Sendable {
    /// It waits for a task, and no byte of one was read.
    case idle
    /// It was passed on with a task of which another process had read, and which is not begun.
    case handed
    /// It has a task, and nothing of the answer is written.
    case computing
    /// The answer's Arrow stream was begun; all that is written of it are whole messages.
    case answering
    /// In the middle of a message: nothing can follow but its rest.
    case writing
    /// The answer is complete, and Spark will close the connection.
    case answered
  }

  static let size = 256
  private static let keyCapacity = TaskFunctions.maximumKeys
  private static let keysOffset = 8
  private static let textOffset = keysOffset + 8 * keyCapacity + 8
  private static let textCapacity = size - textOffset

  nonisolated(unsafe) let memory: UnsafeMutableRawPointer

  private var stateWord: UnsafeMutablePointer<Atomic<UInt32>> {
    memory.assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  var state: State {
    get { State(rawValue: stateWord.pointee.load(ordering: .acquiring)) ?? .writing }
    nonmutating set { stateWord.pointee.store(newValue.rawValue, ordering: .releasing) }
  }

  /// Makes the place that of a new connection.
  func clear() {
    forgetTask()
    state = .idle
  }

  /// Nothing is known of the task that comes.
  func forgetTask() { record(TaskFunctions(keys: [], names: ""), place: "") }

  /// Writes down what the task runs, and where in the job it stands.
  func record(_ functions: TaskFunctions, place: String) {
    let keys = functions.keys.prefix(Self.keyCapacity)
    for (index, key) in keys.enumerated() {
      memory.storeBytes(of: key, toByteOffset: Self.keysOffset + 8 * index, as: UInt64.self)
    }
    memory.storeBytes(of: UInt32(keys.count), toByteOffset: 4, as: UInt32.self)
    // The place first: it is short, and names can be of any length.
    let text = Array("\(place)\n\(functions.names)".utf8.prefix(Self.textCapacity))
    memory.storeBytes(
      of: UInt32(text.count), toByteOffset: Self.textOffset - 8, as: UInt32.self)
    text.withUnsafeBytes { (memory + Self.textOffset).copyMemory(from: $0) }
  }

  var functions: TaskFunctions {
    let count = min(
      Int(memory.load(fromByteOffset: 4, as: UInt32.self)), Self.keyCapacity)
    let keys = (0..<count).map {
      memory.load(fromByteOffset: Self.keysOffset + 8 * $0, as: UInt64.self)
    }
    return TaskFunctions(keys: keys, names: texts.last ?? "")
  }

  var place: String { texts.first.flatMap { $0.isEmpty ? nil : $0 } ?? "a task" }

  private var texts: [String] {
    let count = min(
      Int(memory.load(fromByteOffset: Self.textOffset - 8, as: UInt32.self)), Self.textCapacity)
    let bytes = UnsafeRawBufferPointer(start: memory + Self.textOffset, count: count)
    return String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
  }
}

extension UnsafeMutableRawPointer {
  fileprivate func copyMemory(from bytes: UnsafeRawBufferPointer) {
    if let start = bytes.baseAddress { copyMemory(from: start, byteCount: bytes.count) }
  }
}
