public import Tensors

/// How the TensorRT provider builds and keeps its engines; what is `nil` stays at the runtime's
/// default.
///
/// TensorRT compiles the model for the shapes it meets, which takes seconds to minutes. Keep the
/// engines in a cache, and either always run the same batch size or give ``profiles``, so that a new
/// batch size does not build another engine.
public struct TensorRTOptions: Sendable, Hashable, Codable {
  /// The shapes of one input that an engine shall serve.
  public struct Profile: Sendable, Hashable, Codable {
    /// The smallest shape that the engine takes.
    public var minimum: Shape
    /// The shape for which it is made fastest.
    public var optimum: Shape
    /// The largest shape that it takes.
    public var maximum: Shape

    public init(minimum: Shape, optimum: Shape, maximum: Shape) {
      self.minimum = minimum
      self.optimum = optimum
      self.maximum = maximum
    }
  }

  /// The GPU's number among those that the process sees.
  public var device: Int
  /// Whether half precision may be used.
  public var usesFloat16: Bool?
  /// The directory that keeps built engines; `nil` to build them in every process.
  public var engineCacheDirectory: String?
  /// The directory that keeps measured kernel times; `nil` to measure anew for each build.
  public var timingCacheDirectory: String?
  /// The greatest number of bytes of GPU memory used while building and running.
  public var workspaceLimit: Int?
  /// The shapes to build engines for, by input; if any, then for every input of varying shape.
  public var profiles: [String: Profile]
  /// Further keys and values as the provider documents them; they win over the properties above.
  public var others: [String: String]

  public init(
    device: Int = 0, usesFloat16: Bool? = nil, engineCacheDirectory: String? = nil,
    timingCacheDirectory: String? = nil, workspaceLimit: Int? = nil,
    profiles: [String: Profile] = [:], others: [String: String] = [:]
  ) {
    self.device = device
    self.usesFloat16 = usesFloat16
    self.engineCacheDirectory = engineCacheDirectory
    self.timingCacheDirectory = timingCacheDirectory
    self.workspaceLimit = workspaceLimit
    self.profiles = profiles
    self.others = others
  }

  var keysAndValues: [String: String] {
    var result = ["device_id": String(device)]
    result["trt_fp16_enable"] = usesFloat16.map { $0 ? "1" : "0" }
    if let engineCacheDirectory {
      result["trt_engine_cache_enable"] = "1"
      result["trt_engine_cache_path"] = engineCacheDirectory
    }
    if let timingCacheDirectory {
      result["trt_timing_cache_enable"] = "1"
      result["trt_timing_cache_path"] = timingCacheDirectory
    }
    result["trt_max_workspace_size"] = workspaceLimit.map(String.init)
    if !profiles.isEmpty {
      result["trt_profile_min_shapes"] = shapes { $0.minimum }
      result["trt_profile_opt_shapes"] = shapes { $0.optimum }
      result["trt_profile_max_shapes"] = shapes { $0.maximum }
    }
    return result.merging(others) { $1 }
  }

  /// The provider's spelling of shapes: `ids:1x16,mask:1x16`.
  private func shapes(_ pick: (Profile) -> Shape) -> String {
    profiles.sorted { $0.key < $1.key }.map { name, profile in
      name + ":" + pick(profile).dimensions.map(String.init).joined(separator: "x")
    }.joined(separator: ",")
  }
}

extension ExecutionProvider {
  static let tensorRTName = "TensorrtExecutionProvider"
  static let tensorRTAdvice =
    "install the GPU build (`pip install onnxruntime-gpu`) and TensorRT's libraries on "
    + "LD_LIBRARY_PATH, and keep libonnxruntime_providers_tensorrt.so and "
    + "libonnxruntime_providers_shared.so beside libonnxruntime.so"

  /// An NVIDIA GPU through TensorRT. Name ``cuda(_:isRequired:)`` after it for the operators that
  /// TensorRT lacks.
  public static func tensorRT(
    _ options: TensorRTOptions = TensorRTOptions(), isRequired: Bool = true
  ) -> Self {
    Self(name: tensorRTName, options: options.keysAndValues, isRequired: isRequired)
  }
}
