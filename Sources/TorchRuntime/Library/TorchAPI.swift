import NativeLibraries
import Tensors

/// PyTorch's C interface (`torch/csrc/inductor/aoti_torch/c/shim.h`): the functions of
/// `libtorch_cpu.so` that carry tensors in and out of compiled models.
///
/// Functions return 0 for success.
struct TorchAPI: Sendable {
  typealias Handle = OpaquePointer
  typealias Out = UnsafeMutablePointer<OpaquePointer?>
  typealias Sizes = UnsafePointer<Int64>

  let createTensorOverMemory:
    @convention(c) (
      UnsafeMutableRawPointer, Int64, Sizes, Sizes, Int64, Int32, Int32, Int32, Out
    ) -> Int32
  let emptyTensor: @convention(c) (Int64, Sizes, Sizes, Int32, Int32, Int32, Out) -> Int32
  let copy: @convention(c) (_ to: Handle, _ from: Handle, _ nonBlocking: Int32) -> Int32
  let delete: @convention(c) (Handle) -> Int32
  let data: @convention(c) (Handle, UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> Int32
  let rank: @convention(c) (Handle, UnsafeMutablePointer<Int64>) -> Int32
  let sizes: @convention(c) (Handle, UnsafeMutablePointer<Sizes?>) -> Int32
  let strides: @convention(c) (Handle, UnsafeMutablePointer<Sizes?>) -> Int32
  let elementType: @convention(c) (Handle, UnsafeMutablePointer<Int32>) -> Int32
  let deviceType: @convention(c) (Handle, UnsafeMutablePointer<Int32>) -> Int32
  /// The text of the thread's last failure; `nil` in older versions.
  let lastFailure: (@convention(c) () -> UnsafePointer<CChar>?)?
  let threadCount: (@convention(c) (UnsafeMutablePointer<UInt32>) -> Int32)?
  /// `at::set_num_threads(int)`, which has no C name; `nil` if a version calls it otherwise.
  let setThreadCount: (@convention(c) (Int32) -> Void)?
  let cpuDeviceType: Int32
  let cudaDeviceType: Int32?
  /// PyTorch's numbers of the element types, and the other way round.
  let codes: [ElementType: Int32]
  let elementTypes: [Int32: ElementType]

  /// - Throws: ``DynamicLibraryError`` if `library` lacks a function.
  init(_ library: DynamicLibrary) throws(DynamicLibraryError) {
    typealias Constant = @convention(c) () -> Int32
    createTensorOverMemory = try library.function("aoti_torch_create_tensor_from_blob")
    emptyTensor = try library.function("aoti_torch_empty_strided")
    delete = try library.function("aoti_torch_delete_tensor_object")
    data = try library.function("aoti_torch_get_data_ptr")
    rank = try library.function("aoti_torch_get_dim")
    sizes = try library.function("aoti_torch_get_sizes")
    strides = try library.function("aoti_torch_get_strides")
    elementType = try library.function("aoti_torch_get_dtype")
    deviceType = try library.function("aoti_torch_get_device_type")
    copy = try library.function("aoti_torch_copy_")
    lastFailure = try library.optional("torch_exception_get_what_without_backtrace")
    threadCount = try library.optional("torch_get_num_threads")
    setThreadCount = try library.optional("_ZN2at15set_num_threadsEi")
    let cpu: Constant = try library.function("aoti_torch_device_type_cpu")
    cpuDeviceType = cpu()
    let cuda: Constant? = try library.optional("aoti_torch_device_type_cuda")
    cudaDeviceType = cuda?()
    var codes: [ElementType: Int32] = [:]
    for type in ElementType.allCases where type != .string {
      let constant: Constant? = try library.optional("aoti_torch_dtype_\(type.rawValue)")
      if let constant { codes[type] = constant() }
    }
    self.codes = codes
    elementTypes = Dictionary(
      codes.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
  }

  /// - Throws: ``TorchStatus`` if `result` says that a call failed.
  func check(_ result: Int32, _ action: @autoclosure () -> String) throws(TorchStatus) {
    if result == 0 { return }
    let reason = lastFailure?().map { String(cString: $0) } ?? ""
    throw TorchStatus(text: reason.isEmpty ? "\(action()) failed" : "\(action()) failed: \(reason)")
  }

  /// Makes this thread share the work of its runs among `count` threads; 0 leaves it as it is.
  func useThreads(_ count: Int) {
    guard count > 0, let setThreadCount else { return }
    var current: UInt32 = 0
    if let threadCount, threadCount(&current) == 0, Int(current) == count { return }
    setThreadCount(Int32(clamping: count))
  }
}

extension DynamicLibrary {
  /// The function `symbol`, or `nil` if the library has none.
  func optional<Function>(_ symbol: String, as type: Function.Type = Function.self)
    throws(DynamicLibraryError) -> Function?
  {
    address(of: symbol) == nil ? nil : try function(symbol, as: type)
  }
}
