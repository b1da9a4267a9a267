import Foundation
import Models
import NativeLibraries
import ONNXRuntime
import Tensors
import Testing

/// Models whose values lie in files of their own, as they are found with strangers.
@Suite("Model files")
struct ModelFileTests {
  /// Calls `body` with the path of a copy of a model's folder, in a folder of its own.
  private static func withCopy(
    of model: String = "twice", _ body: (_ folder: String, _ model: String) throws -> Void
  ) throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "models-\(UUID())")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: root) }
    try FileManager.default.copyItem(
      atPath: Models.own("external/\(model)"), toPath: root.path + "/model")
    try body(root.path + "/model", root.path + "/model/model.onnx")
  }

  private static func result(_ path: String) throws -> [Float] {
    let result: Tensor<Float> = try ONNXSession(path: path).run(
      Tensor<Float>(repeating: 1, shape: [1, 4]))
    return result.scalars
  }

  @Test("a file names its data files, also those of graphs within graphs")
  func names() throws {
    let twice = try ONNXModelFile(path: Models.own("external/twice/model.onnx"))
    #expect(twice.dataFiles.map(\.location) == ["model.onnx.data"])
    #expect(twice.dataFiles.first?.byteCount == 80 && twice.dataFiles.first?.tensor == "bias")
    let parts = try ONNXModelFile(path: Models.own("external/parts/model.onnx"))
    #expect(
      Set(parts.dataFiles.map(\.location)) == ["weights/ten.bin", "./weights/one.bin"])
    for model in ["zipmap", "kinds", "unranked"] {
      #expect(try ONNXModelFile(path: Models.own("\(model).onnx")).dataFiles.isEmpty)
    }
  }

  @Test("entries that are left of values which the model's file has now name no file")
  func takenIn() throws {
    try Self.withCopy { _, path in
      var bytes = try Data(contentsOf: URL(filePath: path))
      // The field data_location (14) of both tensors: DEFAULT instead of EXTERNAL.
      while let range = bytes.range(of: Data([0x70, 1])) {
        bytes.replaceSubrange(range, with: Data([0x70, 0]))
      }
      try bytes.write(to: URL(filePath: path))
      #expect(try ONNXModelFile(path: path).dataFiles.isEmpty)
    }
  }

  @Test("damaged files name nothing that is not there, and never trap")
  func damaged() throws {
    let bytes = try Models.bytes(Models.own("external/parts/model.onnx"))
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).onnx")
    defer { try? FileManager.default.removeItem(at: file) }
    for length in 1..<bytes.count {
      try Data(bytes[..<length]).write(to: file)
      #expect(try ONNXModelFile(path: file.path).dataFiles.count <= 2)
    }
    var random = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      var changed = bytes
      for _ in 0..<4 {
        changed[.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255)
      }
      try Data(changed).write(to: file)
      _ = try ONNXModelFile(path: file.path)
    }
  }

  @Test("equal names, different data", .needsRuntime)
  func equalNames() throws {
    #expect(try Self.result(Models.own("external/twice/model.onnx")) == [4, 4, 4, 4])
    #expect(try Self.result(Models.own("external/thrice/model.onnx")) == [6, 6, 6, 6])
  }

  @Test("data in folders below the model's", .needsRuntime)
  func subfolders() throws {
    let model = try ONNXSession(path: Models.own("external/parts/model.onnx"))
    let x = AnyTensor.float32(Tensor([1, 2]))
    for (large, expected) in [(true, [11, 12]), (false, [2, 3])] as [(Bool, [Float])] {
      let result = try model.run(["x": x, "large": .bool(try Tensor([large], shape: []))])
      #expect(result == ["y": .float32(Tensor(expected))])
    }
  }

  @Test(
    "links out of the model's folder", .needsRuntime,
    arguments: ["data", "model", "both", "folder"])
  func links(_ which: String) throws {
    try Self.withCopy { folder, model in
      let files = FileManager.default
      let blobs = folder + "/../blobs"
      try files.createDirectory(atPath: blobs, withIntermediateDirectories: true)
      func link(_ name: String, _ blob: String) throws {
        try files.moveItem(atPath: "\(folder)/\(name)", toPath: "\(blobs)/\(blob)")
        try files.createSymbolicLink(
          atPath: "\(folder)/\(name)", withDestinationPath: "../blobs/\(blob)")
      }
      if which == "data" || which == "both" { try link("model.onnx.data", "1") }
      if which == "model" || which == "both" { try link("model.onnx", "2") }
      var path = model
      if which == "folder" {
        try files.createSymbolicLink(atPath: folder + "/../linked", withDestinationPath: folder)
        path = folder + "/../linked/model.onnx"
      }
      #expect(try Self.result(path) == [4, 4, 4, 4])
      let loaded = try ONNXSession(path: path)
      #expect(loaded.name == path)
    }
  }

  @Test("a folder of data that is a link", .needsRuntime)
  func linkedFolder() throws {
    try Self.withCopy(of: "parts") { folder, path in
      try FileManager.default.moveItem(
        atPath: folder + "/weights", toPath: folder + "/../elsewhere")
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/weights", withDestinationPath: "../elsewhere")
      let result = try ONNXSession(path: path).run([
        "x": .float32(Tensor([1])), "large": .bool(try Tensor([true], shape: [])),
      ])
      #expect(result == ["y": .float32(Tensor([11]))])
    }
  }

  @Test("data with a second name", .needsRuntime, arguments: ["twice", "parts"])
  func hardLinks(_ model: String) throws {
    try Self.withCopy(of: model) { folder, path in
      let names = try ONNXModelFile(path: path).dataFiles.map(\.location)
      for (index, name) in names.enumerated() {
        try FileManager.default.linkItem(
          atPath: "\(folder)/\(name)", toPath: "\(folder)/../second\(index)")
      }
      if model == "twice" {
        #expect(try Self.result(path) == [4, 4, 4, 4])
      } else {
        #expect(try ONNXSession(path: path).inputs.count == 2)
      }
    }
  }

  struct Mistake: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var change: @Sendable (_ folder: String) throws -> Void
    var text: String
  }

  private static func replaceLocation(_ location: String) -> @Sendable (String) throws -> Void {
    { folder in
      // The name is as long as the one in the file, so that no lengths change.
      let old = Data("model.onnx.data".utf8)
      let new = Data(location.utf8)
      #expect(old.count == new.count)
      let url = URL(filePath: folder + "/model.onnx")
      var bytes = try Data(contentsOf: url)
      while let range = bytes.range(of: old) { bytes.replaceSubrange(range, with: new) }
      try bytes.write(to: url)
    }
  }

  /// A link in the place of a file.
  private static func replaceWithLink(
    _ name: String, to target: String
  ) -> @Sendable (String) throws -> Void {
    { folder in
      try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/\(name)", withDestinationPath: target)
    }
  }

  /// Something else in the model's place.
  private static func replaceModel(_ contents: String) -> @Sendable (String) throws -> Void {
    { try Data(contents.utf8).write(to: URL(filePath: $0 + "/model.onnx")) }
  }

  static let mistakes: [Mistake] = [
    Mistake(
      testDescription: "missing",
      change: { try FileManager.default.removeItem(atPath: $0 + "/model.onnx.data") },
      text: "are in the file 'model.onnx.data', which is not in "),
    Mistake(
      testDescription: "dangling link",
      change: replaceWithLink("model.onnx.data", to: "../blobs/1"),
      text: "is a link to ../blobs/1, which does not exist"),
    Mistake(
      testDescription: "link to itself",
      change: replaceWithLink("model.onnx.data", to: "model.onnx.data"),
      text: "'model.onnx.data' with the values of the tensor 'bias' cannot be read: "),
    Mistake(
      testDescription: "cut off",
      change: { folder in
        let url = URL(filePath: folder + "/model.onnx.data")
        try Data(contentsOf: url).prefix(70).write(to: url)
      },
      text: "has 70 bytes, but the tensor 'bias' ends at byte 80"),
    Mistake(
      testDescription: "a folder",
      change: { folder in
        try FileManager.default.removeItem(atPath: folder + "/model.onnx.data")
        try FileManager.default.createDirectory(
          atPath: folder + "/model.onnx.data", withIntermediateDirectories: true)
      },
      text: "is no file"),
    Mistake(
      testDescription: "outside", change: replaceLocation("../weights.data"),
      text: "'../weights.data', outside of the model's folder"),
    Mistake(
      testDescription: "outside by way of a folder", change: replaceLocation("a/../../bcd.dat"),
      text: "'a/../../bcd.dat', outside of the model's folder"),
    Mistake(
      testDescription: "absolute", change: replaceLocation("/tmp/model.data"),
      text: "'/tmp/model.data', outside of the model's folder"),
    Mistake(
      testDescription: "pointer of Git LFS",
      change: replaceModel("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
      text: "git lfs pull"),
    Mistake(
      testDescription: "web page", change: replaceModel("\n<!DOCTYPE html><html>404</html>"),
      text: "is a web page"),
    Mistake(testDescription: "nothing", change: replaceModel(""), text: "the file has no bytes"),
    Mistake(
      testDescription: "model is a dangling link",
      change: replaceWithLink("model.onnx", to: "../blobs/2"),
      text: "it is a link to ../blobs/2, which does not exist"),
  ]

  @Test("mistakes are told before the runtime sees them", .needsRuntime, arguments: mistakes)
  func mistake(_ mistake: Mistake) throws {
    try Self.withCopy { folder, path in
      try mistake.change(folder)
      let error = #expect(throws: ONNXError.self) { try ONNXSession(path: path, name: "mine") }
      #expect(error?.code == .modelLoad && error?.model == "mine")
      #expect(error?.message.contains(mistake.text) == true, "\(String(describing: error))")
    }
  }

  @Test(
    "what the runtime refuses comes with what helps", .needsRuntime,
    arguments: [
      ("custom_operator", "org.needletail.tests:Frobnicate", "--option customOps=FILE"),
      ("locale", "xx_YY", "locale-gen"),
    ])
  func advice(_ model: String, _ what: String, _ advice: String) throws {
    var options = ONNXSessionOptions()
    options.logSeverity = .fatal
    let error = #expect(throws: ONNXError.self) {
      try ONNXSession(path: Models.own("\(model).onnx"), options: options)
    }
    let text = error?.message ?? ""
    #expect(text.contains(what) && text.contains(advice), "\(text)")
    #expect(!text.contains("complete"), "\(text)")
  }

  @Test("libraries with operators that cannot be used", .needsRuntime)
  func operatorLibraries() throws {
    for (path, text) in [
      ("/no/such/library.so", "the library with operators /no/such/library.so cannot be read"),
      (Models.own("zipmap.onnx"), "zipmap.onnx cannot be used as a library with operators"),
    ] {
      var options = ONNXSessionOptions()
      options.operatorLibraries = [path]
      let error = #expect(throws: ONNXError.self) {
        try ONNXSession(path: Models.own("zipmap.onnx"), options: options)
      }
      #expect(error?.code == .invalidOption)
      #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    }
  }

  @Test(
    "a library that is a module of Python",
    arguments: [
      ("/e/_pydll.so: undefined symbol: PyInstanceMethod_Type", "PyInstanceMethod_Type"),
      (
        "Failed to load library /e/x.so with error: /e/x.so: undefined symbol: _Py_NoneStruct.",
        "_Py_NoneStruct"
      ),
      ("/e/x.so: undefined symbol: PyExc_ValueError, version X", "PyExc_ValueError"),
      ("/e/x.so: undefined symbol: _ZN6PythonEv", nil),
      ("/e/x.so: undefined symbol: OrtGetApiBase", nil),
      ("/e/x.so: cannot open shared object file", nil),
    ] as [(String, String?)])
  func pythonModules(_ text: String, _ symbol: String?) {
    let advice = OperatorLibrary.advice(for: text, instead: "another")
    let expected = symbol.map {
      "The library is an extension module of Python (\($0) is Python's own), which needs the library "
        + "of its Python, such as libpython3.11.so.1.0, and that was not found here: install it (Debian: "
        + "libpython3.11), or name its folder in LD_LIBRARY_PATH. Or give another"
    }
    #expect(advice.drop { $0 == "." || $0 == " " } == (expected ?? ""))
    #expect(!(text + advice).contains(".."))
  }

  @Test(
    "the library of a module's Python, by its name and folder",
    arguments: [
      ("x.cpython-311-x86_64-linux-gnu.so", ["libpython3.11.so.1.0"]),
      (
        "/e/lib/python3.12/site-packages/p/x.abi3.so",
        ["/e/lib/libpython3.12.so.1.0", "libpython3.12.so.1.0"]
      ),
      (
        "/e/lib/python3.11/site-packages/p/x.cpython-311-x86_64-linux-gnu.so",
        ["/e/lib/libpython3.11.so.1.0", "libpython3.11.so.1.0"]
      ),
      ("/e/libops.so", []),
    ] as [(String, [String])])
  func pythonLibraries(_ path: String, _ expected: [String]) {
    #expect(OperatorLibrary.pythonLibraries(for: path) == expected)
    #expect(OperatorLibrary.pythonLibraries(for: "x.abi3.so").contains("libpython3.11.so.1.0"))
    #expect(!OperatorLibrary.opensPython(for: path, refused: "no such file"))
  }

  @Test(
    "a module of Python as a library with operators", .needsRuntime,
    .enabled(if: compiler != nil, "needs a C compiler"))
  func pythonModule() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "module-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appending(path: "module.c")
    try Data(
      "extern int PyInstanceMethod_Type; int *f(void) { return &PyInstanceMethod_Type; }".utf8
    )
    .write(to: source)
    let library = folder.appending(path: "_module.so").path
    let process = Process()
    process.executableURL = URL(filePath: try #require(Self.compiler))
    process.arguments = ["-shared", "-fPIC", "-o", library, source.path]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    var options = ONNXSessionOptions()
    options.operatorLibraries = [library]
    let error = #expect(throws: ONNXError.self) {
      try ONNXSession(path: Models.own("zipmap.onnx"), options: options)
    }
    #expect(error?.code == .invalidOption)
    #expect(
      error?.message.contains("module of Python (PyInstanceMethod_Type is Python's own)") == true
        && error?.message.contains("libortextensions.so") == true, "\(String(describing: error))")
  }

  @Test(
    "a library's operators compute", .needsRuntime,
    .enabled(if: compiler != nil, "needs a C compiler"))
  func customOperator() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "operators-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let library = folder.appending(path: "libfrobnicate.so").path
    let process = Process()
    process.executableURL = URL(filePath: try #require(Self.compiler))
    process.arguments = [
      "-shared", "-fPIC", "-O1", "-o", library, Models.own("custom_operator.c"),
    ]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    var options = ONNXSessionOptions()
    options.operatorLibraries = [library]
    for _ in 0..<2 {
      let model = try ONNXSession(path: Models.own("custom_operator.onnx"), options: options)
      let result: Tensor<Float> = try model.run(Tensor<Float>([0, 1, 2.5]))
      #expect(result.scalars == [1, 4, 8.5])
    }
  }

  private static let compiler = ["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }
}
