/// The runtime's functions that this module calls.
///
/// `OrtGetApiBase()->GetApi(17)` gives a flat table of function pointers to which ONNX Runtime only
/// appends, so that a function's index never changes (`onnxruntime_c_api.h`, struct `OrtApi`). A
/// function that came after version 17 is read only if the runtime is new enough. All objects are
/// opaque pointers; a function that can fail returns a status, `nil` for success.
struct ONNXAPI: @unchecked Sendable {
  typealias Object = OpaquePointer
  typealias Out = UnsafeMutablePointer<OpaquePointer?>
  typealias Text = UnsafePointer<CChar>
  typealias TextOut = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  typealias Texts = UnsafePointer<UnsafePointer<CChar>?>
  typealias Failure = OpaquePointer?
  typealias Release = @convention(c) (Object?) -> Void
  typealias Setter = @convention(c) (Object, Int32) -> Failure
  typealias Count = @convention(c) (Object, UnsafeMutablePointer<Int>) -> Failure
  typealias Getter = @convention(c) (Object, Out) -> Failure
  typealias Kind = @convention(c) (Object, UnsafeMutablePointer<Int32>) -> Failure
  typealias NameAt = @convention(c) (Object, Int, Object, TextOut) -> Failure
  typealias TypeAt = @convention(c) (Object, Int, Out) -> Failure
  typealias MetadataText = @convention(c) (Object, Object, TextOut) -> Failure
  typealias Dimensions = @convention(c) (Object, UnsafeMutablePointer<Int64>, Int) -> Failure
  typealias KeysValues = @convention(c) (Object, Texts, Texts, Int) -> Failure

  // Statuses, the environment and the process's providers.
  let getErrorCode: @convention(c) (Object) -> Int32
  let getErrorMessage: @convention(c) (Object) -> Text
  let releaseStatus: Release
  let createEnvironment: @convention(c) (Int32, Text, Out) -> Failure
  let getAvailableProviders:
    @convention(c) (
      UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
      UnsafeMutablePointer<Int32>
    ) -> Failure
  let releaseAvailableProviders:
    @convention(c) (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, Int32) -> Failure

