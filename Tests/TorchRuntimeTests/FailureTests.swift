import Foundation
import Models
import Tensors
import Testing

@testable import TorchRuntime

@Suite("Failures", .needsRuntime)
struct FailureTests {
  static let ids = AnyTensor.int64(Tensor(repeating: 1, shape: [3, 5]))
  static let mask = AnyTensor.float32(Tensor(repeating: 1, shape: [3, 5]))

  struct BadInput: CustomTestStringConvertible {
    var feeds: [String: AnyTensor]
    var text: String
    var testDescription: String { text }
  }

  static let badInputs: [BadInput] = [
    BadInput(feeds: [:], text: "no tensor for the input ids: int64[?, ?]; given are none"),
    BadInput(
      feeds: ["ids": ids, "musk": mask],
      text: "no tensor for the input mask: float32[?, ?]; given are ids, musk"),
    BadInput(
      feeds: ["ids": ids, "mask": mask, "z": mask],
      text: "no input called z; it takes ids: int64[?, ?], mask: float32[?, ?]"),
    BadInput(
      feeds: ["ids": mask, "mask": mask],
      text: "the input ids takes int64[?, ?], but the tensor holds float32[3, 5]"),
    BadInput(
      feeds: ["ids": .int64(Tensor(repeating: 1, shape: [15])), "mask": mask],
      text: "the input ids takes the shape [batch, "),
    BadInput(
      feeds: ["ids": ids, "mask": .float32(Tensor(repeating: 1, shape: [4, 5]))],
      text: "the input mask has 4 rows, and another one has 3"),
    BadInput(
      feeds: ["ids": ids, "mask": .float32(Tensor(repeating: 1, shape: [3, 6]))],
      text: "dimension 1 of the input mask is 6, and must be 5"),
    BadInput(
      feeds: [
        "ids": .int64(Tensor(repeating: 1, shape: [3, 1])),
        "mask": .float32(Tensor(repeating: 1, shape: [3, 1])),
      ],
      text: "dimension 1 of the input ids must be 2 to 4096"),
    BadInput(
      feeds: ["ids": .bool(Tensor(repeating: true, shape: [3, 5])), "mask": mask],
      text: "takes int64[?, ?]"),
  ]

