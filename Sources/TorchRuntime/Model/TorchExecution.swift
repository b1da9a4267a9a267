import Tensors

/// One run of compiled code on tensors of sizes that it takes.
struct TorchExecution: Sendable {
  let container: TorchContainer
  let cuda: CUDAFunctions?
  var signature: TorchSignature
  let outputCount: Int
  let threads: Int
  let model: String

  private var api: TorchAPI { container.api }
  private var device: TorchDevice { container.device }

  /// Runs the code on the calling thread.
  ///
  /// - Parameter symbols: the sizes of the symbols in the layouts.
  /// - Throws: ``TorchStatus`` with PyTorch's text.
  func run(_ tensors: [AnyTensor], symbols: [String: Int]) throws -> [AnyTensor] {
    api.useThreads(threads)
    let guardian = try cuda.map { try DeviceGuard($0, device: device, model: model) }
    defer { withExtendedLifetime((guardian, tensors)) {} }
    var values: [TorchValue] = []
    values.reserveCapacity(tensors.count)
    for (index, tensor) in tensors.enumerated() {
      values.append(try value(tensor, index: index, symbols: symbols))
    }
    let results = try container.run(values, outputCount: outputCount)
    return try results.map { try $0.tensor(inputs: tensors, container: container) }
  }

  /// The input as the code takes it: where it lies if possible.
  private func value(
    _ tensor: AnyTensor, index: Int, symbols: [String: Int]
  ) throws(TorchStatus) -> TorchValue {
    let value = try TorchValue(tensor, api: api)
    if signature.isRowMajor[index], cuda == nil { return value }
    guard let (sizes, strides) = TorchSignature.values(of: signature.layouts[index], symbols),
      let code = api.codes[tensor.elementType]
    else { throw TorchStatus(text: "the layout of input \(index) is not understood") }
    let deviceType = cuda == nil ? api.cpuDeviceType : api.cudaDeviceType ?? api.cpuDeviceType
    return try value.copy(
      sizes: sizes, strides: strides, elementType: code, deviceType: deviceType,
      deviceIndex: cuda == nil ? 0 : Int32(clamping: device.index))
  }
}
