import FakeHub
import Foundation
import HostProcesses
import ModelHub
import SparkFunctions
import Testing

@testable import ModelKinds

/// The names of classes: in files, and beside models.
@Suite("Labels", .timeLimit(.minutes(2)))
struct ClassLabelTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "labels-\(UUID())")
    .path

  private func write(_ name: String, _ text: String) throws -> String {
    let file = URL(filePath: "\(folder)/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return file.path
  }

  @Test(
    "forms of files",
    arguments: [
      ("labels.txt", "cat\ndog\n"), ("labels.txt", "\u{FEFF}cat\r\ndog\r\n\r\n"),
      ("names", "cat\ndog"), ("labels.json", #"["cat", "dog"]"#),
      ("labels.json", #"{"1": "dog", "0": "cat"}"#),
      ("config.json", #"{"architectures": ["A"], "id2label": {"1": "dog", "0": "cat"}}"#),
    ])
  func forms(_ name: String, _ text: String) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = try write(name, text)
    let labels = try ClassLabels(contentsOf: path)
    #expect(labels.names == ["cat", "dog"] && labels.file == path)
  }

  @Test(
    "files that are wrong",
    arguments: [
      ("labels.txt", "cat\n\ndog\n", "line 2 is empty, expected a label in each line"),
      ("labels.json", "[\"cat\", [1]]", "element 1 of the list is [1], expected a string"),
      ("labels.json", "{", "it is no JSON: at byte"),
      ("labels.json", #"{"a": 1}"#, "expected a list of labels, an object with numbers and labels"),
      ("labels.json", #"{"0": "a", "2": "b"}"#, "has the numbers 0, 2, expected all from 0 on"),
    ])
  func refusals(_ name: String, _ text: String, _ says: String) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = try write(name, text)
    let error = #expect(throws: NeedletailError.self) { try ClassLabels(contentsOf: path) }
    #expect(error?.message.contains(says) == true, "\(String(describing: error))")
    #expect(error?.message.contains(path) == true)
    let missing = #expect(throws: NeedletailError.self) {
      try ClassLabels(contentsOf: path + ".missing")
    }
    #expect(missing?.message.contains("it cannot be read") == true)
  }

  @Test("labels beside a model, or above its folder onnx, are found where none are given")
  func beside() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let model = try write("model/onnx/model.onnx", "")
    let alone = try await ModelSource.onnx(model).labelled(["y": .topK(1)])
    #expect(alone == ["y": .topK(1)])
    let above = try write("model/config.json", #"{"id2label": {"0": "a", "1": "b"}}"#)
    let found = try await ModelSource.onnx(model).labelled(["y": .topK(1), "z": .softmax])
    #expect(
      found == ["y": .topK(1, labels: ClassLabels(["a", "b"], file: above)), "z": .softmax])
    let own = try await ModelSource.onnx(model).labelled(["y": .topK(1, labels: ["c"])])
    #expect(own == ["y": .topK(1, labels: ["c"])])
    let nearer = try write("model/onnx/config.json", #"{"id2label": {"0": "d"}}"#)
    let near = try await ModelSource.onnx(model).labelled(["y": .topK(1)])
    #expect(near == ["y": .topK(1, labels: ClassLabels(["d"], file: nearer))])
    _ = try write("model/onnx/config.json", #"{"id2label": {"0": {}}}"#)
    let error = await #expect(throws: NeedletailError.self) {
      try await ModelSource.onnx(model).labelled(["y": .topK(1)])
    }
    #expect(error?.message.contains("name another file with labels: (--labels)") == true)
  }

  @Test("those of a model on a hub are fetched")
  func hub() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let fake = try FakeHub([
      "onnx/model.onnx": FakeHub.File(Data([8, 8]), isLarge: true),
      "config.json": FakeHub.File(#"{"id2label": {"0": "a"}}"#),
      "other/model.onnx": FakeHub.File("x"),
    ])
    let hub = try Hub(environment: fake.environment(cache: folder))
    let file = try #require(try HubModel("hf:org/model/onnx/model.onnx", hub).configuration())
    #expect(try ClassLabels(contentsOf: file).names == ["a"])
    #expect(try HubModel("hf:org/model/other/model.onnx", hub).configuration() == nil)
  }
}
