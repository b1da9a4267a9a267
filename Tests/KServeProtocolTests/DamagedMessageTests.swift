import KServeProtocol
import Tensors
import Testing

/// What arrives may be anything: it is read or refused, and never more than that.
struct DamagedMessageTests {
  @Test("messages cut off anywhere", arguments: RequestCodec.allCases)
  func cutRequests(codec: RequestCodec) throws {
    let (bytes, headerLength) = try codec.encoded(Samples.request(try Self.tensors()))
    for count in 0..<bytes.count {
      use { try codec.decoded(Array(bytes[..<count]), headerLength: headerLength) }
    }
    for length in 0..<(headerLength ?? 0) {
      #expect(throws: KServeError.self) { _ = try codec.decoded(bytes, headerLength: length) }
    }
  }

  @Test("responses cut off anywhere", arguments: ResponseCodec.allCases)
  func cutResponses(codec: ResponseCodec) throws {
    let tensors = try Self.tensors().filter { codec != .json || $0.elementType != .float16 }
    let (bytes, headerLength) = try codec.encoded(Samples.response(tensors))
    for count in 0..<bytes.count {
      use { try codec.decoded(Array(bytes[..<count]), headerLength: headerLength) }
    }
  }

  @Test("messages with wrong bytes", arguments: RequestCodec.allCases)
  func changedRequests(codec: RequestCodec) throws {
    let (bytes, headerLength) = try codec.encoded(Samples.request(try Self.tensors()))
    var random = Generator(state: 1)
    for _ in 0..<4000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        changed[Int.random(in: 0..<changed.count, using: &random)] = .random(
          in: .min ... .max, using: &random)
      }
      use { try codec.decoded(changed, headerLength: headerLength) }
    }
  }

  @Test("responses with wrong bytes", arguments: ResponseCodec.allCases)
  func changedResponses(codec: ResponseCodec) throws {
    let tensors = try Self.tensors().filter { codec != .json || $0.elementType != .float16 }
    let (bytes, headerLength) = try codec.encoded(Samples.response(tensors))
    var random = Generator(state: 2)
    for _ in 0..<2000 {
      var changed = bytes
      changed[Int.random(in: 0..<changed.count, using: &random)] = .random(
        in: .min ... .max, using: &random)
      use { try codec.decoded(changed, headerLength: headerLength) }
    }
  }

  @Test(
    "impossible header lengths", arguments: [-1, Int.min, Int.max, 1 << 40])
  func headerLengths(length: Int) throws {
    let (bytes, _) = try RequestCodec.http.encoded(Samples.request(try Self.tensors()))
    #expect(throws: KServeError.self) {
      _ = try RequestCodec.http.decoded(bytes, headerLength: length)
    }
    #expect(throws: KServeError.self) {
      _ = try ResponseCodec.binary.decoded(bytes, headerLength: length)
    }
  }

  @Test(
    "JSON requests that are none",
    arguments: [
      ("", "expected"), ("[]", "expected '{'"), ("{", "damaged"), (#"{"inputs"}"#, "expected ':'"),
      (#"{"id": "a"}"#, "inputs"), (#"{"inputs": [}"#, "damaged"),
      (#"{"inputs": [{"shape": [1], "datatype": "FP32", "data": [1]}]}"#, "name"),
      (#"{"inputs": [{"name": "x", "datatype": "FP32", "data": [1]}]}"#, "shape"),
      (#"{"inputs": [{"name": "x", "shape": [1], "data": [1]}]}"#, "datatype"),
      (#"{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32"}]}"#, "data"),
      (#"{"inputs": [{"name": "x", "shape": [1], "datatype": "FP31", "data": [1]}]}"#, "FP31"),
      (#"{"inputs": [{"name": "x", "shape": [1.5], "datatype": "FP32", "data": [1]}]}"#, "whole"),
      (#"{"inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "data": [1]}]}"#, "Shape"),
      (#"{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1, 2]}]}"#, "Shape"),
      (#"{"inputs": [{"name": "x", "shape": [-1], "datatype": "FP32", "data": [1]}]}"#, "negative"),
      (
        #"{"inputs": [{"name": "x", "shape": [9223372036854775807, 2], "datatype": "INT8", "data": []}]}"#,
        "large"
      ),
      (
        #"{"inputs": [{"name": "x", "shape": [4611686018427387904], "datatype": "FP64", "data": []}]}"#,
        "63 bits"
      ),
      (
        #"{"inputs": [{"name": "x", "shape": [1000000000000], "datatype": "INT8", "data": [1]}]}"#,
        "Shape"
      ),
      (
        #"{"inputs": [{"name": "x", "shape": [1000000000000], "datatype": "BYTES", "data": []}]}"#,
        "Shape"
      ),
      (#"{"inputs": [{"name": "x", "shape": [1], "datatype": "INT8", "data": [128]}]}"#, "Int8"),
      (#"{"inputs": [{"name": "x", "shape": [1], "datatype": "UINT8", "data": [-1]}]}"#, "UInt8"),
      (#"{"inputs": [{"name": "x", "shape": [1], "datatype": "INT32", "data": [1.5]}]}"#, "Int32"),
      (#"{"inputs": [{"name": "x", "shape": [1], "datatype": "FP16", "data": [1]}]}"#, "binary"),
      (#"{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": ["a"]}]}"#, "damaged"),
      (#"{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1e]}]}"#, "exponent"),
      (
        #"{"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": ["\q"]}]}"#, "escape"
      ),
      (#"{"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": ["a]}]}"#, "no end"),
      (
        #"{"inputs": [{"name": "x", "shape": [1], "datatype": "INT8", "parameters": {"binary_data_size": 1}}]}"#,
        "binary_data_size"
      ),
      (
        #"{"inputs": [{"name": "x", "shape": [1], "datatype": "INT8", "parameters": {"binary_data_size": -1}}]}"#,
        "binary_data_size"
      ),
      (#"{"inputs": []} x"#, "follows"),
      (String(repeating: "[", count: 100_000), "expected '{'"),
      (#"{"a": "# + String(repeating: "[", count: 100_000), "levels deep"),
    ])
  func badJSON(json: String, gist: String) throws {
    let error = try #require(throws: KServeError.self) {
      let request = try RequestCodec.http.decoded(Array(json.utf8), headerLength: nil)
      for input in request.inputs { _ = try input.tensor() }
    }
    // Text that cannot be read is an internal failure, as Triton has it; a tensor that is none is the
    // caller's mistake.
    #expect([.internal, .invalidArgument].contains(error.code))
    #expect(error.message.contains(gist), "\(error.message)")
  }

  @Test(
    "codes of refused JSON",
    arguments: [
      ("{", .internal), (#"{"inputs": 1}"#, .internal), (#"{"id": 7, "inputs": []}"#, .internal),
      (#"{"inputs": [{"name": "x", "shape": [-1], "datatype": "INT8", "data": [1]}]}"#, .internal),
      (#"{"inputs": [{"name": "x", "shape": [2], "datatype": "INT8", "data": [1]}]}"#, .internal),
      (#"{"inputs": [{"name": "x", "shape": [1], "datatype": "BOOL", "data": [1]}]}"#, .internal),
      (#"{"inputs": [{"name": "x", "shape": [1], "datatype": "INT8"}]}"#, .invalidArgument),
      (#"{"inputs": [], "parameters": {"p": [1]}}"#, .invalidArgument),
      (
        #"{"inputs": [{"name": "x", "shape": [1], "datatype": "INT8", "data": [1], "parameters": {"binary_data_size": 1}}]}"#,
        .invalidArgument
      ),
    ] as [(String, KServeError.Code)])
  func codes(json: String, code: KServeError.Code) throws {
    let error = try #require(throws: KServeError.self) {
      _ = try RequestCodec.http.decoded(Array(json.utf8), headerLength: nil)
    }
    #expect(error.code == code, "\(error.message)")
  }

  @Test(
    "bytes that are not those of the shape",
    arguments: [
      (.fp32, [2, 2], 15), (.fp32, [2, 2], 17), (.int8, [0], 1), (.bytes, [1], 3), (.bytes, [0], 4),
      (.fp64, [-1], 8), (.fp64, [Int.max, 2], 8), (.fp64, [Int.max / 4], 8), (.bool, [3], 2),
    ] as [(TensorDatatype, [Int], Int)])
  func wrongSizes(type: TensorDatatype, shape: [Int], count: Int) {
    let tensor = InferTensor(
      name: "x", datatype: type, shape: shape,
      contents: .raw(TensorBytes(copying: [UInt8](repeating: 0, count: count))))
    let error = #expect(throws: KServeError.self) { _ = try tensor.tensor() }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains("'x'") == true)
  }

  @Test(
    "strings whose lengths are not those of the bytes",
    arguments: [
      [255, 255, 255, 255], [2, 0, 0, 0, 65], [1, 0, 0, 0, 65, 66], [1, 0, 0, 0, 65, 0, 0],
    ] as [[UInt8]])
  func wrongStrings(bytes: [UInt8]) {
    let tensor = InferTensor(
      name: "x", datatype: .bytes, shape: [1], contents: .raw(TensorBytes(copying: bytes)))
    #expect(throws: KServeError.self) { _ = try tensor.tensor() }
  }

  @Test("raw contents beyond the inputs are refused")
  func tooManyRawContents() throws {
    let (bytes, _) = try RequestCodec.protobuf.encoded(Samples.request(try Self.tensors()))
    #expect(throws: KServeError.self) {
      _ = try RequestCodec.protobuf.decoded(bytes + [0x3A, 0x01, 0x00], headerLength: nil)
    }
  }

  private static func tensors() throws -> [AnyTensor] {
    try [TensorDatatype.int8, .bytes, .fp32, .fp16].map { try Samples.tensor($0) }
  }

  /// Reads everything of a message, whatever the outcome.
  private func use(_ request: () throws -> InferRequest) {
    guard let request = try? request() else { return }
    for input in request.inputs { _ = try? input.tensor() }
  }

  private func use(_ response: () throws -> InferResponse) {
    guard let response = try? response() else { return }
    for output in response.outputs { _ = try? output.tensor() }
  }
}

/// Numbers that are the same in every run (SplitMix64).
struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
