import Deployment
import FoundationEssentials
import HostProcesses
import ONNXRuntime
import SparkFunctions

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
}

extension OptionValues {
  /// What computes the ONNX models of a kind that has the option `provider`.
  func provider() throws -> ModelSource.Provider {
    try choice("provider", of: ModelSource.Provider.self, ignoringCase: true) ?? .cpu
  }
}

extension ModelSource.Provider {
  /// The runtime's form of the provider for the model at `path`.
  func executionProviders(
    for path: String, _ worker: WorkerContext
  ) throws -> [ExecutionProvider] {
    let device = worker.cudaDevice
    let cuda = ExecutionProvider.cuda(CUDAOptions(device: device))
    switch self {
    case .cpu: return []
    case .cuda: return [cuda]
    case .tensorRT:
      var tensorRT = TensorRTOptions(device: device)
      // Without the provider there will be no engines.
      let known = try ONNXLibrary.shared().availableProviders
      if known.contains(ExecutionProvider.tensorRT().name) {
        tensorRT.engineCacheDirectory = try ONNXKind.engineFolder(path)
      }
      return [.tensorRT(tensorRT), cuda]
    }
  }
}

extension ONNXKind {
  /// Where TensorRT keeps the engines of the model at `path`.
  ///
  /// It tells models apart by names and graphs, not by weights: a model that was trained again would get
  /// the engines of the old one, were they not kept by contents.
  fileprivate static func engineFolder(_ path: String) throws -> String {
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
}
