/// What the threads of a run spend their time with.
struct RunTimes: Sendable {
  var decode = Duration.zero
  var compute = Duration.zero
  var write = Duration.zero

  /// Runs `body` and adds the time that it takes.
  mutating func measure<Result>(
    _ kind: WritableKeyPath<RunTimes, Duration>, _ body: () async throws -> Result
  ) async rethrows -> Result {
    let start = ContinuousClock.now
    defer { self[keyPath: kind] += ContinuousClock.now - start }
    return try await body()
  }

  mutating func measure<Result>(
    _ kind: WritableKeyPath<RunTimes, Duration>, _ body: () throws -> Result
  ) rethrows -> Result {
    let start = ContinuousClock.now
    defer { self[keyPath: kind] += ContinuousClock.now - start }
    return try body()
  }

  mutating func add(_ other: RunTimes) {
    decode += other.decode
    compute += other.compute
    write += other.write
  }
}
