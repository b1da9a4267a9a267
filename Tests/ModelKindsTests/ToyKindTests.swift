import ArrowIPC
import Deployment
import Foundation
import HostProcesses
import Models
import SparkFunctions
import SparkTypes
import Tensors
import Testing

@testable import ModelKinds

/// All that a new kind needs: this file, and the line below that adds it to the list.
private struct ToyKind: ModelKind {
  struct Options: ModelOptions {
    static let names = ["times"]
    let times: Int

    init(_ values: OptionValues) throws { times = try values.number("times") ?? 1 }
  }

  var format: ModelFormat { ModelFormat(rawValue: "toy") }
  var sign: ModelSign? { .file("toy") }
  var batchSize: Int { 2 }

  func source(at path: String) throws -> ModelSource? {
    path.hasSuffix(".toy") ? ModelSource(self, path, [:]) : nil
  }

  /// The file names another one, which has the factor.
  private func factorFile(of path: String) throws -> URL {
    let file = URL(filePath: path)
    let name = try String(contentsOf: file, encoding: .utf8)
    return file.deletingLastPathComponent().appending(path: name)
  }

  func filesBeside(_ path: String) throws -> [FolderFiles.File] {
    let file = try factorFile(of: path)
    return [FolderFiles.File(name: file.lastPathComponent, path: file.path)]
  }

  func load(_ model: PlacedModel<Options>) async throws -> any Model {
    let text = try String(contentsOf: factorFile(of: model.path), encoding: .utf8)
    return ToyModel(factor: (Float(text) ?? 0) * Float(model.options.times))
  }
}

/// Gives `y = factor * x`.
private struct ToyModel: Model {
  let factor: Float

  var inputs: [TensorSpecification] {
    [TensorSpecification(name: "x", elementType: .float32, shape: [-1])]
  }
  var outputs: [TensorSpecification] {
    [TensorSpecification(name: "y", elementType: .float32, shape: [-1])]
  }
  var runtime: String { "a toy" }

  func run(
    _ inputs: [String: AnyTensor], outputs: [String]?
  ) async throws -> [String: AnyTensor] {
    guard let input = inputs["x"] else { return [:] }
    let numbers: Tensor<Float> = try input.typed()
    return ["y": .float32(numbers.map { $0 * factor })]
  }
}

@Suite("A kind of model that is new")
struct ToyKindTests {
  private static let kinds = ModelKinds.builtIn.adding(ToyKind())

  private let folder = FileManager.default.temporaryDirectory.appending(path: "toy-\(UUID())").path
  private var path: String { folder + "/driver/double.toy" }

  private func removeFolder() { try? FileManager.default.removeItem(atPath: folder) }

  init() throws {
    try FileManager.default.createDirectory(
      atPath: folder + "/driver", withIntermediateDirectories: true)
    try Data("factor.txt".utf8).write(to: URL(filePath: path))
    try Data("2".utf8).write(to: URL(filePath: folder + "/driver/factor.txt"))
  }

  private func unpack(_ archive: Data, into place: String) throws {
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    let file = folder + "/archive.tar.gz"
    try archive.write(to: URL(filePath: file))
    let process = Process()
    process.executableURL = URL(filePath: "/bin/tar")
    process.arguments = ["-xzf", file, "-C", place]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test("it is detected, loaded, sent with the file beside it, and predicted with")
  func predicted() async throws {
    defer { removeFolder() }
    let source = try Self.kinds.source(at: path).setting("TIMES", to: "3")
    #expect(source.format.rawValue == "toy" && source.options == ["times": "3"])
    let model = try await source.loadForPlan()

    let packed = try source.packed()
    let artifact = try #require(packed.artifacts.first)
    let name = String(packed.reference.file.prefix { $0 != "/" })
    #expect(artifact.name == "archives/\(name).tar.gz#\(name)")
    #expect(packed.reference.file == "\(name)/double.toy")
    try unpack(artifact.contents, into: "\(folder)/executor/\(name)")
    try FileManager.default.removeItem(atPath: folder + "/driver")

    let column = ArrowColumn(Tensor<Float>([1, 2, 3]))
    let batch = try RecordBatch([(name: "x", column: column)])
    let plan = try ModelPrediction.plan(
      model: model, reference: packed.reference, table: try StructType(arrow: batch.schema),
      batchSize: source.kind.batchSize)
    let invocation = FunctionInvocation(
      function: ModelPrediction.name, id: ModelPrediction.name, fingerprint: "",
      parameters: try plan.encodedParameters(), argumentNames: plan.argumentColumns)
    let results = try await ModelPrediction(kinds: Self.kinds).evaluate(
      BatchList([batch]), invocation: invocation,
      worker: WorkerContext(filesDirectory: folder + "/executor", models: ModelCache()))
    var values: [ArrowValue] = []
    while let result = try await results.next() {
      let y = result.columns[0].children[0]
      values += (0..<y.count).map { y.value(at: $0) }
    }
    #expect(values == [.float(6), .float(12), .float(18)])
  }

  @Test("its options are checked")
  func options() async throws {
    defer { removeFolder() }
    let source = try Self.kinds.source(at: path)
    let unknown = #expect(throws: NeedletailError.self) { try source.setting("speed", to: "1") }
    #expect(
      unknown?.message == "a model of the format toy has no option 'speed'; it has times")
    let wrong = await #expect(throws: NeedletailError.self) {
      try await source.setting("times", to: "two").load()
    }
    #expect(wrong?.message == "times is 'two', it must be a positive number")
  }

  @Test("messages tell its sign, and programs without it do not know it")
  func others() async throws {
    defer { removeFolder() }
    func refusal(_ kinds: ModelKinds) -> String {
      let error = #expect(throws: NeedletailError.self) { try kinds.source(at: "m.dat") }
      return error?.message ?? ""
    }
    let (before, after) = (
      "'m.dat' is not a model that can be run: a model is a file called .onnx or .pt2",
      ", or a folder with saved_model.pb (TensorFlow) or config.json (HuggingFace), or "
        + "hf:ORG/NAME of a hub, or models:/NAME/VERSION of MLflow, or kserve://HOST:PORT/MODEL of a server"
    )
    #expect(refusal(.builtIn) == before + after)
    #expect(refusal(Self.kinds) == before + " or .toy" + after)

    let reference = try Self.kinds.source(at: path).reference(path)
    let error = await #expect(throws: NeedletailError.self) {
      try await ModelKinds.builtIn[reference.format].load(reference, path, WorkerContext())
    }
    #expect(error?.message == "models of the format 'toy' are not known to this program")
  }

  @Test("sources are told apart by format, path and options")
  func equality() throws {
    defer { removeFolder() }
    let source = try Self.kinds.source(at: path)
    #expect(source == ModelSource(ToyKind(), path, [:]))
    #expect(source != ModelSource.onnx(path))
    #expect(try source != source.setting("times", to: "2"))
    var changed = ModelSource.sentiment("folder")
    changed.format = .sentenceEmbeddings
    #expect(changed == .embeddings("folder"))
  }
}
