import HostProcesses
import Models
import SparkFunctions
import Testing

@testable import ModelKinds

/// A kind whose trait is off.
private struct LeftOutToyKind: LeftOutKind {
  var format: ModelFormat { ModelFormat(rawValue: "toy") }
  var trait: PackageTrait { .pyTorch }
  var models: String { "the toys" }

  func isOne(_ path: String) -> Bool { path.hasSuffix(".toy") }
}

/// What a program says of models that it was built without.
@Suite("Kinds that are left out", .timeLimit(.minutes(2)))
struct LeftOutKindTests {
  private let kinds = ModelKinds([LeftOutToyKind()])

  @Test("such a model is refused with the trait, by its path and where it is loaded")
  func refusal() async throws {
    let says =
      "a.toy cannot be run, it is one of the toys, and this program was built without the trait PyTorch "
      + "of the package needletail. Add it where Package.swift names the package: .package(..., traits: "
      + "[\"PyTorch\"]), beside those that it has; without traits: all are on"
    let error = #expect(throws: NeedletailError.self) { try kinds.source(at: "a.toy") }
    #expect(error?.message == says)

    let load = try #require(kinds.loaders[ModelFormat(rawValue: "toy")])
    let reference = ModelReference(
      format: ModelFormat(rawValue: "toy"), file: "there/a.toy", options: ["threads": "1"],
      name: "a.toy")
    let loading = await #expect(throws: NeedletailError.self) {
      try await load(reference, "there/a.toy", WorkerContext())
    }
    #expect(loading?.message == says)
  }

  @Test(
    "other paths are of no kind, and only the kinds that are there are named",
    arguments: [
      (
        ModelKinds([LeftOutToyKind()]),
        "'a.dat' is not a model that can be run: a model is hf:ORG/NAME of a hub, or models:/NAME/VERSION of MLflow"
      ),
      (
        ModelKinds([LeftOutToyKind(), ONNXKind()]),
        "'a.dat' is not a model that can be run: a model is a file called .onnx, or hf:ORG/NAME of a hub, "
          + "or models:/NAME/VERSION of MLflow"
      ),
      (
        ModelKinds([ONNXKind(), TorchKind(), SavedModelKind(), KServeKind()]),
        "'a.dat' is not a model that can be run: a model is a file called .onnx or .pt2, or a folder with "
          + "saved_model.pb (TensorFlow), or hf:ORG/NAME of a hub, "
          + "or models:/NAME/VERSION of MLflow, or kserve://HOST:PORT/MODEL of a server"
      ),
    ])
  func signs(_ kinds: ModelKinds, _ says: String) {
    let error = #expect(throws: NeedletailError.self) { try kinds.source(at: "a.dat") }
    #expect(error?.message == says)
  }
}
