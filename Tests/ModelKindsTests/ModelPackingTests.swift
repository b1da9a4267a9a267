import Foundation
import HostProcesses
import ONNXRuntime
import SparkFunctions
import Testing

@testable import Deployment
@testable import ModelKinds

/// What travels to the executors for a model.
@Suite("Packing of models")
struct ModelPackingTests {
  private static let models = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "ONNXRuntimeTests/Models").path

  /// A new folder, removed afterwards.
  private static func withFolder(_ body: (_ folder: String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "packing-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  /// Writes a file, and the folders that it lies in.
  private static func write(_ text: String, _ path: String) throws {
    let url = URL(filePath: path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// The files of an archive as the system's `tar` unpacks it, by their names.
  private static func unpacked(_ archive: Data) throws -> [String: Data] {
    var files: [String: Data] = [:]
    try withFolder { folder in
      try archive.write(to: URL(filePath: folder + "/a.tar.gz"))
      try FileManager.default.createDirectory(
        atPath: folder + "/out", withIntermediateDirectories: true)
      let process = Process()
      process.executableURL = URL(filePath: "/bin/tar")
      process.arguments = ["-xzf", folder + "/a.tar.gz", "-C", folder + "/out"]
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      for file in try FolderFiles(folder + "/out").files {
        files[file.name] = try Data(contentsOf: URL(filePath: file.path))
      }
    }
    return files
  }

  @Test("a model for a stream is named by its path, and told from one that lay there before")
  func inPlace() throws {
    try Self.withFolder { folder in
      let path = folder + "/model.onnx"
      func reference(_ path: String, isHere: Bool = true) throws -> ModelReference {
        try ModelSource.onnx(path).inPlace(isHere: isHere)
      }
      try FileManager.default.copyItem(atPath: Self.models + "/needs_rows.onnx", toPath: path)
      let first = try reference(path, isHere: false)
      #expect(first.file == path && first.name == path)
      #expect(try reference(path) == first)
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.copyItem(atPath: Self.models + "/needs_rows.onnx", toPath: path)
      #expect(try reference(path) != first)
      // What this process finds in its folder, executors on other machines do not find.
      #expect(throws: NeedletailError.self) { try reference("model.onnx", isHere: false) }
    }
  }

  @Test("names of any length and alphabet go through an archive")
  func names() throws {
    let names = [
      "short", String(repeating: "n", count: 99), String(repeating: "n", count: 100),
      String(repeating: "n", count: 101), String(repeating: "n", count: 251) + ".txt",
      (0..<20).map { "folder\($0)" + String(repeating: "d", count: 60) }.joined(separator: "/"),
      "グラフ/重み.bin", "with space/ and 'quotes'", "new\nline", String(repeating: "é", count: 60),
    ]
    var tar = TarArchive()
    for name in names { tar.add(name, Data("contents of \(name)".utf8)) }
    let files = try Self.unpacked(tar.gzipped())
    #expect(Set(files.keys) == Set(names))
    for name in names { #expect(files[name] == Data("contents of \(name)".utf8)) }
    #expect(try tar.gzipped() == tar.gzipped())
  }

  @Test("the length at the start of a record counts its own digits", arguments: 1...120)
  func record(_ count: Int) {
    let record = TarArchive.record("path", String(repeating: "x", count: count))
    #expect(record.prefix { $0 != " " } == "\(record.utf8.count)")
  }

  @Test("links in a folder are followed")
  func links() throws {
    try Self.withFolder { root in
      let files = FileManager.default
      try Self.write("blob", root + "/blobs/1")
      try Self.write("part", root + "/elsewhere/deep/part")
      try Self.write("own", root + "/model/own")
      try files.createDirectory(
        atPath: root + "/model/onnx", withIntermediateDirectories: true)
      for (link, target) in [
        ("model.bin", "../blobs/1"), ("onnx/model.onnx", "../../blobs/1"),
        ("variables", "../elsewhere"), ("again", root + "/elsewhere"),
      ] {
        try files.createSymbolicLink(
          atPath: "\(root)/model/\(link)", withDestinationPath: target)
      }
      let packed = try Self.unpacked(try TarArchive(folder: root + "/model").gzipped())
      #expect(
        packed.mapValues { String(decoding: $0, as: UTF8.self) } == [
          "own": "own", "model.bin": "blob", "onnx/model.onnx": "blob",
          "variables/deep/part": "part", "again/deep/part": "part",
        ])
      // Hugging Face's cache gives the snapshot itself as a link, too.
      try files.createSymbolicLink(
        atPath: root + "/snapshot", withDestinationPath: root + "/model")
      #expect(try Self.unpacked(TarArchive(folder: root + "/snapshot").gzipped()) == packed)
    }
  }

  @Test(
    "links without an end are refused",
    arguments: [
      ("blobs/7", "is a link to blobs/7, which does not exist"), ("broken", "leads back to itself"),
      (".", "a folder that it lies in"), ("..", "a folder that it lies in"),
    ])
  func endlessLinks(_ target: String, _ text: String) throws {
    try Self.withFolder { root in
      try Self.write("own", root + "/model/inner/own")
      try FileManager.default.createSymbolicLink(
        atPath: root + "/model/inner/broken", withDestinationPath: target)
      let error = #expect(throws: NeedletailError.self) {
        try TarArchive(folder: root + "/model")
      }
      #expect(error?.message.contains(text) == true, "\(String(describing: error))")
      #expect(error?.message.contains("/model/inner/broken") == true)
    }
  }

  @Test("a model of several files is a folder there, with its files under their names")
  func externalData() throws {
    let twice = try ModelSource.onnx(Self.models + "/external/twice/model.onnx").packed()
    let thrice = try ModelSource.onnx(Self.models + "/external/thrice/model.onnx").packed()
    // The same names throughout, also in one session.
    #expect(twice.reference.file != thrice.reference.file)
    for packed in [twice, thrice] {
      let artifact = try #require(packed.artifacts.first)
      let name = packed.reference.file.prefix { $0 != "/" }
      #expect(packed.artifacts.count == 1 && artifact.name == "archives/\(name).tar.gz#\(name)")
      #expect(packed.reference.file == "\(name)/model.onnx")
      #expect(packed.reference.name.hasSuffix("/model.onnx"))
      let files = try Self.unpacked(artifact.contents)
      #expect(Set(files.keys) == ["model.onnx", "model.onnx.data"])
    }
    let parts = try ModelSource.onnx(Self.models + "/external/parts/model.onnx").packed()
    let files = try Self.unpacked(try #require(parts.artifacts.first).contents)
    #expect(Set(files.keys) == ["model.onnx", "weights/one.bin", "weights/ten.bin"])
    // A folder that is only passed must be there, too.
    #expect(ONNXModelFile.folders(to: "a/./b/../../c/w.bin") == [["a", "b"], ["a"]])
    #expect(ONNXModelFile.parts("a/./b/../../c/w.bin") == ["c", "w.bin"])
    #expect(["w.bin", "./w.bin"].allSatisfy(ONNXModelFile.isBeside))
    #expect(!["a/w.bin", "a/../w.bin"].contains(where: ONNXModelFile.isBeside))
    // What is one file stays one.
    let single = try ModelSource.onnx(Self.models + "/zipmap.onnx").packed()
    #expect(single.artifacts.map(\.name) == ["files/\(single.reference.file)"])
  }

  @Test("a missing data file is an error on the driver")
  func missingData() async throws {
    try Self.withFolder { root in
      try FileManager.default.copyItem(
        atPath: Self.models + "/external/twice/model.onnx", toPath: root + "/model.onnx")
      let error = #expect(throws: ONNXError.self) {
        try ModelSource.onnx(root + "/model.onnx").packed()
      }
      #expect(error?.message.contains("'model.onnx.data', which is not in \(root)") == true)
    }
  }

  @Test(
    "names on the executors are plain",
    arguments: [
      ("my model#1.onnx", "h-my_model_1.onnx"), ("/a/b/グラフ.onnx", "h-___.onnx"),
      ("/a/b/", "h-b"),
      (String(repeating: "n", count: 250), "h-" + String(repeating: "n", count: 100)),
    ])
  func plainNames(_ path: String, _ name: String) {
    #expect(ModelSource.sentName("h", path) == name)
  }

  @Test("libraries with operators travel, and are found on the executor")
  func customOps() throws {
    try Self.withFolder { root in
      try Self.write("library", root + "/libops.so")
      let source = ModelSource.onnx(Self.models + "/zipmap.onnx", customOps: [root + "/libops.so"])
      let packed = try source.packed()
      let name = try #require(packed.reference.options["customOps"])
      #expect(name.hasSuffix("-libops.so") && !name.contains("/"))
      #expect(packed.artifacts.map(\.name).contains("files/\(name)"))
      let worker = WorkerContext(filesDirectory: "/executor")
      let placed = try PlacedModel<ONNXKind.Options>(packed.reference, "m.onnx", worker)
      #expect(placed.files(placed.options.customOps) == ["/executor/\(name)"])
      let located = ONNXKind().located(packed.reference, by: worker)
      #expect(located.options["customOps"] == "/executor/\(name)")
      #expect(located.file == "/executor/\(packed.reference.file)")
    }
    for spelling in ["customOps", "custom-ops", "customops"] {
      let source = try ModelSource.onnx("m.onnx").setting(spelling, to: "a.so,b.so")
      #expect(source.options["customOps"] == "a.so,b.so")
      #expect(OptionValues.paths(in: source.options["customOps"]) == ["a.so", "b.so"])
    }
    let missing = ModelSource.onnx(Self.models + "/zipmap.onnx", customOps: ["/no/such.so"])
    let error = #expect(throws: NeedletailError.self) { try missing.packed() }
    #expect(
      error?.message.contains("/no/such.so, which the executors need, cannot be read") == true)
  }
}
