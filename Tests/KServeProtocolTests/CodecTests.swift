import Foundation
import SwiftProtobuf
import Testing

@testable import KServeProtocol
@testable import Tensors

/// A tensor of each element type, with the bytes that it must have on the wire.
private let tensors: [(AnyTensor, [UInt8])] = {
  let shape: Shape = [2, 1]
  func make<Element: TensorElement>(_ values: [Element]) -> AnyTensor {
    AnyTensor(Tensor(shape: shape) { out in for index in 0..<2 { out[index] = values[index] } })
  }
  var cases: [(AnyTensor, [UInt8])] = [
    (make([true, false]), [1, 0]),
    (make([UInt8(1), 255]), [1, 255]),
    (make([Int8(1), -1]), [1, 255]),
    (make([UInt16(258), 1]), [2, 1, 1, 0]),
    (make([Int16(-2), 1]), [254, 255, 1, 0]),
    (make([UInt32(1), 1 << 31]), [1, 0, 0, 0, 0, 0, 0, 128]),
    (make([Int32(-1), 2]), [255, 255, 255, 255, 2, 0, 0, 0]),
    (make([UInt64(1), .max]), [1, 0, 0, 0, 0, 0, 0, 0] + Array(repeating: 255, count: 8)),
    (make([Int64(-1), 1]), Array(repeating: 255, count: 8) + [1, 0, 0, 0, 0, 0, 0, 0]),
    (make([Float16(2), -2]), [0, 0x40, 0, 0xC0]),
    (make([BFloat16(1), BFloat16(-1)]), [0x80, 0x3F, 0x80, 0xBF]),
    (make([Float(1), -1]), [0, 0, 0x80, 0x3F, 0, 0, 0x80, 0xBF]),
    (make([1.0, -1.0]), [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0xF0, 0xBF]),
  ]
  if let strings = try? StringTensor(["héllo", "a\u{0}b"], shape: shape) {
    cases.append(
      (
        .string(strings),
        [6, 0, 0, 0, 0x68, 0xC3, 0xA9, 0x6C, 0x6C, 0x6F, 3, 0, 0, 0, 0x61, 0, 0x62]
      ))
  }
  return cases
}()

private func request(_ tensor: AnyTensor) -> InferRequest {
  InferRequest(
    modelName: "m", modelVersion: "3", id: "r-1",
    parameters: ["a": 1, "b": true, "c": "x", "d": 0.5],
    inputs: [
      InferTensor(name: "x", tensor: tensor),
      InferTensor(
        name: "shared", datatype: .fp32, shape: [1, 2],
        contents: .sharedMemory(SharedMemoryLocation(region: "r", offset: 8, byteSize: 8))),
    ],
    outputs: [
      InferRequest.RequestedOutput(name: "y", parameters: ["classification": 2]),
      InferRequest.RequestedOutput(
        name: "z", sharedMemory: SharedMemoryLocation(region: "r", byteSize: 4)),
    ])
}

private func protobuf(_ request: InferRequest) throws -> [UInt8] {
  try request.serialized().written
}

private func read(_ bytes: [UInt8]) throws -> InferRequest {
  try InferRequest(protobuf: TensorBytes(copying: bytes))
}

private func http(_ body: (json: [UInt8], tensors: [TensorBytes])) -> TensorBytes {
  var bytes = body.json
  for tensor in body.tensors { tensor.withUnsafeBytes { bytes.append(contentsOf: $0) } }
  return TensorBytes(copying: bytes)
}

@Suite("Inference messages")
struct CodecTests {
  @Test("a tensor of every element type has its bytes on the wire", arguments: tensors.indices)
  func bytes(_ index: Int) throws {
    let (tensor, expected) = tensors[index]
    let wire = InferTensor(name: "x", tensor: tensor)
    #expect(wire.bytes?.withUnsafeBytes { Array($0) } == expected)
    #expect(try wire.tensor() == tensor)
  }

  @Test("a request is the same after gRPC and after HTTP", arguments: tensors.indices)
  func requests(_ index: Int) throws {
    let sent = request(tensors[index].0)
    let body = try sent.httpBody()
    for received in [
      try read(try protobuf(sent)),
      try InferRequest(
        httpBody: http(body), headerLength: body.json.count, modelName: "m", modelVersion: "3"),
    ] {
      #expect(received.modelName == "m" && received.modelVersion == "3" && received.id == "r-1")
      #expect(received.parameters.filter { $0.key != "d" } == ["a": 1, "b": true, "c": "x"])
      #expect(try received.inputs[0].tensor() == tensors[index].0)
      guard case .sharedMemory(let location) = received.inputs[1].contents else {
        Issue.record("the location in shared memory was lost")
        continue
      }
      #expect(location == SharedMemoryLocation(region: "r", offset: 8, byteSize: 8))
      #expect(received.outputs.map(\.name) == ["y", "z"])
      #expect(received.outputs[0].parameters["classification"] == 2)
      #expect(received.outputs[1].sharedMemory?.byteSize == 4)
    }
  }

