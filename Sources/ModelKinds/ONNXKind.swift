import Deployment
import Models
import ONNXRuntime
import SparkFunctions

/// Files in ONNX format, run by ONNX Runtime.
struct ONNXKind: ModelKind {
  struct Options: ModelOptions {
    static let names = ["threads", "provider", "customOps"]
    let threads: Int?
    var provider: ModelSource.Provider
    let customOps: [String]

    init(_ values: OptionValues) throws {
      threads = try values.number("threads")
      provider = try values.provider()
      customOps = values.paths("customOps")
    }
  }

  var format: ModelFormat { .onnx }
  var sign: ModelSign? { .file("onnx") }
  var fileOptions: [String] { ["customOps"] }

  func source(at path: String) throws -> ModelSource? {
    path.lowercased().hasSuffix(".onnx") ? ModelSource.onnx(path) : nil
  }

  func filesBeside(_ path: String) throws -> [FolderFiles.File] {
    let model = try ONNXModelFile(path: path)
    try model.checkDataFiles()
    return model.dataFiles.map { FolderFiles.File(name: $0.location, path: model.path(of: $0)) }
  }

  func filesNamed(by path: String, where isListed: (String) -> Bool) throws -> [String] {
    try ONNXModelFile(path: path).dataFiles.map {
      ONNXModelFile.parts($0.location).joined(separator: "/")
    }.filter(isListed)
  }

  func planned(_ model: PlacedModel<Options>) throws -> Options {
    var options = model.options
    options.provider = .cpu
    return options
  }

  func gpu(_ model: PlacedModel<Options>) throws -> Int? {
    model.options.provider == .cpu ? nil : model.worker.cudaDevice
  }

  func load(_ model: PlacedModel<Options>) async throws -> any Model {
    try ONNXSession(path: model.path, name: model.name, options: sessionOptions(model))
  }

  /// How ONNX Runtime loads and runs the model.
  func sessionOptions(_ model: PlacedModel<Options>) throws -> ONNXSessionOptions {
    let options = model.options
    var session = ONNXSessionOptions(
      providers: try options.provider.executionProviders(for: model.path, model.worker))
    if let threads = options.threads { session.intraOpThreads = threads }
    session.operatorLibraries = model.files(options.customOps)
    // Its warnings come anew with each batch (of an output that has more rows than it declares, say),
    // also with the made-up rows of a trial. What matters of them is checked here.
    session.logSeverity = .error
    return session
  }
}

extension ModelSource {
  /// A model in ONNX format, run by ONNX Runtime.
  ///
  /// - Parameters:
  ///   - threads: the threads that one prediction uses; tasks run side by side, so one is right on
  ///     most clusters.
  ///   - provider: what computes it: the CPU, or the GPU that Spark assigned to the task.
  ///   - customOps: files of shared libraries with operators that ONNX Runtime does not have, such as
  ///     that of onnxruntime-extensions; they are sent to the executors.
  public static func onnx(
    _ path: String, threads: Int = 1, provider: Provider = .cpu, customOps: [String] = []
  ) -> ModelSource {
    ModelSource(
      ONNXKind(), path,
      [
        "threads": "\(threads)", "provider": provider.option,
        "customOps": OptionValues.text(of: customOps),
      ])
  }
}
