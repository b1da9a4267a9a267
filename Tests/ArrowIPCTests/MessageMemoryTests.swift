import Tensors
import Testing

@testable import ArrowIPC

/// Memory of messages that is used again.
struct MessageMemoryTests {
  @Test("a freed block serves a message of its size, never one that is alive")
  func reuse() {
    let memory = MessageMemory()
    let size = 1 << 20
    var first: TensorStorage? = memory.storage(byteCount: size)
    let second = memory.storage(byteCount: size)
    let address = first?.baseAddress
    #expect(second.baseAddress != address)
    first = nil
    #expect(memory.spareByteCount == size)
    let third = memory.storage(byteCount: size - 1000)
    #expect(third.baseAddress == address && third.byteCount == size - 1000)
    #expect(memory.spareByteCount == 0)
    #expect(memory.storage(byteCount: size / 4).baseAddress != second.baseAddress)
  }

  @Test("no more than two blocks wait, and none of an odd size")
  func bounds() {
    let memory = MessageMemory()
    var blocks = (0..<5).map { _ in memory.storage(byteCount: 1 << 20) }
    blocks.removeAll()
    #expect(memory.spareByteCount == 2 << 20)
    #expect(memory.storage(byteCount: 300).byteCount == 300)
    #expect(memory.spareByteCount == 2 << 20)
    memory.releaseSpare()
    #expect(memory.spareByteCount == 0)
  }
}