  @Test("a response is the same after gRPC, in a stream and after HTTP", arguments: tensors.indices)
  func responses(_ index: Int) throws {
    let sent = InferResponse(
      modelName: "m", modelVersion: "1", id: "7", parameters: ["triton_final_response": true],
      outputs: [
        InferTensor(name: "y", tensor: tensors[index].0),
        InferTensor(name: "z", tensor: tensors[0].0),
      ])
    let bytes = try sent.serialized().written
    let element = try InferStreamResponse(errorMessage: "no", response: sent).serialized().written
    let stream = try element.withUnsafeBytes { try InferStreamResponse(protobuf: $0) }
    #expect(stream.errorMessage == "no")
    let body = try sent.httpBody { _ in true }
    for received in [
      try InferResponse(protobuf: TensorBytes(copying: bytes)),
      try #require(stream.response),
      try InferResponse(httpBody: http(body), headerLength: body.json.count),
    ] {
      #expect(received.modelName == "m" && received.modelVersion == "1" && received.id == "7")
      #expect(received.parameters["triton_final_response"] == true)
      #expect(try received.outputs[0].tensor() == tensors[index].0)
      #expect(try received.outputs[1].tensor() == tensors[0].0)
    }
  }

  @Test("typed contents become raw ones")
  func typed() throws {
    let message = Inference_ModelInferRequest.with {
      $0.modelName = "m"
      $0.inputs = [
        .with {
          $0.name = "a"
          $0.datatype = "INT8"
          $0.shape = [2]
          $0.contents.intContents = [1, -1]
        },
        .with {
          $0.name = "b"
          $0.datatype = "BYTES"
          $0.shape = [1]
          $0.contents.bytesContents = [.init("hi".utf8)]
        },
      ]
    }
    let received = try read(Array(try message.serializedBytes() as [UInt8]))
    #expect(received.inputs[0].bytes?.withUnsafeBytes { Array($0) } == [1, 255])
    #expect(received.inputs[1].bytes?.withUnsafeBytes { Array($0) } == [2, 0, 0, 0, 0x68, 0x69])
  }

  @Test("no cut or changed message ends the process")
  func damaged() throws {
    let request = request(tensors[tensors.count - 1].0)
    let message = try protobuf(request)
    let body = try request.httpBody()
    let text = http(body).withUnsafeBytes { Array($0) }
    var random = SystemRandomNumberGenerator()
    var refused = 0
    for count in 0..<message.count {
      do { _ = try read(Array(message[..<count])) } catch { refused += 1 }
    }
    // A prefix that ends between two fields is a message.
    #expect(refused > message.count / 2)
    for _ in 0..<5000 {
      var changed = message
      changed[Int.random(in: 0..<changed.count, using: &random)] = .random(in: 0...255)
      _ = try? read(changed).inputs.map { try $0.tensor() }
      var other = text
      other[Int.random(in: 0..<other.count, using: &random)] = .random(in: 0...255)
      _ = try? InferRequest(
        httpBody: TensorBytes(copying: other), headerLength: body.json.count, modelName: "m",
        modelVersion: ""
      ).inputs.map { try $0.tensor() }
    }
  }

  @Test(
    "shapes and sizes that do not fit are refused",
    arguments: [
      ([-1], 4), ([.max, 2], 4), ([.max / 4 + 1], 4), ([2], 4), ([1], 5), ([0], 1),
    ])
  func sizes(_ shape: [Int], _ count: Int) {
    let tensor = InferTensor(
      name: "x", datatype: .fp32, shape: shape,
      contents: .raw(TensorBytes(copying: Array(repeating: 0, count: count))))
    #expect(throws: KServeError.self) { try tensor.tensor() }
  }

  @Test("a tensor without elements has no bytes")
  func empty() throws {
    let tensor = InferTensor(
      name: "x", datatype: .fp32, shape: [0, 3], contents: .raw(TensorBytes(copying: [])))
    #expect(try tensor.tensor().shape == [0, 3])
  }
}
