import Foundation
import HostProcesses
import Models
import ONNXRuntime
import SparkFunctions
import Testing

@testable import Deployment
@testable import ModelKinds

/// What computes an ONNX model: the option `provider` and the GPU that Spark assigned.
struct ModelProviderTests {
  private static let models = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Models").path()
  private static let model = models + "/eight_features.onnx"

  private static func absent(_ provider: ExecutionProvider) -> Bool {
    guard let library = try? ONNXLibrary.shared() else { return false }
    return !library.availableProviders.contains(provider.name)
  }

  private static func provider(_ options: [String: String]) throws -> ModelSource.Provider {
    try ONNXKind.Options(OptionValues(options, model: "m.onnx")).provider
  }

  @Test(
    "the option is the same from code and from the command line",
    arguments: [(ModelSource.Provider.cuda, "cuda"), (.tensorRT, "tensorrt")])
  func option(_ provider: ModelSource.Provider, _ text: String) throws {
    let source = ModelSource.onnx("m.onnx", provider: provider)
    #expect(try ModelSource(path: "m.onnx").setting("provider", to: text) == source)
    #expect(try Self.provider(source.options) == provider)
    #expect(try Self.provider(["provider": text.uppercased()]) == provider)
  }

  @Test("the runtime's warnings, which come anew with each batch, are not printed")
  func warnings() throws {
    let reference = ModelReference(format: .onnx, file: "m.onnx")
    let model = try PlacedModel<ONNXKind.Options>(reference, "m.onnx", WorkerContext())
    #expect(try ONNXKind().sessionOptions(model).logSeverity == .error)
  }

  @Test("the CPU needs no option")
  func processor() throws {
    #expect(ModelSource.onnx("m.onnx", provider: .cpu).options == ["threads": "1"])
    #expect(try Self.provider(ModelSource.onnx("m.onnx").options) == .cpu)
    let given = try Self.provider(["provider": "cpu"])
    #expect(try given.executionProviders(for: "m.onnx", WorkerContext()).isEmpty)
  }

  @Test(
    "text pipelines have the option",
    arguments: [
      ModelSource.sentiment("m", provider: .cuda), .embeddings("m", provider: .cuda),
      .translation("m", provider: .cuda),
    ])
  func text(_ source: ModelSource) throws {
    #expect(source.options["provider"] == "cuda" && source.kind.optionNames.contains("provider"))
  }

  @Test(
    "models of other runtimes do not", arguments: [ModelSource.torch("m.pt2"), .savedModel("m")])
  func others(_ source: ModelSource) throws {
    let error = #expect(throws: NeedletailError.self) {
      try source.setting("provider", to: "cuda")
    }
    #expect(error?.message.contains("has no option 'provider'") == true)
  }

  @Test("a provider that is not known fails before anything is loaded")
  func unknown() async throws {
    let source = try ModelSource(path: Self.model).setting("provider", to: "gpu")
    let error = await #expect(throws: NeedletailError.self) { try await source.loadForPlan() }
    #expect(error?.message == "provider is 'gpu', it must be one of cpu, cuda, tensorrt")
  }

  @Test("a provider for a folder whose network is not in ONNX fails before anything is loaded")
  func otherNetwork() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "provider-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data().write(to: folder.appending(path: "model.pt2"))
    let source = ModelSource.sentiment(folder.path(), provider: .cuda)
    let error = await #expect(throws: NeedletailError.self) { try await source.loadForPlan() }
    #expect(error?.message.contains("provider is for ONNX models") == true)
    #expect(error?.message.contains("is model.pt2") == true)
  }

  @Test(
    "the device is the task's, as CUDA numbers those that the process sees",
    arguments: [
      ([], nil, 0), (["3"], nil, 3), (["3", "1"], nil, 3), (["GPU-4d", "2"], nil, 2),
      (["GPU-4d"], nil, 0), (["-1"], nil, 0), (["3"], "", 3), (["3"], "2,3", 1),
      (["0"], "1, 0", 1), (["1"], "GPU-4d,GPU-5e", 1), (["GPU-5e"], "GPU-4d,GPU-5e", 1),
      ([], "2,3", 0),
    ] as [([String], String?, Int)])
  func device(_ gpus: [String], _ visible: String?, _ device: Int) {
    let worker = WorkerContext(resources: ["gpu": gpus])
    #expect(worker.cudaDevice(visible: visible) == device)
  }

  @Test(
    "the providers are on that device and required",
    .enabled(if: getenv("CUDA_VISIBLE_DEVICES") == nil && Self.absent(.tensorRT())))
  func providers() throws {
    let worker = WorkerContext(resources: ["gpu": ["2"]])
    let cuda = ExecutionProvider.cuda(CUDAOptions(device: 2))
    #expect(
      try ModelSource.Provider.cuda.executionProviders(for: Self.model, worker) == [cuda])
    // There is no folder for engines of a provider that the library does not have.
    #expect(
      try ModelSource.Provider.tensorRT.executionProviders(for: Self.model, worker)
        == [.tensorRT(TensorRTOptions(device: 2)), cuda])
  }

  @Test("tasks with different GPUs have a model on each; those on the CPU share one")
  func placement() throws {
    let worker = WorkerContext(resources: ["gpu": ["1"]])
    let path = Self.model
    let onCPU = ModelSource.onnx(path).reference(path)
    let onGPU = ModelSource.onnx(path, provider: .cuda).reference(path)
    let placement = ModelKinds.builtIn.placement
    #expect(try placement(onCPU, path, worker) == nil)
    #expect(try placement(onGPU, path, worker)?.hasPrefix("cuda:") == true)
    let served = ModelReference(format: .kserve, file: "grpc://host:1", options: [:])
    #expect(try placement(served, served.file, worker) == nil)
  }

  @Test(
    "a plan needs no GPU, and the model does not load without one",
    .enabled(
      if: Self.absent(.cuda()) && Self.absent(.tensorRT()),
      "needs ONNX Runtime without CUDA: pip install onnxruntime"),
    arguments: [ModelSource.Provider.cuda, .tensorRT])
  func missing(_ provider: ModelSource.Provider) async throws {
    let source = ModelSource.onnx(Self.model, provider: provider)
    #expect(try await source.loadForPlan().inputs.count == 1)
    let error = await #expect(throws: ONNXError.self) { try await source.load() }
    #expect(error?.code == .providerUnavailable)
    let text = error?.message ?? ""
    #expect(text.contains("pip install onnxruntime-gpu") && text.contains("libonnxruntime"))
    #expect(text.contains(provider == .cuda ? "CUDAExecution" : "TensorrtExecution"))
  }

  @Test("engines are kept by the contents of the ONNX files")
  func contents() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/my models \(UUID())"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func write(_ name: String, _ text: String) throws {
      let file = URL(filePath: "\(folder)/\(name)")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    try write("onnx/model.onnx", "graph")
    let (model, first) = (folder + "/onnx/model.onnx", try ONNXKind.networkHash(folder))
    #expect(try ONNXKind.networkHash(model) == first)
    try write("tokenizer.json", "not of the network")
    #expect(try ONNXKind.networkHash(folder) == first)
    try write("onnx/model.onnx.data", "weights")
    let second = try ONNXKind.networkHash(folder)
    #expect(try second != first && ONNXKind.networkHash(model) == second)
    try write("onnx/model.onnx.data", "other weights")
    #expect(try ONNXKind.networkHash(folder) != second)
  }
}
