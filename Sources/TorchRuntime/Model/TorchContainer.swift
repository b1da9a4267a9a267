import Glibc
import Tensors

/// The owner of a loaded model: the container of its instances, the code and the weights.
///
/// The model and every output that may lie in the memory of its constants refer to it.
final class TorchContainer: Sendable {
  let code: CompiledCode
  let library: TorchLibrary
  let device: TorchDevice
  nonisolated(unsafe) let pointer: OpaquePointer
  /// Weights that the container borrows, in PyTorch's tensors.
  let borrowed: [TorchValue]
  /// What the plug-in made, which then owns the container.
  private let opened: TorchPlugin.Opened?
  /// Kernels of a GPU, which are read from there.
  private let directory: TemporaryDirectory?

  var api: TorchAPI { library.api }

  /// Unpacks the code of `package`, opens it and makes `instances` instances with their weights.
  ///
  /// - Parameter plugin: for packages that need it.
  /// - Throws: ``TorchError``; `DynamicLibraryError` if CUDA is needed and missing.
  init(
    package: TorchPackage, library: TorchLibrary, plugin: TorchPlugin?, device: TorchDevice,
    instances: Int, weights: String?
  ) throws {
    let cuda = device.kind == "cuda" ? try library.cudaFunctions() : nil
    let unpacked = try package.unpack(withCompanions: cuda != nil || plugin != nil)
    var key = unpacked.key
    // The plug-in opens the file too, and both must get the same copy.
    if plugin != nil { key.name = unpacked.path }
    var code: CompiledCode
    do throws(TorchStatus) {
      code = try CompiledCode.open(path: unpacked.path, key: key)
    } catch {
      throw package.failure(
        .modelLoad,
        "its compiled code cannot be opened with \(library) at \(library.path): \(error.text). "
          + "Compile the package with the version of PyTorch that runs it", cause: error)
    }
    let guardian = try cuda.map { try DeviceGuard($0, device: device, model: package.name) }
    defer { withExtendedLifetime(guardian) {} }
    do throws(TorchStatus) {
      if let plugin {
        let opened = try plugin.open(
          code: unpacked.path, device: device, directory: unpacked.directory.path,
          instances: instances)
        self.opened = opened
        pointer = opened.container
      } else {
        opened = nil
        let directory = cuda == nil ? nil : unpacked.directory.path
        var out: OpaquePointer?
        if code.create(&out, instances, device.description, directory) != 0 {
          // Code that was open already may want to read a file of its own that is gone by now.
          key.name = unpacked.path
          code = try CompiledCode.open(path: unpacked.path, key: key)
          guard code.create(&out, instances, device.description, directory) == 0 else {
            throw TorchStatus(text: Self.failure(of: code, api: library.api))
          }
        }
        guard let out else { throw TorchStatus(text: "PyTorch made nothing") }
        pointer = out
      }
    } catch {
      throw package.failure(
        .modelLoad, "the model cannot be made on \(device): \(error.text)", cause: error)
    }
    do {
      let loader = WeightLoader(
        code: code, container: pointer, api: library.api, device: device, package: package)
      borrowed = try loader.load(file: weights)
    } catch {
      if opened == nil { _ = code.delete(pointer) }
      throw error
    }
    self.code = code
    self.library = library
    self.device = device
    directory = cuda == nil ? nil : unpacked.directory
  }

  deinit {
    if opened == nil { _ = code.delete(pointer) }
    withExtendedLifetime((borrowed, directory)) {}
  }

  /// The text of the last failure on this thread.
  static func failure(of code: CompiledCode, api: TorchAPI) -> String {
    var text: UnsafePointer<CChar>?
    var parts: [String] = []
    if let lastError = code.lastError, lastError(&text) == 0, let text {
      parts.append(String(cString: text))
    }
    if let inner = api.lastFailure?().map({ String(cString: $0) }) {
      parts.append(inner)
    }
    let lines = parts.map { part in
      part.split(separator: "\n").first.map(String.init) ?? ""
    }
    let known = lines.filter { !$0.isEmpty }
    return known.isEmpty ? "PyTorch gave no reason" : known.joined(separator: ": ")
  }

  /// The names of inputs and outputs in the compiled code, in order.
  var inputNames: [String] {
    get throws(TorchStatus) { try names(code.inputCount, code.inputName) }
  }

  var outputNames: [String] {
    get throws(TorchStatus) { try names(code.outputCount, code.outputName) }
  }

  private func names(
    _ count: @convention(c) (OpaquePointer, UnsafeMutablePointer<Int>) -> Int32,
    _ name: @convention(c) (OpaquePointer, Int, CompiledCode.Text) -> Int32
  ) throws(TorchStatus) -> [String] {
    var number = 0
    guard count(pointer, &number) == 0, (0...1 << 16).contains(number) else {
      throw TorchStatus(text: Self.failure(of: code, api: api))
    }
    var names: [String] = []
    for index in 0..<number {
      var text: UnsafePointer<CChar>?
      guard name(pointer, index, &text) == 0, let text else {
        throw TorchStatus(text: Self.failure(of: code, api: api))
      }
      names.append(String(cString: text))
    }
    return names
  }

  /// How arguments and results nest, in PyTorch's JSON.
  var callSpecification: (arguments: String, results: String)? {
    var (arguments, results): (UnsafePointer<CChar>?, UnsafePointer<CChar>?) = (nil, nil)
    guard let function = code.callSpecification, function(pointer, &arguments, &results) == 0,
      let arguments, let results
    else { return nil }
    return (String(cString: arguments), String(cString: results))
  }

  /// Runs the model on tensors that fit it, on the calling thread; they are given away, also when the
  /// run fails. No more callers at a time than there are instances of the model.
  ///
  /// - Throws: ``TorchStatus`` with PyTorch's text.
  func run(_ inputs: [TorchValue], outputCount: Int) throws(TorchStatus) -> [TorchValue] {
    var handles: [OpaquePointer?] = inputs.map { $0.surrender() }
    var results = [OpaquePointer?](repeating: nil, count: outputCount)
    let result = withExtendedLifetime((self, inputs)) {
      code.run(pointer, &handles, handles.count, &results, outputCount, nil, opened?.dispatcher)
    }
    let outputs = results.map { $0.map { TorchValue(owning: $0, api: api) } }
    guard result == 0 else { throw TorchStatus(text: Self.failure(of: code, api: api)) }
    var found: [TorchValue] = []
    found.reserveCapacity(outputs.count)
    for output in outputs {
      guard let output else { throw TorchStatus(text: "an output was left out") }
      found.append(output)
    }
    return found
  }
}

/// Makes a GPU the current one of the calling thread while it lives.
final class DeviceGuard {
  private let functions: CUDAFunctions
  private let pointer: OpaquePointer

  init(_ functions: CUDAFunctions, device: TorchDevice, model: String) throws(TorchError) {
    var out: OpaquePointer?
    guard functions.createGuard(Int32(clamping: device.index), &out) == 0, let out else {
      throw TorchError(
        .wrongDevice,
        "the GPU \(device) cannot be used; check that the machine has one and that its driver fits "
          + "PyTorch's version of CUDA",
        model: model)
    }
    self.functions = functions
    pointer = out
  }

  deinit { _ = functions.deleteGuard(pointer) }
}
