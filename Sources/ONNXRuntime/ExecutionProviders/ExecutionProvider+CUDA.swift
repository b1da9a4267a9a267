/// How the CUDA provider uses a GPU; what is `nil` stays at the runtime's default.
public struct CUDAOptions: Sendable, Hashable, Codable {
  /// How the provider picks a convolution algorithm.
  public enum ConvolutionSearch: String, Sendable, Hashable, Codable {
    case exhaustive = "EXHAUSTIVE"
    case heuristic = "HEURISTIC"
    case `default` = "DEFAULT"
  }

  /// How the provider's memory pool grows.
  public enum ArenaGrowth: String, Sendable, Hashable, Codable {
    case powersOfTwo = "kNextPowerOfTwo"
    case asRequested = "kSameAsRequested"
  }

  /// The GPU's number among those that the process sees.
  public var device: Int
  /// The greatest number of bytes of GPU memory that the session's pool takes.
  public var memoryLimit: Int?
  /// How the pool of GPU memory grows; `nil` leaves it to the runtime.
  public var arenaGrowth: ArenaGrowth?
  /// How cuDNN's algorithm for a convolution is found; `nil` leaves it to the runtime.
  public var convolutionSearch: ConvolutionSearch?
  /// Whether single-precision products may be computed in TF32, which is faster and less exact.
  public var usesTF32: Bool?
  /// Further keys and values as the provider documents them; they win over the properties above.
  public var others: [String: String]

  public init(
    device: Int = 0, memoryLimit: Int? = nil, arenaGrowth: ArenaGrowth? = nil,
    convolutionSearch: ConvolutionSearch? = nil, usesTF32: Bool? = nil,
    others: [String: String] = [:]
  ) {
    self.device = device
    self.memoryLimit = memoryLimit
    self.arenaGrowth = arenaGrowth
    self.convolutionSearch = convolutionSearch
    self.usesTF32 = usesTF32
    self.others = others
  }

  var keysAndValues: [String: String] {
    var result = ["device_id": String(device)]
    result["gpu_mem_limit"] = memoryLimit.map(String.init)
    result["arena_extend_strategy"] = arenaGrowth?.rawValue
    result["cudnn_conv_algo_search"] = convolutionSearch?.rawValue
    result["use_tf32"] = usesTF32.map { $0 ? "1" : "0" }
    return result.merging(others) { $1 }
  }
}

extension ExecutionProvider {
  static let cudaName = "CUDAExecutionProvider"
  static let cudaAdvice =
    "install the GPU build (`pip install onnxruntime-gpu`) with the CUDA and cuDNN libraries that it "
    + "needs on LD_LIBRARY_PATH, and keep libonnxruntime_providers_cuda.so and "
    + "libonnxruntime_providers_shared.so beside libonnxruntime.so"

  /// An NVIDIA GPU through CUDA and cuDNN.
  public static func cuda(_ options: CUDAOptions = CUDAOptions(), isRequired: Bool = true) -> Self {
    Self(name: cudaName, options: options.keysAndValues, isRequired: isRequired)
  }
}
