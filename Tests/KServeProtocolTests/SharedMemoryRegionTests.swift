import Glibc
import KServeProtocol
import Tensors
import Testing

/// POSIX shared memory.
struct SharedMemoryRegionTests {
  private let key = "/needletail-test-\(getpid())-\(UInt32.random(in: .min ... .max))"

  @Test("what one mapping writes another reads, at any offset")
  func sharing() throws {
    let region = try SharedMemoryRegion.create(key: key, byteCount: 10_000)
    defer { region.unlink() }
    #expect(region.byteCount == 10_000)
    region.storage.baseAddress.storeBytes(of: 0x2A, toByteOffset: 4999, as: UInt8.self)
    for offset in [0, 1, 4096, 4999] {
      let other = try SharedMemoryRegion.open(key: key, offset: offset, byteCount: 10_000 - offset)
      #expect(other.byteCount == 10_000 - offset)
      #expect(
        other.storage.baseAddress.load(fromByteOffset: 4999 - offset, as: UInt8.self) == 0x2A)
    }
  }

  @Test("an object that was unlinked is gone; its mapping stays")
  func unlinking() throws {
    let region = try SharedMemoryRegion.create(key: key, byteCount: 64)
    region.unlink()
    region.unlink()
    region.storage.baseAddress.storeBytes(of: 1, as: UInt8.self)
    let error = #expect(throws: KServeError.self) {
      _ = try SharedMemoryRegion.open(key: key, byteCount: 64)
    }
    #expect(error?.code == .notFound)
  }

  @Test("a name can be taken once")
  func taken() throws {
    let region = try SharedMemoryRegion.create(key: key, byteCount: 64)
    defer { region.unlink() }
    let error = #expect(throws: KServeError.self) {
      _ = try SharedMemoryRegion.create(key: key, byteCount: 64)
    }
    #expect(error?.code == .alreadyExists)
  }

  @Test(
    "parts beyond the object are refused",
    arguments: [(0, 65), (1, 64), (64, 1), (-1, 1), (0, 0), (0, -1), (Int.max, 1), (1, Int.max)])
  func beyond(offset: Int, byteCount: Int) throws {
    let region = try SharedMemoryRegion.create(key: key, byteCount: 64)
    defer { region.unlink() }
    let error = #expect(throws: KServeError.self) {
      _ = try SharedMemoryRegion.open(key: key, offset: offset, byteCount: byteCount)
    }
    #expect(error?.code == .invalidArgument)
  }

  @Test("sizes that are none", arguments: [0, -1])
  func sizes(byteCount: Int) {
    #expect(throws: KServeError.self) {
      _ = try SharedMemoryRegion.create(key: key, byteCount: byteCount)
    }
  }

  @Test(
    "names that are none",
    arguments: [
      "", "/", "/a/b", "a/../b", "..", "/.", "/a\0b", "/" + String(repeating: "a", count: 300),
    ])
  func names(key: String) {
    let error = #expect(throws: KServeError.self) {
      _ = try SharedMemoryRegion.create(key: key, byteCount: 64)
    }
    #expect(error?.code == .invalidArgument)
  }

  @Test("more than /dev/shm holds is an error and not a signal")
  func tooLarge() {
    let error = #expect(throws: KServeError.self) {
      _ = try SharedMemoryRegion.create(key: key, byteCount: 1 << 50)
    }
    #expect(error.map { [.resourceExhausted, .invalidArgument].contains($0.code) } == true)
    #expect(throws: KServeError.self) {
      _ = try SharedMemoryRegion.open(key: key, byteCount: 1)
    }
  }
}
