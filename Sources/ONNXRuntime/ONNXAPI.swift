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
  typealias TextList = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  typealias MemoryOut = UnsafeMutablePointer<UnsafeMutableRawPointer?>
  typealias Sizes = UnsafePointer<Int64>
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

  /// The function table for API version 17.
  let table: UnsafePointer<UnsafeRawPointer?>
  /// The runtime's version, which says how much longer the table really is.
  let version: ONNXVersion

  private func entry<Function>(_ index: Int) -> Function {
    unsafeBitCast(table[index], to: Function.self)
  }

  // Statuses, the environment and the process's providers.
  var getErrorCode: @convention(c) (Object) -> Int32 { entry(1) }
  var getErrorMessage: @convention(c) (Object) -> Text { entry(2) }
  var releaseStatus: Release { entry(93) }
  var createEnvironment: @convention(c) (Int32, Text, Out) -> Failure { entry(3) }
  var getAvailableProviders:
    @convention(c) (UnsafeMutablePointer<TextList?>, UnsafeMutablePointer<Int32>) -> Failure
  { entry(125) }
  var releaseAvailableProviders: @convention(c) (TextList, Int32) -> Failure { entry(126) }

  // Session options.
  var createSessionOptions: @convention(c) (Out) -> Failure { entry(10) }
  var releaseSessionOptions: Release { entry(100) }
  var setExecutionMode: Setter { entry(13) }
  var enableProfiling: @convention(c) (Object, Text) -> Failure { entry(14) }
  var disableMemoryPattern: @convention(c) (Object) -> Failure { entry(17) }
  var disableMemoryArena: @convention(c) (Object) -> Failure { entry(19) }
  var setLogSeverity: Setter { entry(22) }
  var setOptimizationLevel: Setter { entry(23) }
  var setIntraOpThreads: Setter { entry(24) }
  var setInterOpThreads: Setter { entry(25) }
  var overrideDimension: @convention(c) (Object, Text, Int64) -> Failure { entry(124) }
  var addConfigurationEntry: @convention(c) (Object, Text, Text) -> Failure { entry(130) }
  var registerOperators: @convention(c) (Object, Text, MemoryOut) -> Failure { entry(29) }

  // Execution providers.
  var appendProvider: @convention(c) (Object, Text, Texts, Texts, Int) -> Failure { entry(216) }
  var appendOpenVINO: KeysValues? { version.minor >= 17 ? entry(275) : nil }
  var cuda: ProviderOptions {
    ProviderOptions(create: entry(205), update: entry(206), append: entry(204), release: entry(208))
  }
  var tensorRT: ProviderOptions {
    ProviderOptions(create: entry(171), update: entry(172), append: entry(170), release: entry(174))
  }

  /// The four functions of a provider with an options object.
  struct ProviderOptions {
    let create: @convention(c) (Out) -> Failure
    let update: KeysValues
    let append: @convention(c) (Object, Object) -> Failure
    let release: Release
  }

  // Sessions and what they say of the model.
  var createSession: @convention(c) (Object, Text, Object, Out) -> Failure { entry(7) }
  var createSessionFromBytes: @convention(c) (Object, UnsafeRawPointer, Int, Object, Out) -> Failure
  { entry(8) }
  var releaseSession: Release { entry(95) }
  var inputCount: Count { entry(30) }
  var outputCount: Count { entry(31) }
  var inputName: NameAt { entry(36) }
  var outputName: NameAt { entry(37) }
  var inputType: TypeAt { entry(33) }
  var outputType: TypeAt { entry(34) }
  var releaseTypeInfo: Release { entry(98) }
  var kindOfTypeInfo: Kind { entry(56) }
  var tensorInfoOfTypeInfo: Getter { entry(55) }
  var sequenceInfoOfTypeInfo: Getter { entry(104) }
  var elementOfSequence: Getter { entry(107) }
  var mapInfoOfTypeInfo: Getter { entry(103) }
  var keyOfMap: Kind { entry(105) }
  var valueOfMap: Getter { entry(106) }
  var elementType: Kind { entry(60) }
  var dimensionCount: Count { entry(61) }
  var dimensions: Dimensions { entry(62) }
  var symbolicDimensions:
    @convention(c) (Object, UnsafeMutablePointer<UnsafePointer<CChar>?>, Int) -> Failure
  { entry(63) }
  var hasShape: (@convention(c) (Object) -> Bool)? { version.minor >= 24 ? entry(390) : nil }
  var getMetadata: Getter { entry(111) }
  var releaseMetadata: Release { entry(118) }
  var producerName: MetadataText { entry(112) }
  var graphName: MetadataText { entry(113) }
  var domain: MetadataText { entry(114) }
  var graphDescription: MetadataText { entry(158) }
  var modelDescription: MetadataText { entry(115) }
  var modelVersion: @convention(c) (Object, UnsafeMutablePointer<Int64>) -> Failure { entry(117) }
  var customKeys:
    @convention(c) (Object, Object, UnsafeMutablePointer<TextList?>, UnsafeMutablePointer<Int64>)
      -> Failure
  { entry(123) }
  var customValue: @convention(c) (Object, Object, Text, TextOut) -> Failure { entry(116) }
  var endProfiling: @convention(c) (Object, Object, TextOut) -> Failure { entry(110) }

  // Values.
  var defaultAllocator: @convention(c) (Out) -> Failure { entry(78) }
  var free: @convention(c) (Object, UnsafeMutableRawPointer?) -> Failure { entry(76) }
  var createMemoryInfo: @convention(c) (Int32, Int32, Out) -> Failure { entry(69) }
  var releaseMemoryInfo: Release { entry(94) }
  var createTensor: @convention(c) (Object, Sizes?, Int, Int32, Out) -> Failure { entry(48) }
  var createTensorOverMemory:
    @convention(c) (Object, UnsafeMutableRawPointer, Int, Sizes?, Int, Int32, Out) -> Failure
  { entry(49) }
  var kindOfValue: Kind { entry(67) }
  var partOfValue: @convention(c) (Object, Int32, Object, Out) -> Failure { entry(80) }
  var partCount: Count { entry(81) }
  var shapeOfValue: Getter { entry(65) }
  var releaseShape: Release { entry(99) }
  var elementCount: Count { entry(64) }
  var data: @convention(c) (Object, MemoryOut) -> Failure { entry(51) }
  var stringBuffer: @convention(c) (Object, Int, Int, TextOut) -> Failure { entry(252) }
  var stringByteCount: Count { entry(53) }
  var strings:
    @convention(c) (Object, UnsafeMutableRawPointer?, Int, UnsafeMutablePointer<Int>, Int)
      -> Failure
  { entry(54) }
  var releaseValue: Release { entry(96) }

  // Running.
  var run:
    @convention(c) (Object, Object?, Texts?, UnsafePointer<OpaquePointer?>?, Int, Texts?, Int, Out)
      -> Failure
  { entry(9) }
  var createRunOptions: @convention(c) (Out) -> Failure { entry(39) }
  var releaseRunOptions: Release { entry(97) }
  var setRunLogSeverity: Setter { entry(41) }
  var terminate: @convention(c) (Object) -> Failure { entry(46) }
}
