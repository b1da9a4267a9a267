import Glibc
public import Models
import NativeLibraries
import Tensors
import Threads

/// A PyTorch model compiled ahead of time by AOTInductor (`.pt2`), loaded into PyTorch's libraries.
///
/// ```swift
/// let model = try TorchModel(path: "digits.pt2")
/// let pixels = Tensor<Float>(repeating: 0, shape: [64, 784])
/// let scores: Tensor<Float> = try model.run(pixels)              // shape [64, 10]
/// ```
///
/// A model is safe to use from any number of tasks at the same time: it has
/// ``TorchModelOptions/maximumConcurrentRuns`` instances, which share the weights, and further callers
/// wait. Inputs are read where they lie and outputs are views of PyTorch's memory; a copy is made only
/// on the way to a GPU and back, for a layout that is not row-major, and to fit a batch to the sizes
/// that the model was compiled for. An output outlives the model it came from.
public final class TorchModel: InProcessModel {
  /// The tensors that the model takes; rows come first.
  public var inputs: [TensorSpecification] { modelSignature.inputs }
  /// The tensors that the model gives.
  public var outputs: [TensorSpecification] { modelSignature.outputs }
  /// Both, as runs are checked by them.
  public let modelSignature: ModelSignature
  /// The package: what it was compiled for, its metadata.
  public let package: TorchPackage
  /// Where the model computes.
  public let device: TorchDevice
  /// The number of rows that the model was compiled for, if it takes no other; batches are then cut
  /// and filled up to it.
  public let fixedBatch: Int?
  /// The numbers of rows that the compiled code takes; `nil` if no input has rows.
  public let batchBounds: ClosedRange<Int>?
  /// PyTorch's libraries.
  public let library: TorchLibrary
  /// The package's file, or the name it was given.
  public let name: String
  let options: TorchModelOptions
  let signature: TorchSignature
  let execution: TorchExecution
  /// A container has a queue of its own, but one in which a run that fails can leave those behind it
  /// waiting for ever; so nobody gets to wait there.
  let gate: RunGate

  /// Loads the package at `path`.
  ///
  /// The compiled code is unpacked into a private directory below `TMPDIR`, which is gone afterwards.
  ///
  /// - Parameters:
  ///   - path: a package of AOTInductor, `.pt2`.
  ///   - name: what to call the model in messages; `nil` for `path`.
  ///   - options: threads, device, weights and other settings.
  ///   - library: PyTorch's libraries; those that ``TorchLibrary/shared(path:)`` finds if `nil`.
  /// - Throws: ``TorchError`` if the file is missing or damaged, holds no compiled code, was compiled
  ///   for another device or processor, lacks weights or cannot be run at all; `DynamicLibraryError`
  ///   if there is no usable PyTorch, or no plug-in for a package that needs it.
  public init(
    path: String, name: String? = nil, options: TorchModelOptions = TorchModelOptions(),
    library: TorchLibrary? = nil
  ) throws {
    let name = name ?? path
    try options.check(model: name)
    let package = try TorchPackage(path: path, name: name, model: options.model)
    try package.check(device: options.device)
    let library = try library ?? .shared()
    let device = options.device ?? TorchDevice(kind: package.device, index: 0)
    try Self.load(options.libraries, model: name)
    // Threads are also started while weights are loaded.
    library.api.useThreads(options.threads)
    let count = options.instances(on: device)
    let container = try TorchContainer(
      package: package, library: library,
      plugin: package.needsPlugin ? TorchPlugin.shared(library) : nil, device: device,
      instances: count, weights: options.weights)
    let builder = SignatureBuilder(
      package: package, container: container, options: options, api: library.api)
    var (signature, inputNames, outputNames) = try builder.inputs()
    if let declared = options.outputs {
      signature.declare(declared)
      outputNames = declared.map(\.name)
    }
    var execution = TorchExecution(
      container: container, cuda: device.kind == "cuda" ? try library.cudaFunctions() : nil,
      signature: signature, outputCount: outputNames.count, threads: options.threads, model: name)
    if options.outputs == nil {
      try builder.learnOutputs(&signature, by: execution)
      execution.signature = signature
    }
    self.execution = execution
    // Whether a batch of any size can be had from runs of the sizes that the code takes.
    let fitsBatches = options.fitsBatches && signature.batch != .none && signature.givesRows
    modelSignature = ModelSignature(
      inputs: signature.inputSpecifications(names: inputNames, fitsBatches: fitsBatches),
      outputs: signature.outputSpecifications(names: outputNames, fitsBatches: fitsBatches))
    batchBounds = signature.batch.bounds
    if case .fixed(let rows) = signature.batch, fitsBatches {
      fixedBatch = rows
    } else {
      fixedBatch = nil
    }
    gate = RunGate(.limited(count))
    self.name = name
    self.package = package
    self.device = device
    self.library = library
    self.options = options
    self.signature = signature
  }

  /// PyTorch and its version.
  public var runtime: String { library.description }

  /// What the package says of itself.
  public var metadata: [String: String] { package.metadata }

  private static func load(_ libraries: [String], model: String) throws {
    for path in libraries {
      // Operators register themselves with PyTorch, and further libraries look for their symbols.
      if dlopen(path, RTLD_NOW | RTLD_GLOBAL) == nil {
        var reason = dlerror().map { String(cString: $0) } ?? "the loader gave no reason"
        if OperatorLibrary.opensPython(for: path, refused: reason) {
          if dlopen(path, RTLD_NOW | RTLD_GLOBAL) != nil { continue }
          reason = dlerror().map { String(cString: $0) } ?? reason
        }
        let advice = OperatorLibrary.advice(
          for: reason,
          instead: "a build of the operators without pybind11 (TORCH_LIBRARY alone, linked without "
            + "torch_python; in torch.utils.cpp_extension.load is_python_module=False)")
        throw TorchError(
          .invalidOption,
          "the library \(path), with operators for the model, cannot be opened: \(reason)\(advice)",
          model: model)
      }
    }
  }
}

extension TorchModel: CustomStringConvertible {
  public var description: String { "\(name) \(modelSignature)" }
}

extension TorchModelOptions {
  /// - Throws: ``TorchError`` for numbers out of range.
  func check(model: String) throws(TorchError) {
    guard threads >= 0, threads <= 4096, (1...4096).contains(maximumConcurrentRuns ?? 1),
      (0...1024).contains(device?.index ?? 0)
    else {
      throw TorchError(
        .invalidOption,
        "threads must not be negative and the limit of concurrent runs must be positive, got threads "
          + "\(threads), maximumConcurrentRuns \(maximumConcurrentRuns.map(String.init) ?? "none"), "
          + "device \(device?.description ?? "none")",
        model: model)
    }
  }

  /// The number of instances to make on `device`.
  func instances(on device: TorchDevice) -> Int {
    maximumConcurrentRuns
      ?? (device.kind == "cpu" ? max(1, min(64, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) : 1)
  }
}
