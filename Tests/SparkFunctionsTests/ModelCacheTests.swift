import Foundation
import Testing

@testable import SparkFunctions

@Suite struct ModelCacheTests {
  private struct Failure: Error {}

  @Test func concurrentRequestsLoadOnce() async throws {
    let told = Log<String>()
    let cache = ModelCache { told.append($0.id) }
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          try await cache.value(for: .init(id: "m")) {
            try await Task.sleep(for: .milliseconds(20))
            return 7
          }
        }
      }
      for try await value in group { #expect(value == 7) }
    }
    #expect(cache.loadCount == 1)
    #expect(told.entries == ["m"])
  }

  @Test func theLeastRecentlyUsedGoes() async throws {
    let cache = ModelCache(capacity: 2)
    func use(_ id: String) async throws { _ = try await cache.value(for: .init(id: id)) { id } }
    for id in ["a", "b", "a", "c"] { try await use(id) }
    #expect(cache.loadCount == 3)
    #expect(cache.count == 2)
    try await use("a")
    #expect(cache.loadCount == 3)
    try await use("b")
    #expect(cache.loadCount == 4)
  }

  @Test func failuresAreRememberedForAWhile() async throws {
    func load(_ cache: ModelCache) async -> String {
      await message {
        _ = try await cache.value(for: .init(id: "bad"), as: Int.self) { throw Failure() }
      }
    }
    let cache = ModelCache(failureRetention: .seconds(600))
    for _ in 0..<3 { #expect(await load(cache) == "Failure()") }
    #expect(cache.loadCount == 1)
    let short = ModelCache(failureRetention: .milliseconds(1))
    #expect(await load(short) == "Failure()")
    try await Task.sleep(for: .milliseconds(10))
    #expect(await load(short) == "Failure()")
    #expect(short.loadCount == 2)
  }

  @Test func keysDifferInParameters() async throws {
    let cache = ModelCache()
    for byte in [1, 2, 1] as [UInt8] {
      let value = try await cache.value(for: .init(id: "m", parameters: [byte])) { byte }
      #expect(value == byte)
    }
    #expect(cache.loadCount == 2)
    let text = await message {
      _ = try await cache.value(for: .init(id: "m", parameters: [1]), as: String.self) { "" }
    }
    #expect(text.contains("MODEL_LOAD"), "\(text)")
  }

  @Test func idleModelsGo() async throws {
    let cache = ModelCache()
    _ = try await cache.value(for: .init(id: "m")) { 1 }
    cache.removeAll(idle: .seconds(60))
    #expect(cache.count == 1)
    cache.removeAll()
    #expect(cache.count == 0)
  }

  @Test func cancellingATaskDoesNotCancelTheLoad() async throws {
    let cache = ModelCache()
    let (begun, begin) = AsyncStream.makeStream(of: Void.self)
    let first = Task {
      try await cache.value(for: .init(id: "m")) {
        begin.yield()
        try await Task.sleep(for: .milliseconds(30))
        return 1
      }
    }
    for await _ in begun { break }
    first.cancel()
    let value = try await cache.value(for: .init(id: "m")) { 2 }
    #expect(value == 1)
  }

  @Test func loadsAreWrittenDown() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).loads")
    defer { try? FileManager.default.removeItem(at: file) }
    setenv(ModelCache.loadsFileVariable, file.path, 1)
    defer { unsetenv(ModelCache.loadsFileVariable) }
    let cache = ModelCache.ofProcess()
    for id in ["first", "second", "first"] {
      _ = try await cache.value(for: .init(id: id)) { id }
    }
    let process = ProcessInfo.processInfo.processIdentifier
    let lines = try String(contentsOf: file, encoding: .utf8)
    #expect(lines == "\(process) first\n\(process) second\n")
  }
}
