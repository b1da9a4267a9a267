import Foundation
import SparkTypes
import Testing

@testable import ModelKinds

/// What tells a model from others.
struct ModelIdentityTests {
  /// A new folder with files, removed afterwards.
  private func withFiles(
    _ files: [String: String], _ body: (_ folder: String) throws -> Void
  ) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "identity-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files {
      let file = folder.appending(path: name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    try body(folder.path)
  }

  private func said(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test("a file's SHA-256 is that of sha256sum, several files' that of its list")
  func hashes() throws {
    try withFiles(["a.onnx": "first", "m/saved_model.pb": "first", "m/variables/v": "second"]) {
      folder in
      let file = try ModelSource.onnx(folder + "/a.onnx").identity()
      #expect(
        file.sha256 == "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e")
      let saved = try ModelSource(path: folder + "/m").identity()
      #expect(saved.sha256 == "8e786a4e9c30c1553f07bc5eadb0ba8717bb1ea6bd2382ca54e5021e3c6ad865")
      let moved = folder + "/moved"
      try FileManager.default.moveItem(atPath: folder + "/m", toPath: moved)
      #expect(try ModelSource(path: moved).identity().isSame(as: saved))
      #expect(!file.isSame(as: saved))
    }
  }

  @Test("options count if they may change what a model gives, and secrets are told to nobody")
  func options() throws {
    try withFiles(["a.onnx": "first", "ops.so": "library"]) { folder in
      let plain = try ModelSource.onnx(folder + "/a.onnx").identity()
      var source = ModelSource.onnx(folder + "/a.onnx")
      source.options = ["threads": "4"]
      #expect(try source.identity() == plain)
      source.options = ["provider": "cuda"]
      #expect(try !source.identity().isSame(as: plain))
      source.options = ["customOps": folder + "/ops.so"]
      let custom = try source.identity()
      #expect(custom.options.isEmpty && custom.sha256 != plain.sha256)
    }
    var served = try ModelSource(path: "kserve://host:8001/m/3")
    served.options["token"] = "secret"
    served.options["header.Authorization"] = "secret"
    let identity = try served.identity()
    #expect(identity.sha256 == nil && !"\(identity)".contains("secret"), "\(identity)")
    #expect(identity.isSame(as: try ModelSource(path: "kserve://host:8001/m/3").identity()))
    #expect(!identity.isSame(as: try ModelSource(path: "kserve://host:8001/n").identity()))
  }

  @Test("a note says in words what differs")
  func notes() throws {
    try withFiles(["a.onnx": "first"]) { folder in
      func note(
        _ key: [String] = ["id"], _ format: String = "parquet",
        _ request: PredictionRequest = PredictionRequest()
      ) throws -> OutputNote {
        try OutputNote(
          key: key, schema: ["id": .long], format: format,
          predictions: [PredictionLineage(.onnx(folder + "/a.onnx"), request)])
      }
      let first = try note()
      for isPretty in [true, false] {
        #expect(try OutputNote(first.encoded(isPretty: isPretty), of: "out") == first)
      }
      try first.check(first, of: "out")
      // How many rows run together changes nothing.
      try note(["id"], "parquet", PredictionRequest(batchSize: 3)).check(first, of: "out")
      for (other, expected) in [
        (try note(["a", "b"]), "'out' was begun with another key: id, and now it is a, b."),
        (try note(["id"], "json"), "another format: parquet, and now it is json."),
        (
          try note(["id"], "parquet", PredictionRequest(only: ["y"])),
          "outputs none, and now it is y."
        ),
      ] {
        #expect(said { try other.check(first, of: "out") }.contains(expected))
      }
      let damaged = said { _ = try OutputNote(Array("{".utf8), of: "out") }
      #expect(damaged.contains("cannot be read"), "\(damaged)")
      let strange = said { try first.check(nil, of: "out") }
      #expect(strange.contains("nothing says what computed them"), "\(strange)")
    }
  }
}
