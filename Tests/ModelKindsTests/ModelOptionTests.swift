import Testing

@testable import Deployment
@testable import ModelKinds

/// Options of models in other spellings than their own, as command lines have them.
@Suite("Spellings of a model's options")
struct ModelOptionTests {
  @Test(arguments: ["pipeline", "Pipeline", "PIPELINE", "pipe-line"])
  func pipeline(_ spelling: String) throws {
    let folder = ModelSource(TextFolderKind(), "folder", ["threads": "1"])
    let source = try folder.setting(spelling, to: "sentence-embeddings")
    #expect(source.format == .sentenceEmbeddings && source.options == ["threads": "1"])
  }

  @Test("names of headers stay as they are", arguments: ["X-Team", "name", "Na-Me", "NAME"])
  func header(_ name: String) throws {
    let served = try ModelSource(path: "kserve://localhost:8001/model")
    let source = try served.setting("header.\(name)", to: "a")
    #expect(source.options["header.\(name)"] == "a")
  }
}
