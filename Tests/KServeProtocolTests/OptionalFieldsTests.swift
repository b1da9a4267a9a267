import Foundation
import KServeProtocol
import Tensors
import Testing

private func response(_ json: String) throws -> InferResponse {
  try InferResponse(httpBody: TensorBytes(copying: Array(json.utf8)), headerLength: nil)
}

private func request(_ json: String) throws -> InferRequest {
  try InferRequest(
    httpBody: TensorBytes(copying: Array(json.utf8)), headerLength: nil, modelName: "m",
    modelVersion: "")
}

/// What the protocol lets a message leave out, some write as null.
struct OptionalFieldsTests {
  @Test(
    "null in a response",
    arguments: [
      #""id":null"#, #""model_version":null"#, #""model_name":null"#, #""parameters":null"#,
      #""parameters":{"a":null,"b":[1],"c":{"d":1}}"#, #""unknown":null"#,
    ])
  func responses(member: String) throws {
    let read = try response(
      #"{\#(member),"outputs":[{"name":"y","datatype":"INT32","shape":[1],"parameters":null,"#
        + #""data":[7]}]}"#)
    #expect(read.id == "" && read.modelVersion == "" && read.parameters.isEmpty)
    #expect(try read.outputs.first?.tensor() == AnyTensor(Tensor<Int32>(repeating: 7, shape: [1])))
  }

  @Test("null for the outputs, and for the data of one")
  func noOutputs() throws {
    #expect(try response(#"{"model_name":"m","outputs":null}"#).outputs.isEmpty)
    let read = try response(
      #"{"outputs":[{"name":"y","datatype":"FP32","shape":[0,2],"data":null}]}"#)
    #expect(try read.outputs.first?.tensor().shape == [0, 2])
  }

  @Test(
    "null in a request",
    arguments: [
      (#""id":null"#, ""), (#""parameters":null"#, ""), (#""outputs":null"#, ""),
      (#""outputs":[{"name":"y","parameters":null}]"#, ""),
      (#""outputs":[{"name":"y","parameters":{"a":null}}]"#, ""),
      (#""id":"7""#, #","parameters":null"#),
      (#""id":"7""#, #","parameters":{"content_type":null}"#),
      (#""id":"7""#, #","parameters":{"content_type":{"a":[1]},"n":1}"#),
    ])
  func requests(member: String, inInput: String) throws {
    let read = try request(
      #"{\#(member),"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":["a"]\#(inInput)}]}"#
    )
    #expect(read.inputs.first?.bytes?.withUnsafeBytes { Array($0) } == [1, 0, 0, 0, 0x61])
    #expect(read.parameters.isEmpty)
  }

  @Test("a parameter of a request that is no value is refused, as Triton does")
  func parameters() {
    #expect(throws: KServeError.self) { try request(#"{"parameters":{"a":{}},"inputs":[]}"#) }
  }

  @Test(
    "numbers of responses as others write them",
    arguments: [
      ("FP32", "[null,1]", [.nan, 1]), ("FP64", #"["NaN","-Infinity"]"#, [.nan, -.infinity]),
      ("FP16", "[0.5,null]", [0.5, .nan]), ("BF16", "[[1.5],[Infinity]]", [1.5, .infinity]),
      ("FP16", "[65504,-2]", [65504, -2]), ("FP16", "[1e5,1]", nil), ("FP32", "[1e39,1]", nil),
      ("FP64", "[1e400,1]", nil), ("BF16", "[4e38,1]", nil), ("BOOL", "[1,false]", [1, 0]),
      ("INT64", #"["9007199254740993",-1]"#, nil), ("INT8", "[null,1]", nil),
      ("INT8", "[128,1]", nil), ("BOOL", "[2,0]", nil), ("BOOL", "[null,0]", nil),
      ("BYTES", #"[null,"a"]"#, nil), ("UINT8", #"["x",1]"#, nil), ("FP32", #"["x",1]"#, nil),
    ] as [(String, String, [Double]?)])
  func numbers(type: String, data: String, values: [Double]?) throws {
    let text =
      #"{"outputs":[{"name":"y","datatype":"\#(type)","shape":[2],"data":\#(data)}]}"#
    guard let values else {
      if type == "INT64" {
        let tensor: Tensor<Int64>? = try response(text).outputs.first?.tensor().typed()
        #expect(tensor?.scalars == [9_007_199_254_740_993, -1])
      } else {
        let error = #expect(throws: KServeError.self) { try response(text) }
        #expect(error?.message.contains("'y'") ?? false, "\(String(describing: error))")
      }
      return
    }
    let found: [Double] =
      switch try #require(try response(text).outputs.first?.tensor()) {
      case .float16(let tensor): tensor.scalars.map { Double($0) }
      case .bfloat16(let tensor): tensor.scalars.map { Double($0.floatValue) }
      case .float32(let tensor): tensor.scalars.map { Double($0) }
      case .float64(let tensor): tensor.scalars
      case .bool(let tensor): tensor.scalars.map { $0 ? 1 : 0 }
      default: []
      }
    #expect(found.count == values.count)
    for (found, value) in zip(found, values) {
      #expect(found == value || found.isNaN && value.isNaN)
    }
  }
}

/// Requests without the binary extension.
struct JSONRequestTests {
  private static let tensors: [AnyTensor] = {
    func make<Element: TensorElement>(_ values: [Element]) -> AnyTensor {
      AnyTensor(
        Tensor(shape: [values.count, 1]) { out in
          for (index, value) in values.enumerated() { out[index] = value }
        })
    }
    var tensors = [
      make([true, false]), make([UInt8.min, .max]), make([UInt16.min, .max]),
      make([UInt32.min, .max]), make([UInt64.min, .max, (1 << 53) + 1]), make([Int8.min, .max]),
      make([Int16.min, .max]), make([Int32.min, .max]), make([Int64.min, .max, (1 << 53) + 1]),
      make([Float16(0.1), .greatestFiniteMagnitude, .leastNonzeroMagnitude, -.infinity]),
      make([BFloat16(0.1), BFloat16(-3e38), BFloat16(bitPattern: 1)]),
      make([Float(0.1), .greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0, .infinity]),
      make([0.1, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0, 1e20]),
      AnyTensor(Tensor<Float>(shape: [0, 3]) { _ in }),
      AnyTensor(Tensor<Float>(shape: [2, 0]) { _ in }),
    ]
    if let strings = try? StringTensor(["", "a\"\\\n\u{1}é😀\u{0}"]) {
      tensors.append(.string(strings))
    }
    return tensors
  }()

  @Test("every type keeps its values", arguments: tensors.indices)
  func types(index: Int) throws {
    let tensor = Self.tensors[index]
    let request = InferRequest(
      modelName: "m", id: "7", inputs: [InferTensor(name: "x", tensor: tensor)],
      outputs: [InferRequest.RequestedOutput(name: "y")])
    let json = String(decoding: try request.httpBody(isBinary: false).json, as: UTF8.self)
    #expect(!json.contains("binary") && json.contains(#""outputs":[{"name":"y"}]"#))
    let answered =
      json.replacingOccurrences(of: #","outputs":[{"name":"y"}]"#, with: "")
      .replacingOccurrences(of: #""inputs""#, with: #""outputs""#)
    #expect(try response(answered).outputs.first?.tensor() == tensor)
  }

  @Test("a string that is no text cannot go in JSON")
  func noText() throws {
    let strings = try StringTensor(offsets: [0, 1, 2], bytes: [0x61, 0xFF], shape: [2])
    let request = InferRequest(
      modelName: "m", inputs: [InferTensor(name: "x", tensor: .string(strings))])
    let error = try #require(throws: KServeError.self) {
      _ = try request.httpBody(isBinary: false)
    }
    #expect(error.message.contains("element 1 of the input 'x'"))
  }
}
