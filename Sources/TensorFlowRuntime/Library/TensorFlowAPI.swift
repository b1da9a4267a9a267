import NativeLibraries

/// TensorFlow's C interface (`tensorflow/c/c_api.h`, `tf_tensor.h`, `tf_tstring.h`): the functions
/// that load and run a SavedModel.
///
/// A `TF_Output` is an operation and the number of one of its results; it travels as memory in
/// arrays, and as two arguments where C passes it by value.
struct TensorFlowAPI: Sendable {
  typealias Object = OpaquePointer
  typealias Raw = UnsafeMutableRawPointer
  typealias Deallocator = @convention(c) (Raw?, Int, Raw?) -> Void
  typealias Create = @convention(c) () -> Object?
  typealias Delete = @convention(c) (Object?) -> Void

  let version: @convention(c) () -> UnsafePointer<CChar>?

  let newStatus: Create
  let deleteStatus: Delete
  let statusCode: @convention(c) (Object) -> Int32
  let statusMessage: @convention(c) (Object) -> UnsafePointer<CChar>?

  let newSessionOptions: Create
  let deleteSessionOptions: Delete
  let setConfiguration: @convention(c) (Object, UnsafeRawPointer, Int, Object) -> Void
  let newGraph: Create
  let deleteGraph: Delete
  let operation: @convention(c) (Object, UnsafePointer<CChar>) -> Object?
  let resultCount: @convention(c) (Object) -> Int32
  let resultType: @convention(c) (Object, Int) -> Int32
  let newBuffer: @convention(c) (UnsafeRawPointer, Int) -> Object?
  let deleteBuffer: Delete
  let loadLibrary: @convention(c) (UnsafePointer<CChar>, Object) -> Object?

  let loadSavedModel:
    @convention(c) (
      _ options: Object, _ runOptions: Object?, UnsafePointer<CChar>,
      _ tags: UnsafePointer<UnsafePointer<CChar>?>, Int32, _ graph: Object,
      _ metaGraph: Object?, _ status: Object
    ) -> Object?
  let closeSession: @convention(c) (Object, Object) -> Void
  let deleteSession: @convention(c) (Object, Object) -> Void
  let run:
    @convention(c) (
      Object, _ runOptions: Object?, _ inputs: UnsafeRawPointer,
      UnsafePointer<Object?>, Int32, _ outputs: UnsafeRawPointer,
      UnsafeMutablePointer<Object?>, Int32, _ targets: UnsafeRawPointer?, Int32,
      _ metadata: Object?, _ status: Object
    ) -> Void

  let allocateTensor: @convention(c) (Int32, UnsafePointer<Int64>?, Int32, Int) -> Object?
  let tensorOverMemory:
    @convention(c) (
      Int32, UnsafePointer<Int64>?, Int32, Raw, Int, Deallocator, Raw?
    ) -> Object?
  let deleteTensor: Delete
  let tensorType: @convention(c) (Object) -> Int32
  let rank: @convention(c) (Object) -> Int32
  let dimension: @convention(c) (Object, Int32) -> Int64
  let byteCount: @convention(c) (Object) -> Int
  let data: @convention(c) (Object) -> Raw?

  let startString: @convention(c) (Raw) -> Void
  let copyString: @convention(c) (Raw, UnsafePointer<CChar>, Int) -> Void
  let viewString: @convention(c) (Raw, UnsafePointer<CChar>, Int) -> Void
  let stringBytes: @convention(c) (UnsafeRawPointer) -> UnsafePointer<CChar>?
  let stringCount: @convention(c) (UnsafeRawPointer) -> Int

  /// Bytes of one element of a string tensor (`TF_TString`).
  static let stringStride = 24

  /// - Throws: ``DynamicLibraryError`` if `library` lacks a function.
  init(_ library: DynamicLibrary) throws(DynamicLibraryError) {
    version = try library.function("TF_Version")
    newStatus = try library.function("TF_NewStatus")
    deleteStatus = try library.function("TF_DeleteStatus")
    statusCode = try library.function("TF_GetCode")
    statusMessage = try library.function("TF_Message")
    newSessionOptions = try library.function("TF_NewSessionOptions")
    deleteSessionOptions = try library.function("TF_DeleteSessionOptions")
    setConfiguration = try library.function("TF_SetConfig")
    newGraph = try library.function("TF_NewGraph")
    deleteGraph = try library.function("TF_DeleteGraph")
    operation = try library.function("TF_GraphOperationByName")
    resultCount = try library.function("TF_OperationNumOutputs")
    resultType = try library.function("TF_OperationOutputType")
    newBuffer = try library.function("TF_NewBufferFromString")
    deleteBuffer = try library.function("TF_DeleteBuffer")
    loadLibrary = try library.function("TF_LoadLibrary")
    loadSavedModel = try library.function("TF_LoadSessionFromSavedModel")
    closeSession = try library.function("TF_CloseSession")
    deleteSession = try library.function("TF_DeleteSession")
    run = try library.function("TF_SessionRun")
    allocateTensor = try library.function("TF_AllocateTensor")
    tensorOverMemory = try library.function("TF_NewTensor")
    deleteTensor = try library.function("TF_DeleteTensor")
    tensorType = try library.function("TF_TensorType")
    rank = try library.function("TF_NumDims")
    dimension = try library.function("TF_Dim")
    byteCount = try library.function("TF_TensorByteSize")
    data = try library.function("TF_TensorData")
    startString = try library.function("TF_StringInit")
    copyString = try library.function("TF_StringCopy")
    viewString = try library.function("TF_StringAssignView")
    stringBytes = try library.function("TF_StringGetDataPointer")
    stringCount = try library.function("TF_StringGetSize")
  }

  /// Calls a function with a status of its own (some leave an older failure in place) and throws
  /// what it says.
  func checked<Result>(_ body: (_ status: Object) -> Result) throws(TensorFlowStatus) -> Result {
    let status = try made(newStatus())
    defer { deleteStatus(status) }
    let result = body(status)
    let code = statusCode(status)
    if code == 0 { return result }
    throw TensorFlowStatus(
      code: code, text: statusMessage(status).map { String(cString: $0) } ?? "")
  }

  /// An object that only a lack of memory keeps from being made.
  func made(_ object: Object?) throws(TensorFlowStatus) -> Object {
    if let object { return object }
    throw TensorFlowStatus(code: 8, text: "the runtime has no memory left")
  }
}
