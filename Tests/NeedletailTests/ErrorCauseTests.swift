import Needletail
import Testing

/// Every error that can have another one behind it gives that one, and says the same with and without.
struct ErrorCauseTests {
  private struct Broken: Error, Hashable {}

  struct Case: Sendable, CustomTestStringConvertible {
    var says: String
    var error: @Sendable ((any Error)?) -> any CausedError
    var testDescription: String { says }
  }

  static let cases = [
    Case(says: "[MODEL_LOAD] f: m") { InferenceError(.modelLoad, "m", function: "f", cause: $0) },
    Case(says: "[ONNX_RUN] model a: m") { ONNXError(.run, "m", model: "a", cause: $0) },
    Case(says: "[TENSORFLOW_RUN] model a, signature s: m") {
      TensorFlowError(.run, "m", model: "a", signature: "s", cause: $0)
    },
    Case(says: "[TORCH_RUN] model a: m") { TorchError(.run, "m", model: "a", cause: $0) },
    Case(says: "[TEXT_MISSING_FILE] model a: m") {
      TextPipelineError(.missingFile, "m", model: "a", cause: $0)
    },
    Case(says: "[KSERVE_UNAVAILABLE] m") { KServeError(.unavailable, "m", cause: $0) },
    Case(says: "[SERVER_BIND] m") { KServeServerError(.bind, "m", cause: $0) },
    Case(says: "m") { NeedletailError(.packaging, "m", cause: $0) },
    Case(says: "m") { SparkError(.server, "m", cause: $0) },
  ]

  @Test(arguments: cases) func kinds(_ test: Case) {
    let (plain, caused) = (test.error(nil), test.error(Broken()))
    #expect(plain.cause == nil && "\(plain)" == test.says && plain.message == "m")
    #expect(caused.cause is Broken && "\(caused)" == test.says && caused.message == "m")
    #expect(caused.root is Broken && caused.first(Broken.self) != nil)
    guard let left = plain as? AnyHashable, let right = caused as? AnyHashable else { return }
    #expect(left == right && left.hashValue == right.hashValue)
  }

  @Test("errors that begin where they are thrown have none behind them")
  func leaves() {
    let errors: [any CausedError] = [
      ArrowError(.limit, "m"), DataTypeError("m"), ImageError(.damaged, "m"), TensorError("m"),
      DynamicLibraryError(.cannotOpen, "m", library: "l", paths: []),
    ]
    for error in errors { #expect(error.cause == nil && error.message == "m") }
  }

  @Test("a function whose model's server is not there gives the client's error, and the network's")
  func server() async throws {
    let function = PredictBatchUDF("f", returning: .float, batchSize: 4) { _ in
      let client = try KServeClient(KServeEndpoint(.grpc, host: "127.0.0.1", port: 1))
      let model: KServeModel
      do {
        model = try await KServeModel("m", client: client)
      } catch {
        await client.close()
        throw error
      }
      return { (input: Tensor<Float>) -> Tensor<Float> in
        _ = model
        return input
      }
    }
    let batch = try RecordBatch([("x", ArrowColumn(Tensor<Float>([1])))])
    let error = try await #require(throws: InferenceError.self) {
      _ = try await function.predictLocally(on: [batch])
    }
    #expect(error.code == .modelLoad)
    let behind = try #require(error.first(KServeError.self))
    #expect(behind.code == .unavailable)
    #expect("\(error)" == "[MODEL_LOAD] f: the model could not be loaded: \(behind)")
    let root = try #require(behind.cause)
    #expect(!(root is any CausedError) && type(of: error.root) == type(of: root))
  }
}
