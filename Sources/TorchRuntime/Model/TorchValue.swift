import Tensors

/// A tensor as PyTorch holds it, with what must live as long.
final class TorchValue: @unchecked Sendable {
  let pointer: OpaquePointer
  let api: TorchAPI
  /// Owners of the memory, which is not PyTorch's.
  private let kept: [any Sendable]
  private var isOwned = true

  /// Takes over a tensor of PyTorch.
  init(owning pointer: OpaquePointer, api: TorchAPI, keeping kept: [any Sendable] = []) {
    self.pointer = pointer
    self.api = api
    self.kept = kept
  }

  deinit { if isOwned { _ = api.delete(pointer) } }

  /// Gives PyTorch's object away, to a call that deletes it; the memory is still kept alive here.
  func surrender() -> OpaquePointer {
    isOwned = false
    return pointer
  }

  /// A row-major tensor over the memory of `tensor`.
  convenience init(_ tensor: AnyTensor, api: TorchAPI) throws(TorchStatus) {
    guard let fixedWidth = tensor.fixedWidth else {
      throw TorchStatus(text: "PyTorch has no tensors of strings")
    }
    guard let code = api.codes[tensor.elementType] else {
      throw TorchStatus(text: "this version of PyTorch has no element type \(tensor.elementType)")
    }
    let (storage, byteOffset) = fixedWidth.memory
    let sizes = fixedWidth.shape.dimensions.map(Int64.init)
    let strides = Self.rowMajorStrides(sizes)
    var out: OpaquePointer?
    try api.check(
      api.createTensorOverMemory(
        storage.baseAddress + byteOffset, Int64(sizes.count), sizes, strides, 0, code,
        api.cpuDeviceType, 0, &out),
      "making a tensor")
    guard let out else { throw TorchStatus(text: "making a tensor gave nothing") }
    self.init(owning: out, api: api, keeping: [storage])
  }

  static func rowMajorStrides(_ sizes: [Int64]) -> [Int64] {
    var strides = [Int64](repeating: 1, count: sizes.count)
    for axis in sizes.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] &* max(1, sizes[axis + 1])
    }
    return strides
  }

  /// Whether elements with `strides` lie in row-major order; of one alone in its dimension they do.
  static func isRowMajor(_ sizes: [Int64], _ strides: [Int64]) -> Bool {
    let rowMajor = rowMajorStrides(sizes)
    return sizes.indices.allSatisfy { sizes[$0] == 1 || strides[$0] == rowMajor[$0] }
  }

  /// A copy with other strides or on another device; it is complete when the call returns.
  func copy(
    sizes: [Int64], strides: [Int64], elementType: Int32, deviceType: Int32, deviceIndex: Int32
  ) throws(TorchStatus) -> TorchValue {
    var out: OpaquePointer?
    try api.check(
      api.emptyTensor(
        Int64(sizes.count), sizes, strides, elementType, deviceType, deviceIndex, &out),
      "making a tensor")
    guard let out else { throw TorchStatus(text: "making a tensor gave nothing") }
    let copy = TorchValue(owning: out, api: api)
    try api.check(api.copy(out, pointer, 0), "copying a tensor")
    return copy
  }

  /// What PyTorch knows of the tensor.
  struct Layout {
    var elementType: Int32
    var deviceType: Int32
    var sizes: [Int64]
    var strides: [Int64]
  }

  func layout() throws(TorchStatus) -> Layout {
    var (rank, elementType, deviceType) = (Int64(0), Int32(0), Int32(0))
    var (sizes, strides): (TorchAPI.Sizes?, TorchAPI.Sizes?) = (nil, nil)
    try api.check(api.rank(pointer, &rank), "asking for a tensor's rank")
    try api.check(api.elementType(pointer, &elementType), "asking for a tensor's type")
    try api.check(api.deviceType(pointer, &deviceType), "asking for a tensor's device")
    try api.check(api.sizes(pointer, &sizes), "asking for a tensor's sizes")
    try api.check(api.strides(pointer, &strides), "asking for a tensor's strides")
    func list(_ pointer: TorchAPI.Sizes?) -> [Int64] {
      Array(UnsafeBufferPointer(start: pointer, count: pointer == nil ? 0 : Int(rank)))
    }
    return Layout(
      elementType: elementType, deviceType: deviceType, sizes: list(sizes), strides: list(strides))
  }

  /// The value as a tensor that shares its memory and keeps it alive; copied if it lies on a GPU or
  /// is not row-major.
  ///
  /// - Parameters:
  ///   - inputs: tensors in whose memory the output may lie.
  ///   - container: the owner of constants in whose memory the output may lie.
  func tensor(inputs: [AnyTensor], container: TorchContainer) throws -> AnyTensor {
    let layout = try layout()
    guard let type = api.elementTypes[layout.elementType] else {
      throw TorchStatus(
        text: "it has an element type that tensors cannot hold (PyTorch's number "
          + "\(layout.elementType)); convert it in the model")
    }
    let shape = Shape(layout.sizes.map { Int($0) })
    guard let count = shape.elementCount, let width = type.byteCount else {
      throw TorchStatus(text: "it has the impossible shape \(shape)")
    }
    if count == 0 { return try AnyTensor(emptyOf: type, shape: shape) }
    let isRowMajor = Self.isRowMajor(layout.sizes, layout.strides)
    guard isRowMajor, layout.deviceType == api.cpuDeviceType else {
      let copy = try copy(
        sizes: layout.sizes, strides: Self.rowMajorStrides(layout.sizes),
        elementType: layout.elementType,
        deviceType: api.cpuDeviceType, deviceIndex: 0)
      return try copy.tensor(inputs: [], container: container)
    }
    var address: UnsafeMutableRawPointer?
    try api.check(api.data(pointer, &address), "asking for a tensor's memory")
    guard let address else { throw TorchStatus(text: "it has no memory") }
    let owners = inputs.storages(around: address)
    let storage = TensorStorage(
      foreign: address, byteCount: count * width,
      release: { withExtendedLifetime((self, owners, container)) {} })
    return try AnyTensor(viewing: storage, elementType: type, byteOffset: 0, shape: shape)
  }
}
