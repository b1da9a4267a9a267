import Testing

@testable import ModelHub

@Suite("Ids of models")
struct HubReferenceTests {
  @Test(arguments: [
    ("hf:org/name", "org/name", "main", "", "name"),
    ("hf://org/name", "org/name", "main", "", "name"),
    ("hf:models/org/name", "org/name", "main", "", "name"),
    ("hf:org/name/", "org/name", "main", "", "name"),
    ("hf:gpt2", "gpt2", "main", "", "gpt2"),
    ("hf:gpt2@v1/onnx/m.onnx", "gpt2", "v1", "onnx/m.onnx", "m.onnx"),
    ("hf:org/na.me_2@0123abc", "org/na.me_2", "0123abc", "", "na.me_2"),
    ("hf:org/name@refs/pr/7", "org/name", "refs/pr/7", "", "name"),
    ("hf:org/name@refs/pr/7/a/b.onnx", "org/name", "refs/pr/7", "a/b.onnx", "b.onnx"),
    ("hf:org/name@feature%2Fx/b.onnx", "org/name", "feature/x", "b.onnx", "b.onnx"),
    ("hf:org/name/onnx/model.onnx", "org/name", "main", "onnx/model.onnx", "model.onnx"),
  ])
  func read(
    _ text: String, _ repository: String, _ revision: String, _ path: String, _ name: String
  ) throws {
    let reference = try HubReference(text)
    #expect(reference.repository == repository)
    #expect(reference.revision == revision)
    #expect(reference.path == path)
    #expect(reference.plainName == name)
    #expect("\(reference)" == text)
  }

  @Test(arguments: [
    "hf:", "hf:/", "hf:org//name", "hf:org/name/../x", "hf:org/.", "hf:o--rg/name", "hf:-org/name",
    "hf:org/name@", "hf:org/name@../x", "hf:org/name@a%2F..%2Fb", "hf:datasets/org/name",
    "hf:org/na me", "org/name", "hf:org/\(String(repeating: "n", count: 99))",
  ])
  func refused(_ text: String) {
    let error = #expect(throws: HubError.self) { try HubReference(text) }
    #expect(error?.code == .invalidReference)
    #expect(error?.message.contains("hf:ORG/NAME@REVISION") == true)
  }
}
