import Foundation
import Models
import SparkFunctions
import Tensors
import Testing

@testable import MLflow
@testable import ModelKinds

/// Models of MLflow: which kind they are of, what goes to the executors, what their signature is compared
/// with.
@Suite("Models of MLflow as sources", .timeLimit(.minutes(2)))
struct MLflowModelTests {
  /// A folder as MLflow logs one, which goes with this object.
  private final class Folder: Sendable {
    let path = NSTemporaryDirectory() + "needletail-logged-\(UUID().uuidString)"

    init(_ description: String, copying source: String, to name: String) throws {
      let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: root.appending(path: source).path, toPath: "\(path)/\(name)")
      try Data(description.utf8).write(to: URL(filePath: path + "/MLmodel"))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  @Test("a logged SavedModel is one, and only its own folder is sent")
  func savedModel() throws {
    let folder = try Folder(
      "flavors:\n  tensorflow:\n    saved_model_dir: tf2model\nmodel_uuid: m-7\n",
      copying: "TensorFlowRuntimeTests/Models/mixed", to: "tf2model")
    let source = try ModelSource(path: folder.path)
    #expect(source.format == .savedModel && source.path == folder.path)
    let place = try source.place()
    #expect(place.path == folder.path + "/tf2model" && place.revision == "m-7")
    #expect(place.files?.contains("saved_model.pb") == true)
    let sent = try source.packed().reference
    let own = try ModelSource.savedModel(folder.path + "/tf2model").identity()
    #expect(sent.name == folder.path)
    #expect(try source.identity().sha256 == own.sha256)
    #expect(source.knownRevision == "m-7")
    #expect(try source.identity().description.contains("version m-7"))
  }

  @Test("a model is not used as what it was not logged as")
  func mismatch() throws {
    let folder = try Folder(
      "flavors:\n  tensorflow:\n    saved_model_dir: tf2model\n",
      copying: "TensorFlowRuntimeTests/Models/mixed", to: "tf2model")
    let error = #expect(throws: MLflowError.self) { try ModelSource.onnx(folder.path).place() }
    #expect(error?.code == .unsupportedFlavor)
  }

  private static let own = [
    TensorSpecification(name: "x", elementType: .float32, shape: Shape([-1, 4]))
  ]

  @Test(
    "a signature is compared with the model's own",
    arguments: [
      (
        #"[{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 4]}}]"#,
        nil
      ),
      (#"[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, -1]}}]"#, nil),
      (
        #"[{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}}]"#,
        "float64[?, 4]"
      ),
      (
        #"[{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 5]}}]"#,
        "float32[?, 5]"
      ),
      (
        #"[{"name": "z", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 4]}}]"#,
        "has an input 'z'"
      ),
      (#"[{"name": "a", "type": "double"}, {"name": "b", "type": "double"}]"#, "names 2 columns"),
      (
        #"[{"name": "a", "type": "long"}, {"name": "b", "type": "long"}, {"name": "c", "type": "long"}, {"name": "d", "type": "long"}]"#,
        nil
      ),
      (#"[{"name": "x", "type": "array", "items": {"type": "double"}}]"#, nil),
      (#"[{"name": "x", "type": "string"}]"#, "that it is string"),
    ] as [(String, String?)])
  func signature(_ inputs: String, _ text: String?) throws {
    let yaml = "flavors: {}\nsignature:\n  inputs: '\(inputs)'\n"
    let logged = try LoggedModel(Array(yaml.utf8), of: "models:/a/1")
    let signature = try #require(logged.signature)
    let told = SignatureCheck(of: "models:/a/1")
      .contradictions(signature, inputs: Self.own, outputs: [])
    if let text {
      #expect(told.contains { $0.contains(text) }, "\(told)")
    } else {
      #expect(told.isEmpty, "\(told)")
    }
  }
}
