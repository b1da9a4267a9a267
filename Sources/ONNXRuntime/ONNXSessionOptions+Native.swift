import Glibc
import NativeLibraries

extension ONNXSessionOptions {
  /// Calls `body` with the runtime's form of the options and the names of the providers in use, the
  /// CPU last.
  ///
  /// - Throws: ``ONNXError`` for an option that the runtime refuses or a required provider that is
  ///   not there; what `body` throws.
  func withNative<Result>(
    library: ONNXLibrary, model: String, _ body: (OpaquePointer, [String]) throws -> Result
  ) throws -> Result {
    let api = library.api
    let native: OpaquePointer
    do throws(ONNXStatus) {
      native = try api.object(api.createSessionOptions)
    } catch {
      throw ONNXError(.invalidOption, error.text, model: model, cause: error)
    }
    defer { api.releaseSessionOptions(native) }
    try setPlain(native, api: api, model: model)
    for path in operatorLibraries { try registerOperators(path, native, api: api, model: model) }
    let used = try appendProviders(to: native, library: library, model: model)
    return try body(native, used)
  }

  private func setPlain(_ native: OpaquePointer, api: ONNXAPI, model: String) throws {
    func set(_ option: String, _ call: @autoclosure () -> OpaquePointer?) throws {
      do throws(ONNXStatus) {
        try api.check(call())
      } catch {
        throw ONNXError(
          .invalidOption, "the runtime refuses the option \(option): \(error.text)", model: model,
          cause: error)
      }
    }
    guard let intra = Int32(exactly: intraOpThreads), intra >= 0,
      let inter = Int32(exactly: interOpThreads), inter >= 0, maximumConcurrentRuns ?? 1 > 0
    else {
      throw ONNXError(
        .invalidOption,
        "thread counts must not be negative and a limit of concurrent runs must be positive, got "
          + "intraOpThreads \(intraOpThreads), interOpThreads \(interOpThreads), "
          + "maximumConcurrentRuns \(maximumConcurrentRuns.map(String.init) ?? "none")",
        model: model)
    }
    try set("intraOpThreads", api.setIntraOpThreads(native, intra))
    try set("interOpThreads", api.setInterOpThreads(native, inter))
    try set("optimization", api.setOptimizationLevel(native, optimization.rawValue))
    try set("executionMode", api.setExecutionMode(native, executionMode.rawValue))
    try set("logSeverity", api.setLogSeverity(native, logSeverity.rawValue))
    if !usesMemoryPattern { try set("usesMemoryPattern", api.disableMemoryPattern(native)) }
    if !usesMemoryArena { try set("usesMemoryArena", api.disableMemoryArena(native)) }
    if let profilePrefix { try set("profilePrefix", api.enableProfiling(native, profilePrefix)) }
    for (name, size) in dimensions.sorted(by: { $0.key < $1.key }) {
      try set("dimensions[\(name)]", api.overrideDimension(native, name, Int64(size)))
    }
    for (key, value) in configuration.sorted(by: { $0.key < $1.key }) {
      try set("configuration[\(key)]", api.addConfigurationEntry(native, key, value))
    }
  }

  /// Adds the operators of the library at `path`, which stays loaded as long as the process lives.
  private func registerOperators(
    _ path: String, _ native: OpaquePointer, api: ONNXAPI, model: String
  ) throws {
    guard access(path, R_OK) == 0 else {
      throw ONNXError(
        .invalidOption,
        "the library with operators \(path) cannot be read: \(String(cString: strerror(errno)))",
        model: model)
    }
    func register() throws(ONNXStatus) {
      var handle: UnsafeMutableRawPointer?
      // The loader looks for a name without a slash in the system's folders.
      try api.check(
        api.registerOperators(native, path.contains("/") ? path : "./\(path)", &handle))
    }
    do throws(ONNXStatus) {
      do throws(ONNXStatus) {
        try register()
      } catch {
        guard OperatorLibrary.opensPython(for: path, refused: error.text) else { throw error }
        try register()
      }
    } catch {
      let advice = OperatorLibrary.advice(
        for: error.text,
        instead:
          "a build of the operators for C (of onnxruntime-extensions libortextensions.so, as in "
          + "its package for .NET)")
      throw ONNXError(
        .invalidOption,
        "\(path) cannot be used as a library with operators: \(error.text)\(advice)", model: model,
        cause: error)
    }
  }

  private func appendProviders(
    to native: OpaquePointer, library: ONNXLibrary, model: String
  ) throws -> [String] {
    var used: [String] = []
    for provider in providers where provider != .cpu {
      do throws(ONNXStatus) {
        guard library.availableProviders.contains(provider.name) else {
          throw ONNXStatus(
            code: 1,
            text: "the library has only \(library.availableProviders.joined(separator: ", "))")
        }
        try provider.append(to: native, of: library)
        used.append(provider.name)
      } catch {
        guard provider.isRequired else { continue }
        throw ONNXError(
          .providerUnavailable,
          "the execution provider \(provider.name) cannot be used with \(library) at "
            + "\(library.path): \(error.text). To use it, \(provider.advice); or choose another (--option "
            + "provider=cpu), or, in Swift, fall back to the next one (isRequired: false)",
          model: model, cause: error)
      }
    }
    return used + [ExecutionProvider.cpu.name]
  }
}
