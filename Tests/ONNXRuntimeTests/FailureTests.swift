import Foundation
import Models
import ONNXRuntime
import Tensors
import Testing

@Suite("Failures", .needsRuntime)
struct FailureTests {
  @Test func missingFile() {
    let error = #expect(throws: ONNXError.self) { try ONNXSession(path: "/no/such/model.onnx") }
    #expect(error?.code == .modelLoad)
    #expect(error?.model == "/no/such/model.onnx")
    #expect(error?.description.contains("/no/such/model.onnx") == true)
  }

  static let unloadable = ModelCase.all.filter { $0.fails == "load" }

  @Test(arguments: unloadable) func damagedFile(_ reference: ModelCase) throws {
    let fromPath = #expect(throws: ONNXError.self) { try ONNXSession(path: reference.path) }
    #expect(fromPath?.code == .modelLoad && fromPath?.model == reference.path)
    let bytes = try Models.bytes(reference.path)
    let fromBytes = #expect(throws: ONNXError.self) {
      try ONNXSession(bytes: bytes, name: reference.model)
    }
    #expect(fromBytes?.code == .modelLoad && fromBytes?.model == reference.model)
    // What the runtime itself answered.
    #expect(fromBytes?.cause is ONNXStatus || bytes.isEmpty)
  }

  @Test func everyTruncation() throws {
    let bytes = try Models.bytes(Models.shared("two_inputs.onnx"))
    var options = ONNXSessionOptions()
    options.logSeverity = .fatal
    for length in stride(from: 0, to: bytes.count, by: 13) {
      // A cut may leave a smaller valid file; then it loads, and differs.
      do {
        let model = try ONNXSession(bytes: Array(bytes[..<length]), options: options)
        #expect(!model.inputs.isEmpty || !model.outputs.isEmpty)
      } catch {
        #expect(error is ONNXError)
      }
    }
  }

  static let failing = ModelCase.all.filter { $0.fails == "run" }

  @Test(arguments: failing) func failingRun(_ reference: ModelCase) async throws {
    let model = try ONNXSession(path: reference.path)
    let error = await #expect(throws: ONNXError.self) {
      try await model.run(reference.feeds, outputs: nil)
    }
    let input = try #require(reference.inputs?.first)
    #expect(error?.code == .run && error?.model == reference.path)
    #expect((error?.cause as? ONNXStatus).map { error?.message.contains($0.text) } == true)
    #expect(error?.message.contains("\(input.name)\(input.tensor.shape)") == true)
  }

  struct BadInput: CustomTestStringConvertible {
    var feeds: [String: AnyTensor]
    var text: String
    var testDescription: String { text }
  }

  static let a = AnyTensor.float32(Tensor(repeating: 1, shape: [2, 3]))
  static let b = AnyTensor.float32(Tensor(repeating: 1, shape: [2, 2]))

  static let badInputs: [BadInput] = [
    BadInput(feeds: [:], text: "no tensor for the input a: float32[?, 3]; given are none"),
    BadInput(
      feeds: ["a": a, "c": b], text: "no tensor for the input b: float32[?, 2]; given are a, c"),
    BadInput(
      feeds: ["a": a, "b": b, "z": b],
      text: "no input called z; it takes a: float32[?, 3], b: float32[?, 2]"),
    BadInput(
      feeds: ["a": b, "b": b],
      text: "the input a takes the shape [batch, 3], but the tensor has [2, 2]"),
    BadInput(
      feeds: ["a": .float32(Tensor(repeating: 1, shape: [6])), "b": b],
      text: "the input a takes the shape [batch, 3], but the tensor has [6]"),
    BadInput(
      feeds: ["a": .float64(Tensor(repeating: 1, shape: [2, 3])), "b": b],
      text: "the input a takes float32[?, 3], but the tensor holds float64[2, 3]"),
  ]

  @Test(arguments: badInputs) func badInput(_ bad: BadInput) async throws {
    let model = try ONNXSession(path: Models.shared("two_inputs.onnx"))
    let error = await #expect(throws: ONNXError.self) {
      try await model.run(bad.feeds, outputs: nil)
    }
    #expect(error?.code == .invalidInput)
    #expect(error?.message.contains(bad.text) == true, "\(String(describing: error))")
    #expect(throws: ONNXError.self) { try model.run(bad.feeds) }
  }

  @Test func positionalMistakes() throws {
    let model = try ONNXSession(path: Models.shared("two_inputs.onnx"))
    let few = #expect(throws: ONNXError.self) { try model.run([Self.a]) }
    #expect(few?.message.contains("it takes 2 tensors") == true)
    let swapped = #expect(throws: ONNXError.self) { try model.run([Self.b, Self.a]) }
    #expect(swapped?.message.contains("the input a takes the shape [batch, 3]") == true)
    let typed = #expect(throws: ONNXError.self) {
      let _: Tensor<Double> = try model.run(
        Tensor<Float>(repeating: 1, shape: [1, 3]), Tensor<Float>(repeating: 1, shape: [1, 2]))
    }
    #expect(typed?.message.contains("y: float32[?, 4] was asked for as float64") == true)
  }

  @Test func unknownOutput() async throws {
    let model = try ONNXSession(path: Models.shared("two_inputs.onnx"))
    let error = await #expect(throws: ONNXError.self) {
      try await model.run(["a": Self.a, "b": Self.b], outputs: ["q"])
    }
    #expect(error?.code == .invalidOutput)
    #expect(error?.message.contains("no output called q; it gives y: float32[?, 4]") == true)
  }

  static let absent: [ExecutionProvider] = [
    .cuda(), .tensorRT(), .openVINO(), .other("XNNPACK"), .other("NoSuchExecutionProvider"),
  ].filter { provider in
    (try? Runtime.library.get().availableProviders.contains(provider.name)) == false
  }

  @Test(arguments: absent) func absentProvider(_ provider: ExecutionProvider) throws {
    let path = Models.shared("eight_features.onnx")
    let error = #expect(throws: ONNXError.self) {
      try ONNXSession(path: path, options: ONNXSessionOptions(providers: [provider]))
    }
    #expect(error?.code == .providerUnavailable && error?.model == path)
    let text = error?.message ?? ""
    #expect(text.contains(provider.name) && text.contains("CPUExecutionProvider"))

    var optional = provider
    optional.isRequired = false
    let model = try ONNXSession(
      path: path, options: ONNXSessionOptions(providers: [optional, .cpu]))
    #expect(model.providers == ["CPUExecutionProvider"])
    let result: Tensor<Float> = try model.run(Tensor<Float>(repeating: 1, shape: [1, 8]))
    #expect(result.shape == [1, 1])
  }
}

