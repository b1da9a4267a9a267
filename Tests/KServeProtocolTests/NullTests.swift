import Tensors
import Testing

@testable import KServeProtocol

/// What clients and servers of KServe leave out they often write as `null`.
@Suite struct NullTests {
  static let input =
    "\"name\":\"x\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]"

  @Test(arguments: [
    "{\"id\":null,\"inputs\":[{\(input)}]}",
    "{\"parameters\":null,\"inputs\":[{\(input)}]}",
    "{\"parameters\":{\"content_type\":null},\"inputs\":[{\(input)}]}",
    "{\"outputs\":null,\"inputs\":[{\(input)}]}",
    "{\"inputs\":[{\(input),\"parameters\":null}]}",
    "{\"inputs\":[{\(input),\"parameters\":{\"content_type\":null}}]}",
    "{\"inputs\":[{\(input),\"parameters\":{\"content_type\":{\"a\":[1]}}}]}",
    "{\"inputs\":[{\(input),\"parameters\":{\"list\":[null]}}]}",
    "{\"inputs\":[{\(input),\"parameters\":{\"shared_memory_region\":null}}]}",
  ]) func requestsMayHaveThem(_ text: String) throws {
    let request = try InferRequest(
      httpBody: TensorBytes(copying: Array(text.utf8)), headerLength: nil, modelName: "m",
      modelVersion: "")
    #expect(request.id.isEmpty && request.parameters.isEmpty && request.outputs.isEmpty)
    #expect(request.inputs.map(\.name) == ["x"])
    #expect(request.inputs[0].parameters.isEmpty)
  }

  @Test func outputsMayHaveThem() throws {
    let text =
      "{\"inputs\":[{\(Self.input)}],\"outputs\":[{\"name\":\"y\",\"parameters\":null},{\"name\":\"z\"}]}"
    let request = try InferRequest(
      httpBody: TensorBytes(copying: Array(text.utf8)), headerLength: nil, modelName: "m",
      modelVersion: "")
    #expect(request.outputs.map(\.name) == ["y", "z"])
  }

  @Test(arguments: [
    "{\"parameters\":{\"a\":[1]},\"inputs\":[{\(input)}]}",
    "{\"parameters\":{\"a\":{}},\"inputs\":[{\(input)}]}",
    "{\"inputs\":null}", "{\"inputs\":[{\"name\":null}]}", "{\"id\":nul,\"inputs\":[{\(input)}]}",
  ]) func otherwiseTheyAreRefused(_ text: String) {
    #expect(throws: KServeError.self) {
      try InferRequest(
        httpBody: TensorBytes(copying: Array(text.utf8)), headerLength: nil, modelName: "m",
        modelVersion: "")
    }
  }
}
