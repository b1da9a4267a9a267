import Glibc
import Tensors

/// Gives a new container its weights, if its code has none.
struct WeightLoader {
  let code: CompiledCode
  let container: OpaquePointer
  let api: TorchAPI
  let device: TorchDevice
  let package: TorchPackage

  /// A weight that the code expects.
  private struct Constant {
    /// The name in the code.
    var name: String
    /// The name in the module's state.
    var originalName: String
    var elementType: Int32
    /// The bytes that the code may read, with padding.
    var byteCount: Int
  }

  /// Loads the weights from the package, or from `file`, or from a file beside the package; nothing
  /// where the code has its own.
  ///
  /// - Returns: tensors that the container borrows.
  /// - Throws: ``TorchError`` with code ``TorchError/Code/weights``.
  func load(file: String?) throws -> [TorchValue] {
    let constants: [Constant]
    do throws(TorchStatus) {
      constants = try readConstants()
    } catch {
      throw failure("the weights that the code needs are unknown: \(error.text)", cause: error)
    }
    if isComplete(constants) {
      guard file == nil else {
        throw failure(
          "weights are given, but the package's code has its own; leave TorchModelOptions.weights out"
        )
      }
      return []
    }
    if file == nil, let entry = package.weights {
      try loadBlob(byteCount: entry.byteCount) { buffer in
        var done = 0
        try package.archive.read(entry) { piece in
          UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + piece.count])
            .copyMemory(from: piece)
          done += piece.count
        }
      }
      try checkComplete(constants)
      return []
    }
    guard let path = file ?? package.weightsBeside else {
      throw failure(
        "the package has no weights (package_constants_in_so is off) and there is none beside it. "
          + "Put the file with them there, under the package's name: the blob that PyTorch wrote as "
          + "NAME_weights.blob, or the module's state as NAME.safetensors; or compile with the weights "
          + "in the package; or name the file in Swift: TorchModelOptions.weights")
    }
    let borrowed = try loadFile(path, constants)
    try checkComplete(constants)
    return borrowed
  }

  private func failure(_ message: String, cause: (any Error)? = nil) -> TorchError {
    package.failure(.weights, message, cause: cause)
  }

  private func loadFile(_ path: String, _ constants: [Constant]) throws -> [TorchValue] {
    do {
      let file = try RandomAccessFile(path: path)
      if path.hasSuffix(".safetensors") {
        return try loadTensors(SafeTensors(file), constants, path: path)
      }
      try loadBlob(byteCount: file.count) { buffer in try file.read(into: buffer, at: 0) }
      return []
    } catch let error as ArchiveError {
      throw failure("the weights in \(path) cannot be read: \(error.description)", cause: error)
    }
  }

  /// Hands the blob that `fill` writes to the code, which copies it.
  private func loadBlob(
    byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) throws {
    var needed: UInt64 = 0
    guard let loadBlob = code.loadBlob, let blobByteCount = code.blobByteCount,
      blobByteCount(container, &needed) == 0
    else {
      throw failure(
        "the package's code takes no weights as a blob; give the module's state as .safetensors")
    }
    guard needed <= UInt64(byteCount) else {
      throw failure("the weights have \(byteCount) bytes where the code needs \(needed)")
    }
    let blob = UnsafeMutableRawBufferPointer.allocate(byteCount: max(byteCount, 1), alignment: 4096)
    defer { blob.deallocate() }
    try fill(UnsafeMutableRawBufferPointer(rebasing: blob[..<byteCount]))
    guard let base = blob.baseAddress, loadBlob(container, base) == 0 else {
      throw failure(
        "the weights cannot be loaded: \(TorchContainer.failure(of: code, api: api))")
    }
  }

  private func loadTensors(
    _ tensors: SafeTensors, _ constants: [Constant], path: String
  ) throws -> [TorchValue] {
    guard let update = code.updateConstants else {
      throw failure("the package's code takes no weights by name; compile with a newer PyTorch")
    }
    var values: [TorchValue] = []
    var names: [UnsafeMutablePointer<CChar>] = []
    defer { for name in names { free(name) } }
    // Pairs of a name and a tensor, as C lays them out.
    var pairs: [UnsafeRawPointer?] = []
    for constant in constants {
      guard let entry = tensors.entries[constant.originalName] ?? tensors.entries[constant.name]
      else { continue }
      let value = try read(entry, constant, of: tensors, path: path)
      guard let name = strdup(constant.name) else { continue }
      names.append(name)
      values.append(value)
      pairs += [UnsafeRawPointer(name), UnsafeRawPointer(value.pointer)]
    }
    guard !values.isEmpty else {
      let wanted = constants.prefix(5).map(\.originalName).joined(separator: ", ")
      throw failure("\(path) has none of the weights that the code needs: \(wanted)")
    }
    let result = pairs.withUnsafeBytes { bytes in
      bytes.baseAddress.map { update(container, $0, values.count, false, false) } ?? 1
    }
    guard result == 0 else {
      throw failure(
        "the weights of \(path) do not fit: \(TorchContainer.failure(of: code, api: api))")
    }
    return values
  }

  private func read(
    _ entry: SafeTensors.Entry, _ constant: Constant, of tensors: SafeTensors, path: String
  ) throws -> TorchValue {
    let expected = api.elementTypes[constant.elementType]
    guard expected == entry.elementType else {
      throw failure(
        "the weight \(constant.originalName) of \(path) holds \(entry.elementType), the code needs "
          + "\(expected?.rawValue ?? "another type")")
    }
    // The code's sizes are rounded up to 64 bytes.
    guard entry.byteCount <= constant.byteCount, entry.byteCount > constant.byteCount - 64 else {
      throw failure(
        "the weight \(constant.originalName) of \(path) has the shape \(entry.shape), the code needs "
          + "another (\(constant.byteCount) bytes with padding)")
    }
    let storage = TensorStorage(byteCount: constant.byteCount)
    storage.baseAddress.initializeMemory(as: UInt8.self, repeating: 0, count: constant.byteCount)
    try tensors.file.read(
      into: UnsafeMutableRawBufferPointer(start: storage.baseAddress, count: entry.byteCount),
      at: entry.position)
    let tensor = try AnyTensor(
      viewing: storage, elementType: entry.elementType, byteOffset: 0, shape: entry.shape)
    do throws(TorchStatus) {
      let value = try TorchValue(tensor, api: api)
      guard let cuda = api.cudaDeviceType, device.kind == "cuda" else { return value }
      let sizes = entry.shape.map { Int64($0) }
      return try value.copy(
        sizes: sizes, strides: TorchValue.rowMajorStrides(sizes),
        elementType: constant.elementType, deviceType: cuda,
        deviceIndex: Int32(clamping: device.index))
    } catch {
      throw failure(
        "the weight \(constant.originalName) cannot be used: \(error.text)", cause: error)
    }
  }

  private func readConstants() throws(TorchStatus) -> [Constant] {
    var count = 0
    guard let constantCount = code.constantCount, constantCount(container, &count) == 0 else {
      return []
    }
    var constants: [Constant] = []
    for index in 0..<count {
      var isFolded = false
      if let constantIsFolded = code.constantIsFolded {
        guard constantIsFolded(container, index, &isFolded) == 0 else { continue }
      }
      if isFolded { continue }
      var (name, original): (UnsafePointer<CChar>?, UnsafePointer<CChar>?) = (nil, nil)
      var (type, byteCount) = (Int32(-1), 0)
      guard let constantName = code.constantName, constantName(container, index, &name) == 0,
        let name
      else { throw TorchStatus(text: "constant \(index) has no name") }
      if let constantOriginalName = code.constantOriginalName {
        _ = constantOriginalName(container, index, &original)
      }
      _ = code.constantElementType?(container, index, &type)
      _ = code.constantByteCount?(container, index, &byteCount)
      constants.append(
        Constant(
          name: String(cString: name), originalName: String(cString: original ?? name),
          elementType: type, byteCount: byteCount))
    }
    return constants
  }

  /// Whether the container has all weights; runs without one would end the process.
  private func isComplete(_ constants: [Constant]) -> Bool {
    if constants.isEmpty { return true }
    // Without the means to ask, weights that lie apart are needed and others are there.
    guard let presentConstants = code.presentConstants else { return package.weights == nil }
    var (entries, count): (UnsafeRawPointer?, Int) = (nil, 0)
    return presentConstants(container, &entries, &count, false) == 0 && count >= constants.count
  }

  private func checkComplete(_ constants: [Constant]) throws {
    if isComplete(constants) { return }
    let names = constants.prefix(8).map(\.originalName).joined(separator: ", ")
    throw failure("some of the weights that the code needs are missing; it needs \(names)")
  }
}
