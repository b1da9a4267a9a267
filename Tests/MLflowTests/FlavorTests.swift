import Foundation
import Testing

@testable import MLflow

/// What a model was logged as, and what of that can be run.
@Suite("Flavors of MLflow")
struct FlavorTests {
  private func parts(_ flavors: String, _ files: [String]) throws -> [ModelPart] {
    try LoggedModel(Array("flavors:\n\(flavors)".utf8), of: "models:/a/1").parts(of: files)
  }

  @Test(
    "what can be run of a model",
    arguments: [
      (
        "  onnx: {data: model.onnx}", ["model.onnx", "x.data"],
        [ModelPart.file("model.onnx", ending: "onnx")]
      ),
      (
        "  tensorflow: {saved_model_dir: tf2model, model_type: tf2-module}",
        ["tf2model/saved_model.pb"], [.savedModel("tf2model")]
      ),
      (
        "  tensorflow: {data: data, model_type: keras}", ["data/model/saved_model.pb"],
        [.savedModel("data/model")]
      ),
      ("  tensorflow: {data: data, model_type: keras}", ["data/model.keras"], []),
      (
        "  pytorch: {model_data: data}", ["data/model.pt2"],
        [.file("data/model.pt2", ending: "pt2")]
      ),
      ("  pytorch: {model_data: data}", ["data/model.pth"], []),
      (
        "  sentence_transformers: {code: null}",
        [
          "model.st/modules.json", "model.st/config.json", "model.st/onnx/model.onnx",
          "model.st/1_P/config.json",
        ],
        [.textFolder("model.st")]
      ),
      ("  transformers: {a: b}", ["model/config.json", "model/model.safetensors"], []),
      // The code around the network would be missing.
      ("  python_function: {loader_module: mine}", ["artifacts/model.onnx"], []),
      // Descriptions that mean harm.
      ("  onnx: {data: ../../x.onnx}", ["../../x.onnx"], []),
      ("  onnx: {data: /etc/x.onnx}", ["/etc/x.onnx"], []),
      ("  tensorflow: {saved_model_dir: ..}", ["../saved_model.pb"], []),
    ] as [(String, [String], [ModelPart])])
  func choice(_ flavors: String, _ files: [String], _ expected: [ModelPart]) throws {
    #expect(try parts(flavors, files) == expected)
  }

  @Test(
    "what cannot be run is told with how to log it",
    arguments: [
      (
        "  sklearn: {a: b}\n  python_function: {}", "the flavor sklearn",
        "skl2onnx.to_onnx, and log it with mlflow.onnx.log_model"
      ),
      ("  xgboost: {a: b}", "the flavor xgboost", "onnxmltools"),
      (
        "  python_function: {loader_module: mine}", "Python code (python_function)",
        "mlflow.pyfunc.spark_udf"
      ),
      ("  transformers: {a: b}", "the flavor transformers", "optimum-cli export onnx"),
      ("  pytorch: {a: b}", "the flavor pytorch", "torch.onnx.export"),
      ("  tensorflow: {data: data}", "the flavor tensorflow", "model.export(FOLDER)"),
      ("  onnx: {data: model.onnx}", "its file 'model.onnx' is not among", "Log it again"),
    ])
  func advice(_ flavors: String, _ logged: String, _ advice: String) throws {
    let fixture = try MLflowFixture(description: "flavors:\n\(flavors)\nmodel_uuid: m-1\n", [:])
    let error = #expect(throws: MLflowError.self) { try fixture.model("models:/m-1") }
    #expect(error?.code == .unsupportedFlavor)
    #expect(error?.message.contains(logged) == true, "\(String(describing: error))")
    #expect(error?.message.contains(advice) == true, "\(String(describing: error))")
  }

  @Test(
    "a description that is none is refused",
    arguments: [
      ("flavors: [", "line 1"), ("a: 1", "names no flavors"),
      ("flavors: {onnx: {}}\nsignature: {inputs: 'x'}", "its signature is none"),
    ])
  func wrong(_ text: String, _ reason: String) {
    let error = #expect(throws: MLflowError.self) {
      try LoggedModel(Array(text.utf8), of: "models:/a/1")
    }
    #expect(error?.code == .damaged)
    #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
  }

  @Test("a description that is longer than any is not read")
  func tooLong() {
    let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: 5 << 20)
    let error = #expect(throws: MLflowError.self) { try LoggedModel(bytes, of: "models:/a/1") }
    #expect(error?.message.contains("more than 4 MiB") == true)
  }

  @Test("the signature has tensors and columns")
  func signature() throws {
    let model = try LoggedModel(Array(MLflowFixture.description.utf8), of: "models:/a/1")
    let signature = try #require(model.signature)
    #expect(
      signature.inputs == [
        .init(name: "x", kind: .tensor(type: "float32", shape: [-1, 4]), isOptional: false)
      ])
    #expect(
      signature.outputs == [.init(name: "y", kind: .column(type: "double"), isOptional: false)])
  }
}
