#if PyTorch
import Deployment
import FoundationEssentials
import Models
public import SparkFunctions
import TorchRuntime

extension ModelFormat {
  /// A package of compiled code made by PyTorch's AOTInductor (`.pt2`).
  public static let torch = ModelFormat(rawValue: "torch")
}

/// Packages of AOTInductor, run by PyTorch's libraries.
struct TorchKind: ModelKind {
  struct Options: ModelOptions {
    static let names = ["threads", "customOps"]
    let threads: Int?
    let customOps: [String]

    init(_ values: OptionValues) throws {
      threads = try values.number("threads")
      customOps = values.paths("customOps")
    }
  }

  var format: ModelFormat { .torch }
  var sign: ModelSign? { .file("pt2") }
  var fileOptions: [String] { ["customOps"] }

  func source(at path: String) throws -> ModelSource? {
    path.lowercased().hasSuffix(".pt2") ? ModelSource.torch(path) : nil
  }

  func filesBeside(_ path: String) throws -> [FolderFiles.File] {
    guard let weights = try TorchPackage(path: path).weightsBeside else { return [] }
    let name = URL(fileURLWithPath: weights).lastPathComponent
    return [FolderFiles.File(name: name, path: weights)]
  }

  /// As the runtime looks for them.
  func filesNamed(by path: String, where isListed: (String) -> Bool) throws -> [String] {
    let name = URL(fileURLWithPath: path).lastPathComponent
    let stem = name.hasSuffix(".pt2") ? String(name.dropLast(4)) : name
    let weights = [".safetensors", "_weights.blob"].map { stem + $0 }.first(where: isListed)
    return weights.map { [$0] } ?? []
  }

  func warnings(_ model: PlacedModel<Options>) throws -> [String] {
    try Self.warnings(of: model.path)
  }

  func gpu(_ model: PlacedModel<Options>) throws -> Int? {
    try Self.gpu(for: model.path, model.worker)
  }

  func load(_ model: PlacedModel<Options>) async throws -> any Model {
    try Self.open(
      model.path, name: model.name, threads: model.options.threads,
      libraries: model.files(model.options.customOps), model.worker)
  }
}

// MARK: Packages, also those in a folder of text

extension TorchKind {
  static func open(
    _ package: String, name: String, threads: Int?, libraries: [String] = [],
    _ worker: WorkerContext
  ) throws -> TorchModel {
    var options = TorchModelOptions()
    if let threads { options.threads = threads }
    options.device = try gpu(for: package, worker).map { .cuda($0) }
    options.libraries = libraries
    return try TorchModel(path: package, name: name, options: options)
  }

  /// The task's GPU, if the package was compiled for one.
  static func gpu(for package: String, _ worker: WorkerContext) throws -> Int? {
    // Most executors have no GPUs to choose from, and need not read the package.
    guard !worker.gpus.isEmpty, FileManager.default.fileExists(atPath: package) else { return nil }
    return try TorchPackage(path: package).device == "cuda" ? worker.cudaDevice : nil
  }

  static func warnings(of package: String) throws -> [String] {
    guard FileManager.default.fileExists(atPath: package),
      try TorchPackage(path: package).endsProcessOnWrongValues()
    else { return [] }
    return [
      "\(package): wrong values in the input, such as an index beyond a table, end the executor's "
        + "worker process instead of failing the task: the package's checks are in code for several "
        + "threads. Compile it after torch.set_num_threads(1)"
    ]
  }
}

extension ModelSource {
  /// A package of compiled code (`.pt2`) made by PyTorch's AOTInductor, run by PyTorch's libraries,
  /// which must be on the executors: on the CPU, or, if it was compiled for CUDA, on the GPU that Spark
  /// assigned to the task.
  ///
  /// - Parameter customOps: files of shared libraries that register operators with PyTorch; they are
  ///   sent to the executors.
  public static func torch(
    _ path: String, threads: Int = 1, customOps: [String] = []
  ) -> ModelSource {
    ModelSource(
      TorchKind(), path,
      ["threads": "\(threads)", "customOps": OptionValues.text(of: customOps)])
  }
}
#endif