  // Session options.
  let createSessionOptions: @convention(c) (Out) -> Failure
  let releaseSessionOptions: Release
  let setExecutionMode: Setter
  let enableProfiling: @convention(c) (Object, Text) -> Failure
  let disableMemoryPattern: @convention(c) (Object) -> Failure
  let disableMemoryArena: @convention(c) (Object) -> Failure
  let setLogSeverity: Setter
  let setOptimizationLevel: Setter
  let setIntraOpThreads: Setter
  let setInterOpThreads: Setter
  let overrideDimension: @convention(c) (Object, Text, Int64) -> Failure
  let addConfigurationEntry: @convention(c) (Object, Text, Text) -> Failure
  let registerOperators:
    @convention(c) (Object, Text, UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> Failure

  // Execution providers.
  let appendProvider: @convention(c) (Object, Text, Texts, Texts, Int) -> Failure
  let appendOpenVINO: KeysValues?
  let cuda: ProviderOptions
  let tensorRT: ProviderOptions

  /// The four functions of a provider with an options object.
  struct ProviderOptions {
    let create: @convention(c) (Out) -> Failure
    let update: KeysValues
    let append: @convention(c) (Object, Object) -> Failure
    let release: Release
  }

  // Sessions and what they say of the model.
  let createSession: @convention(c) (Object, Text, Object, Out) -> Failure
  let createSessionFromBytes: @convention(c) (Object, UnsafeRawPointer, Int, Object, Out) -> Failure
  let releaseSession: Release
  let inputCount: Count
  let outputCount: Count
  let inputName: NameAt
  let outputName: NameAt
  let inputType: TypeAt
  let outputType: TypeAt
  let releaseTypeInfo: Release
  let kindOfTypeInfo: Kind
  let tensorInfoOfTypeInfo: Getter
  let sequenceInfoOfTypeInfo: Getter
  let elementOfSequence: Getter
  let mapInfoOfTypeInfo: Getter
  let keyOfMap: Kind
  let valueOfMap: Getter
  let elementType: Kind
  let dimensionCount: Count
  let dimensions: Dimensions
  let symbolicDimensions:
    @convention(c) (Object, UnsafeMutablePointer<UnsafePointer<CChar>?>, Int) -> Failure
  let hasShape: (@convention(c) (Object) -> Bool)?
  let getMetadata: Getter
  let releaseMetadata: Release
  let producerName: MetadataText
  let graphName: MetadataText
  let domain: MetadataText
  let graphDescription: MetadataText
  let modelDescription: MetadataText
  let modelVersion: @convention(c) (Object, UnsafeMutablePointer<Int64>) -> Failure
  let customKeys:
    @convention(c) (
      Object, Object, UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
      UnsafeMutablePointer<Int64>
    ) -> Failure
  let customValue: @convention(c) (Object, Object, Text, TextOut) -> Failure
  let endProfiling: @convention(c) (Object, Object, TextOut) -> Failure

  // Values.
  let defaultAllocator: @convention(c) (Out) -> Failure
  let free: @convention(c) (Object, UnsafeMutableRawPointer?) -> Failure
  let createMemoryInfo: @convention(c) (Int32, Int32, Out) -> Failure
  let releaseMemoryInfo: Release
  let createTensor: @convention(c) (Object, UnsafePointer<Int64>?, Int, Int32, Out) -> Failure
  let createTensorOverMemory:
    @convention(c) (
      Object, UnsafeMutableRawPointer, Int, UnsafePointer<Int64>?, Int, Int32, Out
    ) -> Failure
  let kindOfValue: Kind
  let partOfValue: @convention(c) (Object, Int32, Object, Out) -> Failure
  let partCount: Count
  let shapeOfValue: Getter
  let releaseShape: Release
  let elementCount: Count
  let data: @convention(c) (Object, UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> Failure
  let stringBuffer: @convention(c) (Object, Int, Int, TextOut) -> Failure
  let stringByteCount: Count
  let strings:
    @convention(c) (Object, UnsafeMutableRawPointer?, Int, UnsafeMutablePointer<Int>, Int)
      -> Failure
  let releaseValue: Release

  // Running.
  let run:
    @convention(c) (
      Object, Object?, Texts?, UnsafePointer<OpaquePointer?>?, Int, Texts?, Int, Out
    ) -> Failure
  let createRunOptions: @convention(c) (Out) -> Failure
  let releaseRunOptions: Release
  let terminate: @convention(c) (Object) -> Failure

  /// - Parameters:
  ///   - table: the function table for API version 17.
  ///   - version: the runtime's version, which says how much longer the table really is.
  init(table: UnsafePointer<UnsafeRawPointer?>, version: ONNXVersion) {
    func entry<Function>(_ index: Int) -> Function {
      unsafeBitCast(table[index], to: Function.self)
    }
    getErrorCode = entry(1)
    getErrorMessage = entry(2)
    releaseStatus = entry(93)
    createEnvironment = entry(3)
    getAvailableProviders = entry(125)
    releaseAvailableProviders = entry(126)

    createSessionOptions = entry(10)
    releaseSessionOptions = entry(100)
    setExecutionMode = entry(13)
    enableProfiling = entry(14)
    disableMemoryPattern = entry(17)
    disableMemoryArena = entry(19)
    setLogSeverity = entry(22)
    setOptimizationLevel = entry(23)
    setIntraOpThreads = entry(24)
    setInterOpThreads = entry(25)
    overrideDimension = entry(124)
    addConfigurationEntry = entry(130)
    registerOperators = entry(29)

    appendProvider = entry(216)
    appendOpenVINO = version.minor >= 17 ? entry(275) : nil
    cuda = ProviderOptions(
      create: entry(205), update: entry(206), append: entry(204), release: entry(208))
    tensorRT = ProviderOptions(
      create: entry(171), update: entry(172), append: entry(170), release: entry(174))

    createSession = entry(7)
    createSessionFromBytes = entry(8)
    releaseSession = entry(95)
    inputCount = entry(30)
    outputCount = entry(31)
    inputName = entry(36)
    outputName = entry(37)
    inputType = entry(33)
    outputType = entry(34)
    releaseTypeInfo = entry(98)
    kindOfTypeInfo = entry(56)
    tensorInfoOfTypeInfo = entry(55)
    sequenceInfoOfTypeInfo = entry(104)
    elementOfSequence = entry(107)
    mapInfoOfTypeInfo = entry(103)
    keyOfMap = entry(105)
    valueOfMap = entry(106)
    elementType = entry(60)
    dimensionCount = entry(61)
    dimensions = entry(62)
    symbolicDimensions = entry(63)
    hasShape = version.minor >= 24 ? entry(390) : nil
    getMetadata = entry(111)
    releaseMetadata = entry(118)
    producerName = entry(112)
    graphName = entry(113)
    domain = entry(114)
    modelDescription = entry(115)
    graphDescription = entry(158)
    modelVersion = entry(117)
    customKeys = entry(123)
    customValue = entry(116)
    endProfiling = entry(110)

    defaultAllocator = entry(78)
    free = entry(76)
    createMemoryInfo = entry(69)
    releaseMemoryInfo = entry(94)
    createTensor = entry(48)
    createTensorOverMemory = entry(49)
    kindOfValue = entry(67)
    partOfValue = entry(80)
    partCount = entry(81)
    shapeOfValue = entry(65)
    releaseShape = entry(99)
    elementCount = entry(64)
    data = entry(51)
    stringBuffer = entry(252)
    stringByteCount = entry(53)
    strings = entry(54)
    releaseValue = entry(96)

    run = entry(9)
    createRunOptions = entry(39)
    releaseRunOptions = entry(97)
    terminate = entry(46)
  }
}
