import ArrowIPC
import Models
import Tensors
import Testing

@testable import SparkFunctions

/// What rows that fail cost: how often the model runs, and on how many rows.
extension RowErrorTests {
  @Test("without a bad row the model runs as often as without a policy")
  func runs() async throws {
    let table = try Self.pairs((0..<30).map { [Double($0), 1] })
    let (with, without) = (Log<Int>(), Log<Int>())
    _ = try await Self.predict(Self.adder(with), table, batchSize: 8)
    _ = try await Self.predict(Self.adder(without), table, batchSize: 8, errors: .fail)
    #expect(with.entries == [8, 8, 8, 6] && without.entries == with.entries)
  }

  @Test("unreadable rows cost no run, a refused one those of the halves that it may be in")
  func halving() async throws {
    var rows: [[Double?]?] = (0..<64).map { [Double($0), 1] }
    for row in [0, 5, 6, 63] { rows[row] = nil }
    let readable = Log<Int>()
    _ = try await Self.predict(Self.adder(readable), Self.pairs(rows), batchSize: 64)
    #expect(readable.entries == [60])
    rows = (0..<64).map { [Double($0), 1] }
    rows[41] = [1500, 0]
    let refused = Log<Int>()
    _ = try await Self.predict(Self.adder(refused), Self.pairs(rows), batchSize: 64)
    // What is left when the other half is taken need not be run to know that it is refused.
    #expect(refused.entries == [64, 32, 16, 8, 4, 2, 1, 1, 22])
  }

  @Test("rows like one that was refused run apart, whether they are refused or not")
  func likeness() async throws {
    var rows: [[Double?]?] = (0..<64 * 8).map { [Double($0 % 64), 1] }
    rows[41] = [1500, 0]
    for row in [70, 100, 300] { rows[row] = [1600, 0] }
    let log = Log<Int>()
    let found = try await Self.predict(Self.adder(log), Self.pairs(rows), batchSize: 64)
    for (row, value) in found.enumerated() {
      let isBad = row == 41 || [70, 100, 300].contains(row)
      #expect(try (Self.fields(value)[1] == .null) == !isBad, "row \(row)")
    }
    // The first batch was searched; of the others nothing ran twice.
    #expect(Array(log.entries.dropFirst(9)) == [1, 1, 32, 30, 64, 64, 1, 63, 64, 64, 64])
  }

  @Test("a model that refuses batches for their number of rows gets smaller ones from then on")
  func sizes() async throws {
    let log = Log<Int>()
    var model = Self.adder(log)
    let answer = model.answer
    model.answer = { inputs in
      let result = try answer(inputs)
      if inputs["x"].map({ $0.rowCount > 32 }) ?? false { throw TensorError("too many rows") }
      return result
    }
    let rows: [[Double?]?] = (0..<64 * 6).map { [Double($0), 1] }
    let found = try await Self.predict(model, Self.pairs(rows), batchSize: 64)
    #expect(found == rows.indices.map { .structure([.float(Double($0 + 1)), .null]) })
    #expect(log.entries.dropFirst(8).allSatisfy { $0 == 32 } && log.entries.count == 8 + 10)
  }

  @Test("a size that was too large is tried again, and less often each time that it was in vain")
  func patience() {
    var pace = RunPace()
    pace.refusedTogether(1024)
    // What another task tells late.
    pace.refusedTogether(4096)
    #expect(pace.size == 512)
    func runsUntilTried() -> Int {
      let size = pace.size
      var runs = 0
      while pace.size == size {
        pace.took(size)
        runs += 1
      }
      #expect(pace.size == 2 * size)
      return runs
    }
    var found: [Int] = []
    for _ in 0..<8 {
      found.append(runsUntilTried())
      pace.refusedTogether(1024)
      #expect(pace.size == 512)
    }
    #expect(found == [64, 128, 256, 512, 1024, 2048, 4096, 4096])
    // Once it is not in vain, the next comes soon.
    _ = runsUntilTried()
    #expect(runsUntilTried() == 64 && pace.size == 2048)
  }

  @Test("of a hundredth of refused rows, wherever they are, few runs are in vain", arguments: 0..<8)
  func share(_ seed: Int) async throws {
    var random = SeededNumbers(seed: UInt64(seed))
    let size = [64, 100, 256, 1024][seed % 4]
    let count = 5120
    var rows: [[Double?]?] = []
    var bad = Set<Int>()
    for row in 0..<count {
      // Nothing tells before the run which number is refused: both sides of it are taken.
      rows.append([Double.random(in: 0..<999, using: &random).rounded(.down), 0])
      if Double.random(in: 0..<1, using: &random) < 0.01 {
        rows[row]?[1] = 0.5
        bad.insert(row)
      } else if Bool.random(using: &random) {
        rows[row]?[1] = 0.75
      }
    }
    let log = Log<Int>()
    var model = Self.adder(log)
    let answer = model.answer
    model.answer = { inputs in
      let result = try answer(inputs)
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      if x.scalars.contains(0.5) { throw TensorError("one half") }
      return result
    }
    let found = try await Self.predict(model, Self.pairs(rows), batchSize: size)
    for (row, value) in found.enumerated() {
      let fields = try Self.fields(value)
      let isBad = bad.contains(row)
      #expect((fields[1] != .null) == isBad && (fields[0] == .null) == isBad, "row \(row)")
    }
    // Information theory wants 6.4 runs for each such row, and rows that run twice are runs in vain.
    let runs = log.entries.count
    #expect(runs < count / size + 12 * bad.count, "\(runs) runs for \(bad.count) rows")
    #expect(log.entries.reduce(0, +) < 5 * count, "\(log.entries.reduce(0, +)) rows")
  }
}
