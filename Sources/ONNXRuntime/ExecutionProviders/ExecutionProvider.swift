import NativeLibraries

/// What computes a model's operators: ONNX Runtime's own CPU kernels or a library for a device.
///
/// A session's providers are tried in order for each operator; the CPU is always the last resort,
/// without being named. A provider that is missing makes the session fail, unless it is marked as
/// not required:
///
/// ```swift
/// var options = ONNXSessionOptions()
/// options.providers = [.cuda(isRequired: false)]   // the GPU where there is one, else the CPU
/// ```
public struct ExecutionProvider: Sendable, Hashable, Codable {
  /// The runtime's name, such as `CUDAExecutionProvider`.
  public var name: String
  /// The runtime's option keys and values.
  public var options: [String: String]
  /// Whether the session fails when the provider is absent or cannot start.
  public var isRequired: Bool

  init(name: String, options: [String: String] = [:], isRequired: Bool) {
    self.name = name
    self.options = options
    self.isRequired = isRequired
  }

  /// The name without `ExecutionProvider`.
  var shortName: String {
    let suffix = "ExecutionProvider"
    return name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
  }

  /// What to install for the provider.
  var advice: String {
    switch name {
    case Self.cudaName: Self.cudaAdvice
    case Self.tensorRTName: Self.tensorRTAdvice
    case Self.openVINOName: Self.openVINOAdvice
    default: "use a build of ONNX Runtime that includes it"
    }
  }
}

extension ExecutionProvider {
  /// Appends the provider to native session options.
  func append(to sessionOptions: OpaquePointer, of library: ONNXLibrary) throws(ONNXStatus) {
    let api = library.api
    switch name {
    case Self.cpuName: return
    case Self.cudaName: try append(api.cuda, to: sessionOptions, of: api)
    case Self.tensorRTName: try append(api.tensorRT, to: sessionOptions, of: api)
    default:
      try withOptions { keys, values, count throws(ONNXStatus) in
        if name == Self.openVINOName, let append = api.appendOpenVINO {
          try api.check(append(sessionOptions, keys, values, count))
        } else {
          try api.check(api.appendProvider(sessionOptions, shortName, keys, values, count))
        }
      }
    }
  }

  private func append(
    _ functions: ONNXAPI.ProviderOptions, to sessionOptions: OpaquePointer, of api: ONNXAPI
  ) throws(ONNXStatus) {
    let native = try api.object(functions.create)
    defer { functions.release(native) }
    try withOptions { keys, values, count throws(ONNXStatus) in
      try api.check(functions.update(native, keys, values, count))
    }
    try api.check(functions.append(sessionOptions, native))
  }

  /// Calls `body` with the keys and values of the options and their number.
  private func withOptions(
    _ body: (ONNXAPI.Texts, ONNXAPI.Texts, Int) throws(ONNXStatus) -> Void
  ) throws(ONNXStatus) {
    let keys = options.keys.sorted()
    try withCStrings(keys) { names throws(ONNXStatus) in
      try withCStrings(keys.map { options[$0] ?? "" }) { values throws(ONNXStatus) in
        try body(names, values, keys.count)
      }
    }
  }
}
