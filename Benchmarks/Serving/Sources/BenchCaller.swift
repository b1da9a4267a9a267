import KServeClient
import Tensors

/// The model `bench` by one transport with one batch: the first 10 of each row's 784 numbers.
struct BenchCaller: Sendable {
  private static let columns = 784
  private static let results = 10

  private let client: KServeClient
  private let model: KServeModel
  private let pixels: Tensor<Float>

  /// - Parameter transport: `grpc` or `http`, with `-memory` behind it for tensors in shared memory.
  init(_ transport: String, rows: Int, grpcPort: Int, httpPort: Int) async throws {
    var options = KServeClientOptions()
    if transport.hasSuffix("-memory") { options.tensors = .systemSharedMemory }
    let endpoint =
      transport.hasPrefix("grpc")
      ? KServeEndpoint(.grpc, host: "127.0.0.1", port: grpcPort)
      : KServeEndpoint(.http, host: "127.0.0.1", port: httpPort)
    client = try KServeClient(endpoint, options: options)
    model = try await KServeModel("bench", client: client)
    pixels = Tensor(shape: [rows, Self.columns]) { pixels in
      for index in pixels.indices { pixels[index] = Float(index % 255) / 255 }
    }
    let expected = Tensor<Float>(shape: [rows, Self.results]) { expected in
      for index in expected.indices {
        let (row, column) = index.quotientAndRemainder(dividingBy: Self.results)
        expected[index] = Float((row * Self.columns + column) % 255) / 255
      }
    }
    guard try await call() == expected else {
      throw Failure("\(transport): the answer for \(rows) rows is wrong")
    }
    if options.tensors == .systemSharedMemory {
      let prefix = options.sharedMemoryPrefix + "-"
      guard try await client.sharedMemoryStatus().contains(where: { $0.name.hasPrefix(prefix) })
      else { throw Failure("\(transport): no memory is shared") }
    }
  }

  func call() async throws -> Tensor<Float> {
    guard let y = try await model.run(["x": .float32(pixels)], outputs: nil)["y"] else {
      throw Failure("there is no output y")
    }
    return try y.typed()
  }

  func close() async {
    await model.close()
    await client.close()
  }
}
