import KServeProtocol
import Tensors
import Testing

@testable import KServeServer

struct ClassificationTests {
  private func labels(
    _ tensor: AnyTensor, _ count: Int, isBatching: Bool = true
  ) throws -> [String] {
    try Classification.labels(of: tensor, count: count, isBatching: isBatching, output: "y").strings
  }

  @Test func ranksEachRow() throws {
    let rows = AnyTensor.float32(try Tensor([0.5, 3.25, -1, 3.25, 7, 0], shape: [2, 3]))
    #expect(try labels(rows, 2) == ["3.250000:1", "0.500000:0", "7.000000:1", "3.250000:0"])
    #expect(try labels(rows, 9).count == 6)
    #expect(try labels(rows, 1, isBatching: false) == ["7.000000:4"])
    #expect(try labels(.int32(Tensor(repeating: 0, shape: [0, 3])), 2).isEmpty)
  }

  @Test func writesTheExtremesOfItsTypes() throws {
    #expect(
      try labels(.int64(try Tensor([.min, .max], shape: [1, 2])), 2)
        == ["9223372036854775807:1", "-9223372036854775808:0"])
    #expect(
      try labels(.uint64(try Tensor([0, .max], shape: [1, 2])), 1) == ["18446744073709551615:1"])
    let greatest = try labels(
      .float64(try Tensor([-.greatestFiniteMagnitude, .infinity, .nan], shape: [1, 3])), 3)
    #expect(greatest.contains("inf:1") && greatest.contains { $0.utf8.count == 319 })
  }

  @Test func refusesWhatHasNoOrder() {
    let error = #expect(throws: KServeError.self) {
      try labels(.bool(Tensor([true])), 1)
    }
    #expect(error?.code == .invalidArgument)
  }
}
