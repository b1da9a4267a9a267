import KServeProtocol
import Tensors

/// A tensor of each element type, with the values at the ends of its range.
enum Samples {
  static func tensor(_ type: TensorDatatype) throws -> AnyTensor {
    switch type {
    case .bool: .bool(try Tensor([true, false, true, true], shape: [2, 2]))
    case .uint8: .uint8(try Tensor([0, 1, 254, 255], shape: [2, 2]))
    case .uint16: .uint16(try Tensor([0, 1, 65534, 65535], shape: [2, 2]))
    case .uint32: .uint32(try Tensor([0, 1, .max - 1, .max], shape: [2, 2]))
    case .uint64: .uint64(try Tensor([0, 1, .max - 1, .max], shape: [2, 2]))
    case .int8: .int8(try Tensor([-128, -1, 0, 127], shape: [2, 2]))
    case .int16: .int16(try Tensor([.min, -1, 0, .max], shape: [2, 2]))
    case .int32: .int32(try Tensor([.min, -1, 0, .max], shape: [2, 2]))
    case .int64: .int64(try Tensor([.min, -1, 0, .max], shape: [2, 2]))
    case .fp16: .float16(try Tensor([2, -0.5, 65504, 6e-8], shape: [2, 2]))
    case .fp32: .float32(try Tensor([0.1, -1.5e-38, .greatestFiniteMagnitude, -0], shape: [2, 2]))
    case .fp64:
      .float64(try Tensor([0.1, -2.5e-308, .greatestFiniteMagnitude, -0], shape: [2, 2]))
    case .bf16: .bfloat16(try Tensor([1.0, -0.5, 3.25, 1e30], shape: [2, 2]))
    case .bytes: .string(try StringTensor(["héllo", "", "a\0b", "\"\\\n€😀"], shape: [2, 2]))
    }
  }

  static func request(_ tensors: [AnyTensor]) -> InferRequest {
    InferRequest(
      modelName: "model", modelVersion: "3", id: "id-\"é\"",
      parameters: [
        "truth": true, "whole": -7, "text": "t", "real": 0.25, "large": .uint64(.max),
      ],
      inputs: tensors.enumerated().map { InferTensor(name: "x\($0)", tensor: $1) },
      outputs: [
        .init(name: "y0", parameters: ["classification": 3]),
        .init(
          name: "y1", sharedMemory: SharedMemoryLocation(region: "out", offset: 64, byteSize: 32)),
      ])
  }

  static func response(_ tensors: [AnyTensor]) -> InferResponse {
    InferResponse(
      modelName: "model", modelVersion: "3", id: "id", parameters: ["triton_final_response": true],
      outputs: tensors.enumerated().map { InferTensor(name: "y\($0)", tensor: $1) })
  }
}

/// The ways in which a request travels.
enum RequestCodec: String, CaseIterable {
  case protobuf, http

  func encoded(_ request: InferRequest) throws -> (bytes: [UInt8], headerLength: Int?) {
    switch self {
    case .protobuf: return (try request.serialized().written, nil)
    case .http: return joined(try request.httpBody())
    }
  }

  func decoded(_ bytes: [UInt8], headerLength: Int?) throws -> InferRequest {
    switch self {
    case .protobuf: try InferRequest(protobuf: TensorBytes(copying: bytes))
    case .http:
      try InferRequest(
        httpBody: TensorBytes(copying: bytes), headerLength: headerLength, modelName: "model",
        modelVersion: "3")
    }
  }
}

/// The ways in which a response travels.
enum ResponseCodec: String, CaseIterable {
  case protobuf, stream, binary, json

  func encoded(_ response: InferResponse) throws -> (bytes: [UInt8], headerLength: Int?) {
    switch self {
    case .protobuf: return (try response.serialized().written, nil)
    case .stream: return (try InferStreamResponse(response: response).serialized().written, nil)
    case .binary: return joined(try response.httpBody { _ in true })
    case .json: return (try response.httpBody { _ in false }.json, nil)
    }
  }

  func decoded(_ bytes: [UInt8], headerLength: Int?) throws -> InferResponse {
    switch self {
    case .protobuf: try InferResponse(protobuf: TensorBytes(copying: bytes))
    case .stream:
      try bytes.withUnsafeBytes { try InferStreamResponse(protobuf: $0) }.response
        ?? InferResponse(modelName: "")
    case .binary, .json:
      try InferResponse(httpBody: TensorBytes(copying: bytes), headerLength: headerLength)
    }
  }
}

private func joined(
  _ body: (json: [UInt8], tensors: [TensorBytes])
) -> (bytes: [UInt8], headerLength: Int?) {
  let tensors = body.tensors.flatMap { $0.withUnsafeBytes { Array($0) } }
  return (body.json + tensors, body.json.count)
}

extension SerializedInferMessage {
  /// The bytes of the message.
  var written: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    bytes.withUnsafeMutableBytes { write(to: $0) }
    return bytes
  }
}
