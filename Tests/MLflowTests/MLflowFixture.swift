import FakeHub
import Foundation
import Synchronization

@testable import MLflow

/// A fake server with a model in ONNX format, and an empty cache, which goes with this object.
final class MLflowFixture: Sendable {
  static let weights = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) })
  static let description = """
    flavors:
      onnx:
        data: model.onnx
      python_function:
        loader_module: mlflow.onnx
    model_uuid: m-1
    signature:
      inputs: '[{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape":
        [-1, 4]}}]'
      outputs: '[{"type": "double", "name": "y", "required": true}]'
      params: null

    """

  let fake: FakeMLflow
  let folder = NSTemporaryDirectory() + "needletail-mlflow-\(UUID().uuidString)"
  private let waited = Mutex<[Double]>([])

  init(description: String = MLflowFixture.description, _ files: [String: Data]? = nil) throws {
    let root = "0/models/m-1/artifacts"
    fake = try FakeMLflow { state in
      state.versions = [
        "1": FakeMLflow.Version("mlflow-artifacts:/0/models/old", stage: "Production"),
        "2": FakeMLflow.Version("mlflow-artifacts:/0/models/old", status: "PENDING_REGISTRATION"),
        "12": FakeMLflow.Version("models:/m-1"),
      ]
      state.aliases = ["champion": "12"]
      state.logged = ["m-1": ("net", "mlflow-artifacts:/\(root)")]
      state.runs = ["r1": ("mlflow-artifacts:/0/r1/artifacts", ["m-1"])]
      for (name, contents) in files ?? ["model.onnx": MLflowFixture.weights] {
        state.files["\(root)/\(name)"] = contents
      }
      state.files["\(root)/MLmodel"] = Data(description.utf8)
      state.files["0/models/old/MLmodel"] = Data(description.utf8)
      state.files["0/models/old/model.onnx"] = Data("old".utf8)
      state.files["0/r1/artifacts/other/MLmodel"] = Data(description.utf8)
      state.files["0/r1/artifacts/other/model.onnx"] = Data("run".utf8)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The pauses that would have been made.
  var pauses: [Double] { waited.withLock { $0 } }

  func server(_ more: [String: String] = [:]) -> MLflowServer {
    let environment = fake.environment(cache: folder).merging(more) { $1 }
    return MLflowServer(environment: environment) { [self] seconds in
      waited.withLock { $0.append(seconds) }
    }
  }

  /// The model as it is found now, by a reference that no other test asks for.
  func model(_ name: String, _ more: [String: String] = [:]) throws -> FoundModel {
    try server(more).model(MLflowReference(name))
  }

  /// What a model's first part has after it was fetched.
  func contents(_ model: FoundModel) throws -> Data? {
    try model.fetch([model.parts[0].path])
    return FileManager.default.contents(atPath: "\(model.folder)/\(model.parts[0].path)")
  }

  /// The requests for files.
  var fetched: [String] {
    fake.requests.map(\.target).filter { $0.contains("/artifacts/") && !$0.hasSuffix("MLmodel") }
  }

  /// What is in the cache, hidden files too.
  var cached: [String] {
    let cache = folder + "/.cache/needletail/mlflow"
    return (FileManager.default.enumerator(atPath: cache)?.compactMap { $0 as? String } ?? [])
      .sorted()
  }
}
