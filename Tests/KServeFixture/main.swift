import BatchInference
import KServeServer
import Tensors

let server = KServeServer(configuration: .init(httpPort: 0, grpcPort: 0, metricsPort: 0))
try server.bind(
  "bench", inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 784])],
  outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 10])]
) { batch in
  let x: Tensor<Float> = try batch.tensor("x")
  return [
    "y": .float32(
      Tensor(shape: [x.rowCount, 10]) { out in
        x.withUnsafeBufferPointer { x in
          for row in 0..<out.count / 10 { for i in 0..<10 { out[row * 10 + i] = x[row * 784 + i] } }
        }
      })
  ]
}
Task { print(try await server.endpoints) }
try await server.run()
