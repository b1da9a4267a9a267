/// How the OpenVINO provider computes; what is `nil` stays at the runtime's default.
public struct OpenVINOOptions: Sendable, Hashable, Codable {
  /// OpenVINO's device, such as `CPU`, `GPU` or `AUTO:GPU,CPU`.
  public var device: String
  /// The precision: `FP32`, `FP16` or `ACCURACY`.
  public var precision: String?
  /// Threads of a run; `nil` leaves it to OpenVINO.
  public var threadCount: Int?
  /// Runs side by side; `nil` leaves it to OpenVINO.
  public var streamCount: Int?
  /// The directory that keeps compiled models.
  public var cacheDirectory: String?
  /// Further keys and values as the provider documents them; they win over the properties above.
  public var others: [String: String]

  public init(
    device: String = "CPU", precision: String? = nil, threadCount: Int? = nil,
    streamCount: Int? = nil, cacheDirectory: String? = nil, others: [String: String] = [:]
  ) {
    self.device = device
    self.precision = precision
    self.threadCount = threadCount
    self.streamCount = streamCount
    self.cacheDirectory = cacheDirectory
    self.others = others
  }

  var keysAndValues: [String: String] {
    var result = ["device_type": device]
    result["precision"] = precision
    result["num_of_threads"] = threadCount.map(String.init)
    result["num_streams"] = streamCount.map(String.init)
    result["cache_dir"] = cacheDirectory
    return result.merging(others) { $1 }
  }
}

extension ExecutionProvider {
  static let openVINOName = "OpenVINOExecutionProvider"
  static let openVINOAdvice =
    "install the OpenVINO build (`pip install onnxruntime-openvino`), and keep "
    + "libonnxruntime_providers_openvino.so and OpenVINO's libraries beside libonnxruntime.so"

  /// Intel's OpenVINO on a CPU, GPU or NPU.
  public static func openVINO(
    _ options: OpenVINOOptions = OpenVINOOptions(), isRequired: Bool = true
  ) -> Self {
    Self(name: openVINOName, options: options.keysAndValues, isRequired: isRequired)
  }
}
