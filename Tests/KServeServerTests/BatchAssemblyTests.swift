import KServeProtocol
import Models
import Tensors
import Testing

@testable import KServeServer

@Suite struct BatchAssemblyTests {
  let specifications = [
    TensorSpecification(name: "x", elementType: .int32, shape: [-1, 2]),
    TensorSpecification(name: "s", elementType: .string, shape: [-1, 1]),
  ]

  func request(_ numbers: [Int32], _ strings: [String]?) throws -> QueuedRequest {
    let rows = numbers.count / 2
    return Answers().request(
      "", rows: rows,
      inputs: [
        .int32(try Tensor(numbers, shape: [rows, 2])),
        try strings.map { .string(try StringTensor($0, shape: [rows, 1])) },
      ])
  }

  @Test func leavesASingleRequestWhereItIs() throws {
    var assembly = BatchAssembly(inputCount: 2)
    let tensor = try Tensor<Int32>([1, 2], shape: [1, 2])
    let only = Answers().request("", inputs: [.int32(tensor), nil])
    let joined = try assembly.join([only], specifications: specifications)
    #expect(Set(joined.keys) == ["x"])
    let x: Tensor<Int32> = try #require(joined["x"]).typed()
    #expect(x.memory.storage === tensor.memory.storage)
  }

  @Test func joinsRowsAndGivesThemBack() throws {
    var assembly = BatchAssembly(inputCount: 2)
    let requests = [
      try request([1, 2], ["ä"]), try request([], []), try request([3, 4, 5, 6], ["", "c\0d"]),
    ]
    let joined = try assembly.join(requests, specifications: specifications)
    #expect(joined["x"] == .int32(try Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])))
    #expect(joined["s"] == .string(try StringTensor(["ä", "", "c\0d"], shape: [3, 1])))
    let rows = [0..<1, 1..<1, 1..<3]
    for (request, rows) in zip(requests, rows) {
      let part = try BatchAssembly.part(of: joined, rows: rows, names: ["x", "s"])
      #expect(part["x"] == request.inputs[0])
      #expect(part["s"] == request.inputs[1])
    }
    #expect(try BatchAssembly.part(of: joined, rows: 0..<1, names: ["x"]).count == 1)
  }

  @Test func usesItsMemoryAgainUnlessSomebodyKeepsIt() throws {
    var assembly = BatchAssembly(inputCount: 2)
    let pair = [try request([1, 2], nil), try request([3, 4], nil)]
    func address() throws -> UnsafeMutableRawPointer {
      let joined = try assembly.join(pair, specifications: specifications)
      return try #require(joined["x"]?.fixedWidth).memory.storage.baseAddress
    }
    let first = try address()
    #expect(try address() == first)
    let kept = try assembly.join(pair, specifications: specifications)
    let other = try assembly.join(
      [try request([9, 9], nil), try request([9, 9], nil)], specifications: specifications)
    #expect(kept["x"] == .int32(try Tensor([1, 2, 3, 4], shape: [2, 2])))
    #expect(other["x"] == .int32(try Tensor([9, 9, 9, 9], shape: [2, 2])))
  }
}