@Suite("Execution providers")
struct ExecutionProviderTests {
  @Test func keysAndValues() {
    let cuda = ExecutionProvider.cuda(
      CUDAOptions(
        device: 1, memoryLimit: 1 << 30, arenaGrowth: .asRequested, convolutionSearch: .heuristic,
        usesTF32: false, others: ["prefer_nhwc": "1"]))
    #expect(
      cuda.options == [
        "device_id": "1", "gpu_mem_limit": "1073741824",
        "arena_extend_strategy": "kSameAsRequested", "cudnn_conv_algo_search": "HEURISTIC",
        "use_tf32": "0", "prefer_nhwc": "1",
      ])
    let tensorRT = ExecutionProvider.tensorRT(
      TensorRTOptions(
        usesFloat16: true, engineCacheDirectory: "cache", timingCacheDirectory: "times",
        workspaceLimit: 1024,
        profiles: [
          "mask": .init(minimum: [1, 16], optimum: [8, 16], maximum: [32, 16]),
          "ids": .init(minimum: [1, 16], optimum: [8, 16], maximum: [32, 16]),
        ]))
    #expect(
      tensorRT.options == [
        "device_id": "0", "trt_fp16_enable": "1", "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": "cache", "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": "times", "trt_max_workspace_size": "1024",
        "trt_profile_min_shapes": "ids:1x16,mask:1x16",
        "trt_profile_opt_shapes": "ids:8x16,mask:8x16",
        "trt_profile_max_shapes": "ids:32x16,mask:32x16",
      ])
    let openVINO = ExecutionProvider.openVINO(
      OpenVINOOptions(precision: "FP32", threadCount: 2, streamCount: 1, cacheDirectory: "c"))
    #expect(
      openVINO.options == [
        "device_type": "CPU", "precision": "FP32", "num_of_threads": "2", "num_streams": "1",
        "cache_dir": "c",
      ])
    #expect(ExecutionProvider.other("XNNPACK").name == "XNNPACKExecutionProvider")
    #expect(!ExecutionProvider.cuda(isRequired: false).isRequired)
  }
}