  @Test(arguments: badInputs) func badInput(_ bad: BadInput) async throws {
    let model = try TorchModel(path: Runtime.package("two"))
    let error = await #expect(throws: TorchError.self) {
      try await model.run(bad.feeds, outputs: nil)
    }
    #expect(error?.code == .invalidInput && error?.model == model.name)
    #expect(error?.message.contains(bad.text) == true, "\(String(describing: error))")
    #expect(throws: TorchError.self) { try model.run(bad.feeds) }
  }

  @Test func aNameThatWasGivenIsTheOneInMessages() throws {
    let path = Runtime.package("two")
    #expect(try TorchModel(path: path, name: "mine.pt2").name == "mine.pt2")
    let error = #expect(throws: TorchError.self) {
      try TorchModel(path: "/no/such/1f3c-two.pt2", name: "mine.pt2")
    }
    #expect(
      error.map { "\($0)" }
        == "[TORCH_MODEL_LOAD] model mine.pt2: it cannot be opened: No such file or directory")
  }

  @Test func badOutputs() async throws {
    let model = try TorchModel(path: Runtime.package("two"))
    let unknown = await #expect(throws: TorchError.self) {
      try await model.run(["ids": Self.ids, "mask": Self.mask], outputs: ["logits"])
    }
    #expect(unknown?.code == .invalidOutput)
    #expect(unknown?.message.contains("it gives scores: float32[?, 3], label: int64[?]") == true)
    let some = try await model.run(["ids": Self.ids, "mask": Self.mask], outputs: ["label"])
    #expect(some.keys.sorted() == ["label"])
    let vague = #expect(throws: TorchError.self) {
      let _: Tensor<Float> = try model.run(
        Tensor<Int64>(repeating: 1, shape: [3, 5]), Tensor<Float>(repeating: 1, shape: [3, 5]))
    }
    #expect(vague?.message.contains("2 outputs") == true)
    let typed = #expect(throws: TorchError.self) {
      let _: Tensor<Float> = try model.run(
        Tensor<Int64>(repeating: 1, shape: [3, 5]), Tensor<Float>(repeating: 1, shape: [3, 5]),
        output: "label")
    }
    #expect(typed?.message.contains("label: int64[?] was asked for as float32") == true)
  }

  @Test func badRunLeavesTheModelUsable() throws {
    let model = try TorchModel(path: Runtime.package("two"))
    // Row 99 of a table of 50: only the compiled code knows.
    let far = AnyTensor.int64(Tensor(repeating: 99, shape: [3, 5]))
    for _ in 0..<20 {
      let error = #expect(throws: TorchError.self) { try model.run([far, Self.mask]) }
      #expect(error?.code == .run, "\(String(describing: error))")
    }
    #expect(try model.run([Self.ids, Self.mask]).count == 2)
  }

  @Test(arguments: ["exported_program.pt2", "state_dict.pt", "torchscript.pt"])
  func otherFilesOfPyTorch(_ file: String) {
    let error = #expect(throws: TorchError.self) { try TorchModel(path: Runtime.file(file)) }
    #expect(error?.code == .unsupportedModel)
    #expect(error?.message.contains("aoti_compile_and_package") == true)
  }

  /// Rewrites an entry of a package, without its checksum being wrong.
  private func changed(
    _ package: String, _ suffix: String, _ change: (inout [UInt8]) -> Void
  ) throws -> [UInt8] {
    let archive = try ZipArchive(RandomAccessFile(path: Runtime.package(package)))
    var writer = ZipWriter()
    for entry in archive.entries {
      var data: [UInt8] = []
      try archive.read(entry) { data.append(contentsOf: $0) }
      if entry.name.hasSuffix(suffix) { change(&data) }
      if !data.isEmpty { writer.entries.append(.init(entry.name, data)) }
    }
    return writer.bytes()
  }

  @Test func processorThatThisOneIsNot() throws {
    let scratch = try Scratch()
    let path = try scratch.write(
      changed("one", "_metadata.json") { data in
        data = Array(
          #"{"AOTI_DEVICE_KEY": "cpu", "AOTI_CPU_ISA": "AMX_TILE AVX10_2 AMX_FP16"}"#.utf8)
      })
    let error = #expect(throws: TorchError.self) { try TorchModel(path: path) }
    #expect(error?.code == .wrongDevice)
    #expect(error?.message.contains("lacks") == true)
  }

  @Test func packageForAGPU() throws {
    let scratch = try Scratch()
    let path = try scratch.write(
      changed("one", "_metadata.json") { $0 = Array(#"{"AOTI_DEVICE_KEY": "cuda"}"#.utf8) })
    let cpu = #expect(throws: TorchError.self) {
      try TorchModel(path: path, options: TorchModelOptions(device: .cpu))
    }
    #expect(cpu?.code == .wrongDevice)
    // Without CUDA the library is missing; with it the code is not what the package says.
    #expect(throws: (any Error).self) { try TorchModel(path: path) }
    let gpu = #expect(throws: TorchError.self) {
      try TorchModel(
        path: Runtime.package("one"), options: TorchModelOptions(device: .cuda()))
    }
    #expect(gpu?.code == .wrongDevice)
  }

  @Test(arguments: [0, 10, 1000, 40_000])
  func codeCutOff(_ length: Int) throws {
    let scratch = try Scratch()
    let path = try scratch.write(
      changed("one", ".so") { data in data = Array(data.prefix(length)) })
    let error = #expect(throws: TorchError.self) { try TorchModel(path: path) }
    #expect(error?.code == .modelLoad || error?.code == .unsupportedModel)
  }

  @Test func codeOfAnotherLibrary() throws {
    let scratch = try Scratch()
    let library = try readFile("/lib/x86_64-linux-gnu/libm.so.6")
    let path = try scratch.write(changed("one", ".so") { $0 = library })
    let error = #expect(throws: TorchError.self) { try TorchModel(path: path) }
    #expect(error?.code == .modelLoad)
    #expect(error?.message.contains("no function AOTInductorModelContainer") == true)
  }

  @Test func fileCutOff() throws {
    let scratch = try Scratch()
    let bytes = try readFile(Runtime.package("one"))
    for length in stride(from: 0, to: bytes.count, by: bytes.count / 23 + 1) {
      let path = try scratch.write(Array(bytes[..<length]))
      let error = #expect(throws: TorchError.self) { try TorchModel(path: path) }
      #expect(error?.code == .modelLoad)
    }
  }

  @Test func withoutSource() throws {
    let scratch = try Scratch()
    let path = try scratch.write(changed("housing", ".cpp") { $0 = [] })
    let error = #expect(throws: TorchError.self) { try TorchModel(path: path) }
    #expect(error?.code == .unsupportedModel)
    #expect(error?.message.contains("TorchModelOptions.inputs") == true)
    var options = TorchModelOptions()
    options.inputs = [.init(name: "x", elementType: .float32, shape: [-1, 8])]
    let model = try TorchModel(path: path, options: options)
    let prices: Tensor<Float> = try model.run(Tensor<Float>(repeating: 0, shape: [3, 8]))
    #expect(prices.shape == [3, 1])
  }

  @Test func deflatedPackage() throws {
    let model = try TorchModel(path: Runtime.package("deflated"))
    let a = AnyTensor.float32(Tensor(repeating: 1, shape: [1, 3]))
    let b = AnyTensor.float32(Tensor(repeating: 1, shape: [1, 2]))
    #expect(try model.run([a, b])[1] == .float32(Tensor([6])))
  }

  @Test func missingWeights() throws {
    let scratch = try Scratch()
    let path = try scratch.write(readFile(Runtime.package("beside")))
    let error = #expect(throws: TorchError.self) { try TorchModel(path: path) }
    #expect(error?.code == .weights)
    #expect(error?.message.contains("there is none beside it") == true)
    #expect(try TorchPackage(path: path).weightsBeside == nil)
    let found = try TorchPackage(path: Runtime.package("beside")).weightsBeside
    #expect(found == Runtime.file("beside.safetensors"))
    var options = TorchModelOptions()
    options.weights = Runtime.file("beside.safetensors")
    let model = try TorchModel(path: path, options: options)
    let _: Tensor<Float> = try model.run(Tensor<Float>(repeating: 0, shape: [3, 8]))
    options.weights = "\(scratch.path)/none.safetensors"
    let none = #expect(throws: TorchError.self) { try TorchModel(path: path, options: options) }
    #expect(none?.code == .weights && none?.message.contains("No such file") == true)
    options.weights = try scratch.write([1, 0, 0, 0, 0, 0, 0, 0, 123], "bad.safetensors")
    let bad = #expect(throws: TorchError.self) { try TorchModel(path: path, options: options) }
    #expect(bad?.code == .weights)
  }

  @Test func weightsThatDoNotFit() throws {
    let scratch = try Scratch()
    let path = try scratch.write(readFile(Runtime.package("beside")))
    var options = TorchModelOptions()
    // The names of one weight only, then a wrong shape.
    let zeros = [UInt8](repeating: 0, count: 2048)
    for (header, text) in [
      (
        #"{"layers.0.weight": {"dtype": "F32", "shape": [64, 8], "data_offsets": [0, 2048]}}"#,
        "missing"
      ),
      (
        #"{"layers.0.weight": {"dtype": "F32", "shape": [8, 8], "data_offsets": [0, 256]}}"#,
        "has the shape [8, 8]"
      ),
      (
        #"{"layers.0.weight": {"dtype": "I32", "shape": [64, 8], "data_offsets": [0, 2048]}}"#,
        "holds int32"
      ),
      (#"{"other": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}"#, "has none of"),
    ] {
      let size = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
      options.weights = try scratch.write(size + Array(header.utf8) + zeros, "w.safetensors")
      let error = #expect(throws: TorchError.self) { try TorchModel(path: path, options: options) }
      #expect(error?.code == .weights)
      #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    }
    options.weights = try scratch.write([UInt8](repeating: 0, count: 100), "short.blob")
    let blob = #expect(throws: TorchError.self) {
      try TorchModel(path: Runtime.package("blob"), options: options)
    }
    #expect(blob?.code == .weights && blob?.message.contains("100 bytes") == true)
    let own = #expect(throws: TorchError.self) {
      try TorchModel(path: Runtime.package("housing"), options: options)
    }
    #expect(own?.message.contains("has its own") == true)
  }

  @Test(arguments: [-1, 5000]) func badOptions(_ threads: Int) {
    var options = TorchModelOptions()
    options.threads = threads
    let error = #expect(throws: TorchError.self) {
      try TorchModel(path: Runtime.package("one"), options: options)
    }
    #expect(error?.code == .invalidOption)
    options.threads = 1
    options.maximumConcurrentRuns = 0
    #expect(throws: TorchError.self) {
      try TorchModel(path: Runtime.package("one"), options: options)
    }
  }

  @Test func librariesThatAreNot() {
    var options = TorchModelOptions()
    options.libraries = ["/no/such/library.so"]
    let error = #expect(throws: TorchError.self) {
      try TorchModel(path: Runtime.package("one"), options: options)
    }
    #expect(error?.message.contains("/no/such/library.so") == true)
  }

  @Test(
    .enabled(
      if: (try? Runtime.library.get()).map { (try? TorchPlugin.shared($0)) != nil } ?? false,
      "needs the plug-in: scripts/build-torch-plugin"))
  func packageThatNeedsThePlugin() throws {
    let reference = try PackageCase.named("dispatcher")
    let model = try TorchModel(path: reference.path)
    for answer in reference.cases {
      let found = try model.run(answer.inputs.map(\.tensor))
      #expect(isClose(found[0], answer.outputs[0].tensor, answer.tolerance))
    }
    for _ in 0..<3 { _ = try TorchModel(path: reference.path) }
    let scratch = try Scratch()
    for text in ["", "{", "[]", #"{"nodes": [{"name": "x", "node": {"target": "no::such"}}]}"#] {
      let path = try scratch.write(
        changed("dispatcher", ".wrapper.json") { $0 = Array("\(text) ".utf8) })
      let error = #expect(throws: TorchError.self) { try TorchModel(path: path) }
      #expect(error?.code == .modelLoad, "\(String(describing: error))")
    }
  }

  @Test func valuesThatEndTheProcess() throws {
    #expect(try !TorchPackage(path: Runtime.package("two")).endsProcessOnWrongValues())
    #expect(try !TorchPackage(path: Runtime.package("housing")).endsProcessOnWrongValues())
    let scratch = try Scratch()
    let path = try scratch.write(
      changed("two", ".kernel.cpp") { $0 += Array("#pragma omp parallel".utf8) })
    #expect(try TorchPackage(path: path).endsProcessOnWrongValues())
  }
}
