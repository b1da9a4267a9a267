import KServeProtocol
import NIOCore
import Synchronization
import Tensors
import Testing

@testable import KServeServer

/// Memory is taken for what has come, and no more than is allowed.
@Suite struct MemoryLimitTests {
  @Test func takesNoMemoryForClaims() throws {
    let budget = MemoryBudget(limit: 1 << 20)
    var readers = (0..<100).map { _ in
      GRPCRequestReader(maxMessageBytes: 256 << 20, budget: budget)
    }
    for index in readers.indices {
      var claim = ByteBuffer(bytes: [0, 0x10, 0, 0, 0])
      #expect(try readers[index].next(from: &claim) == nil)
      #expect(readers[index].isInMessage)
    }
    #expect(budget.inUse == 0)
  }

  @Test func readsMessagesInPieces() throws {
    let budget = MemoryBudget(limit: 8 << 20)
    for (count, piece) in [(0, 1), (1, 1), (100, 7), (70_001, 1000), (3_000_001, 65_536)] {
      var reader = GRPCRequestReader(maxMessageBytes: 4 << 20, budget: budget)
      let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
      let bytes =
        [1] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } + content
      for round in 0..<2 {
        var messages: [GRPCRequestReader.Message] = []
        for part in bytes.chunks(of: piece) {
          var buffer = ByteBuffer(bytes: part)
          while let message = try reader.next(from: &buffer) { messages.append(message) }
        }
        #expect(messages.count == 1, "\(count) bytes, round \(round)")
        let message = try #require(messages.first)
        #expect(message.isCompressed)
        #expect(message.bytes.withUnsafeBytes { Array($0) } == content)
        // What follows the last byte is aligned.
        let end = message.bytes.byteOffset + message.bytes.byteCount
        #expect(end.isMultiple(of: TensorStorage.alignment))
        #expect(!reader.isInMessage)
      }
    }
    #expect(budget.inUse == 0)
  }

  @Test func refusesWhatIsBeyondTheBudget() throws {
    let budget = MemoryBudget(limit: 1 << 20)
    var held: MemoryBudget.Lease? = MemoryBudget.Lease(budget)
    try held?.grow(to: 900 << 10)
    var body = HTTPBodyBuffer(budget: budget)
    body.begin(expected: 512 << 10, headerLength: 3)
    let piece = ByteBuffer(repeating: 5, count: 60 << 10)
    try body.append(piece)
    let error = #expect(throws: KServeError.self) { for _ in 0..<8 { try body.append(piece) } }
    #expect(error?.code == .unavailable)
    body.drop()
    #expect(budget.inUse == 900 << 10)
    held = nil
    body.begin(expected: 512 << 10, headerLength: 3)
    for _ in 0..<8 { try body.append(piece) }
    var ended: (body: TensorBytes, memory: MemoryBudget.Lease)? = body.end()
    #expect(ended?.body.byteCount == 480 << 10)
    #expect(budget.inUse >= 480 << 10)
    ended = nil
    #expect(budget.inUse == 0)
  }

  @Test func failsWhereTheSystemGivesNoMemory() {
    let error = #expect(throws: KServeError.self) { try Memory.allocate(1 << 60) }
    #expect(error?.code == .unavailable)
  }

  /// Requests beyond a connection's limit wait for the answers before them to be sent.
  @Test func holdsBackWhoDoesNotRead() async throws {
    let limit = InFlightLimit(limit: 100, starter: WorkerThreads(count: 1))
    let leases = Mutex<[Int: InFlightLimit.Lease]>([:])
    let started = Mutex<[Int]>([])
    func enter(_ id: Int, _ bytes: Int) {
      limit.enter(bytes: bytes) { lease in
        leases.withLock { $0[id] = lease }
        started.withLock { $0.append(id) }
      }
    }
    enter(0, 1000)
    for id in 1...4 { enter(id, 40) }
    #expect(started.withLock { $0 } == [0])
    // An answer smaller than was expected makes room.
    leases.withLock { $0[0] }?.resize(to: 30)
    try await ServingTests.eventually { started.withLock { $0.count } == 2 }
    leases.withLock { $0[0] = nil }
    try await ServingTests.eventually { started.withLock { $0.count } == 3 }
    limit.close()
    try await ServingTests.eventually { started.withLock { $0.count } == 5 }
    #expect(started.withLock { $0 } == [0, 1, 2, 3, 4])
  }

  /// The sizes are what clients say.
  @Test func takesSizesBeyondAllLimits() async throws {
    let limit = InFlightLimit(limit: 100, starter: WorkerThreads(count: 1))
    let leases = Mutex<[InFlightLimit.Lease]>([])
    for bytes in [1, Int.min, Int.max, Int.max] {
      limit.enter(bytes: bytes) { lease in leases.withLock { $0.append(lease) } }
    }
    #expect(leases.withLock { $0.count } == 2)
    limit.close()
    try await ServingTests.eventually { leases.withLock { $0.count } == 4 }
  }
}
