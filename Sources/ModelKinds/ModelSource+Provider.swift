import Deployment
import Foundation
import HostProcesses
import Models
import ONNXRuntime
import SparkFunctions
import TorchRuntime

extension ModelSource {
  /// What computes an ONNX model: one of ONNX Runtime's execution providers.
  ///
  /// A GPU is the one that Spark assigned to the task (`WorkerContext.cudaDevice`), and it is required:
  /// where the library, the machine or its driver lacks it, the model does not load, and the error says
  /// what to install. The driver plans a prediction on its CPU, and needs none.
  public enum Provider: String, Sendable, Hashable, Codable, CaseIterable {
    /// The library's own kernels for processors.
    case cpu
    /// An NVIDIA GPU through CUDA and cuDNN. GPUs of today multiply in TF32, whose results differ
    /// from a processor's in the third digit.
    case cuda
    /// An NVIDIA GPU through TensorRT, and through CUDA for the operators that TensorRT lacks.
    ///
    /// TensorRT compiles a model for each shape of batch that it meets, which can take minutes, and
    /// keeps the engines in the executor's temporary folder, by the model's contents.
    case tensorRT = "tensorrt"

    /// The value of the option `provider`, which models have that run on the CPU if nothing is said.
    var option: String? { self == .cpu ? nil : rawValue }
  }

  /// The model as a driver loads it to know what it takes and gives: on the CPU, whatever computes it on
  /// the executors.
  ///
  /// - Throws: as ``load()``; ``NeedletailError`` also if the option `provider` is none that is known, or
  ///   the model is not in ONNX.
  package func loadForPlan() async throws -> any Model {
    try reference(path).checkProvider(path)
    var plain = self
    plain.options["provider"] = nil
    return try await plain.load()
  }
}

extension ModelReference {
  /// What computes the ONNX models in it.
  func provider() throws -> ModelSource.Provider {
    let given = options.mapValues { $0.lowercased() }
    return try ModelFormat.choice("provider", given, of: ModelSource.Provider.allCases) ?? .cpu
  }

  /// Fails for a provider that is not known, and for one of a network that is not in ONNX.
  func checkProvider(_ path: String) throws {
    guard try provider() != .cpu, let network = format.otherNetwork(path, options) else { return }
    throw NeedletailError(
      .usage,
      "provider is for ONNX models, and the network of \(name) is \(network); leave the option out")
  }

  /// The runtime's form of the provider for the model at `path`.
  func providers(_ path: String, _ worker: WorkerContext) throws -> [ExecutionProvider] {
    let device = worker.cudaDevice
    let cuda = ExecutionProvider.cuda(CUDAOptions(device: device))
    switch try provider() {
    case .cpu: return []
    case .cuda: return [cuda]
    case .tensorRT:
      var tensorRT = TensorRTOptions(device: device)
      // Without the provider there will be no engines.
      let known = try ONNXLibrary.shared().availableProviders
      if known.contains(ExecutionProvider.tensorRT().name) {
        tensorRT.engineCacheDirectory = try Self.engineFolder(path)
      }
      return [.tensorRT(tensorRT), cuda]
    }
  }

  /// Where TensorRT keeps the engines of the model at `path`.
  ///
  /// It tells models apart by names and graphs, not by weights: a model that was trained again would get
  /// the engines of the old one, were they not kept by contents.
  private static func engineFolder(_ path: String) throws -> String {
    try UserFolder.make()
    let folder = "\(UserFolder.path)/tensorrt/\(try networkHash(path))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }

  /// Tells the contents of the ONNX files at `path` apart, those of a folder or one with its weights
  /// beside it (`model.onnx`, `model.onnx.data`).
  static func networkHash(_ path: String) throws -> String {
    let files = FileManager.default
    var parts: [String]
    if files.isFolder(path) {
      parts = try FolderFiles(path).files.map(\.path)
      parts.removeAll { !URL(filePath: $0).lastPathComponent.contains(".onnx") }
    } else {
      let model = try ONNXModelFile(path: path)
      try model.checkDataFiles()
      let file = URL(filePath: path).lastPathComponent
      let beside = try files.contentsOfDirectory(atPath: model.folder).filter {
        $0.hasPrefix(file)
      }
      let named = model.dataFiles.map(\.location)
      parts = Set(beside + named).map { "\(model.folder)/\($0)" }
    }
    let hashes = try parts.sorted().filter { !files.isFolder($0) }.map {
      try Data(contentsOf: URL(filePath: $0), options: .alwaysMapped).shortHash
    }
    return hashes.count == 1 ? hashes[0] : Data(hashes.joined(separator: " ").utf8).shortHash
  }

  /// The number of the GPU that the model at `path` is loaded on, if the task's decides.
  func gpu(_ path: String, _ worker: WorkerContext) throws -> Int? {
    if isAddress { return nil }
    if try provider() != .cpu { return worker.cudaDevice }
    // Most executors have no GPUs to choose from, and need not read the package.
    guard !worker.gpus.isEmpty else { return nil }
    let package = FileManager.default.isFolder(path) ? path + "/model.pt2" : path
    guard package.hasSuffix(".pt2"), FileManager.default.fileExists(atPath: package) else {
      return nil
    }
    return try TorchPackage(path: package).device == "cuda" ? worker.cudaDevice : nil
  }
}

extension ModelFormat {
  /// Tasks to which Spark assigned different GPUs have a model on each.
  package static let placement: ModelPlacement = { reference, path, worker in
    try reference.gpu(path, worker).map { "cuda:\($0)" }
  }
}
