import Foundation
import Models
import Tensors
import Testing

@testable import TensorFlowRuntime

@Suite("Damaged files and wrong signatures, found without TensorFlow")
struct FormatTests {
  @Test func signaturesOfAFile() throws {
    let signatures = try SavedModelSignature.all(ofModelAt: Models.own("mixed"))
    #expect(
      signatures.map(\.name)
        == ["complicated", "constant", "partly", "predict", "remember", "strict", "total"])
    let predict = try #require(signatures.first { $0.name == "predict" })
    #expect(
      predict.description
        == "predict(features: float32[?, 3], ids: int64[?]) -> (next: int64[?], scores: float32[?, 2])"
    )
    #expect(signatures[0].otherInputs == ["x": "a tensor of complex64"])
    #expect(signatures[2].otherOutputs == ["complex": "a tensor of complex64"])
  }

  @Test func missingModel() throws {
    for (path, text) in [
      ("/no/such/model", "there is no such directory"),
      (Models.own.path, "has no saved_model.pb"),
      (Models.own("mixed/saved_model.pb"), "it is a file; a SavedModel is a directory"),
    ] {
      let error = #expect(throws: TensorFlowError.self) { try SavedModel(path: path) }
      #expect(error?.code == .modelLoad && error?.model == path)
      #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    }
  }

  @Test func aNameThatWasGivenIsTheOneInMessages() {
    let error = #expect(throws: TensorFlowError.self) {
      try SavedModel(path: "/no/such/1f3c-model", name: "my/model")
    }
    #expect(error.map { "\($0)" }?.contains("model my/model: there is no such") == true)
    #expect(error.map { "\($0)" }?.contains("1f3c") == false)
  }

  @Test func wrongSignature() throws {
    let path = Models.own("mixed")
    for name in [nil, "serving"] {
      let error = #expect(throws: TensorFlowError.self) {
        try SavedModel(path: path, signature: name)
      }
      #expect(error?.code == .unknownSignature)
      #expect(error?.message.contains("it has no signature \(name ?? "serving_default")") == true)
      #expect(error?.message.contains("\n  strict(x: float32[?, 2], y: float32[?, 2]) ->") == true)
    }
    let unsupported = #expect(throws: TensorFlowError.self) {
      try SavedModel(path: path, signature: "complicated")
    }
    #expect(unsupported?.code == .unsupportedModel)
    #expect(unsupported?.message.hasPrefix("the input x is a tensor of complex64") == true)
  }

  @Test func wrongTagsAndOptions() throws {
    var options = SavedModelOptions()
    options.tags = ["serve", "gpu"]
    let tags = #expect(throws: TensorFlowError.self) {
      try SavedModel(path: Models.own("mixed"), options: options)
    }
    #expect(
      tags?.message.contains("no graph with the tags [serve, gpu]; there are [serve]") == true)
    options = SavedModelOptions()
    options.intraOpThreads = -1
    let threads = #expect(throws: TensorFlowError.self) {
      try SavedModel(path: Models.own("mixed"), options: options)
    }
    #expect(threads?.code == .invalidOption)
  }

  @Test func missingVariables() async throws {
    try await Models.withCopy(of: Models.own("mixed")) { copy in
      try FileManager.default.removeItem(at: copy.appendingPathComponent("variables"))
      let error = #expect(throws: TensorFlowError.self) {
        try SavedModel(path: copy.path, signature: "predict")
      }
      #expect(error?.message.contains("variables/variables.index") == true)
    }
  }

  @Test(
    "files that the graph names are told before it is loaded",
    arguments: [
      ("mixed", "variables/variables.data-00000-of-00001"), ("mixed", "variables/variables.index"),
      ("lookup", "assets/colours.txt"),
    ])
  func missingFile(_ model: String, _ file: String) async throws {
    for isLink in [false, true] {
      try await Models.withCopy(of: Models.own(model)) { copy in
        let path = copy.appendingPathComponent(file).path
        try FileManager.default.removeItem(atPath: path)
        if isLink {
          try FileManager.default.createSymbolicLink(
            atPath: path, withDestinationPath: "../../blobs/1")
        }
        let error = #expect(throws: TensorFlowError.self) {
          try SavedModel(path: copy.path, signature: model == "mixed" ? "predict" : nil)
        }
        #expect(error?.code == .modelLoad && error?.message.contains(file) == true)
        let text = isLink ? "is a link to ../../blobs/1, which does not exist" : "is missing"
        #expect(error?.message.contains(text) == true, "\(String(describing: error))")
      }
    }
  }

  @Test("one of several parts with variables is missing")
  func missingPart() async throws {
    try await Models.withCopy(of: Models.own("mixed")) { copy in
      let folder = copy.appendingPathComponent("variables")
      try FileManager.default.moveItem(
        at: folder.appendingPathComponent("variables.data-00000-of-00001"),
        to: folder.appendingPathComponent("variables.data-00000-of-00002"))
      let error = #expect(throws: TensorFlowError.self) {
        try SavedModel(path: copy.path, signature: "predict")
      }
      #expect(
        error?.message.contains(
          "variables/variables.data-00001-of-00002 with their values is missing")
          == true, "\(String(describing: error))")
    }
  }

  @Test func everyTruncation() async throws {
    let bytes = try Data(
      contentsOf: URL(fileURLWithPath: Models.own("mixed/saved_model.pb")))
    try await Models.withCopy(of: Models.own("mixed")) { copy in
      let file = copy.appendingPathComponent("saved_model.pb")
      for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 500)) {
        try bytes.prefix(length).write(to: file)
        let error = #expect(throws: TensorFlowError.self) {
          try SavedModelSignature.all(ofModelAt: copy.path)
        }
        #expect(error?.code == .modelLoad)
      }
    }
  }

  @Test func changedBytesDoNoHarm() async throws {
    let original = try Data(
      contentsOf: URL(fileURLWithPath: Models.own("lookup/saved_model.pb")))
    var random = SystemRandomNumberGenerator()
    try await Models.withCopy(of: Models.own("lookup")) { copy in
      let file = copy.appendingPathComponent("saved_model.pb")
      for _ in 0..<500 {
        var bytes = original
        for _ in 0..<Int.random(in: 1...8, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255)
        }
        try bytes.write(to: file)
        do {
          _ = try SavedModelSignature.all(ofModelAt: copy.path)
        } catch {
          #expect((error as? TensorFlowError)?.code == .modelLoad)
        }
      }
    }
  }

  @Test(arguments: [
    ("output_2", "output_10", true), ("output_10", "output_2", false), ("a", "b", true),
    ("a", "a", false), ("a", "a1", true), ("x9", "y1", true),
  ]) func orderOfNames(_ left: String, _ right: String, _ precedes: Bool) {
    #expect(left.precedes(right) == precedes)
  }

  @Test func messagesOfTheRuntime() {
    let text =
      "Graph execution error:\n\nDetected at node add defined at (most recent call last):\n"
      + "<stack traces unavailable>\nIncompatible shapes: [2,2] vs. [3,2]\n"
      + "\t [[{{node add}}]] [[StatefulPartitionedCall]]"
    let cleaned = TensorFlowStatus(code: 3, text: text).text
    #expect(cleaned == "Incompatible shapes: [2,2] vs. [3,2]")
    #expect(TensorFlowStatus(code: 3, text: "").text == "the runtime gave no reason")
  }
}

@Suite("Failures", .needsRuntime)
struct FailureTests {
  struct BadInput: CustomTestStringConvertible {
    var feeds: [String: AnyTensor]
    var text: String
    var testDescription: String { text }
  }

  static let features = AnyTensor.float32(Tensor(repeating: 1, shape: [2, 3]))
  static let ids = AnyTensor.int64(Tensor([1, 2]))

  static let badInputs = [
    BadInput(
      feeds: [:], text: "no tensor for the input features: float32[?, 3]; given are none"),
    BadInput(
      feeds: ["features": features, "ids": ids, "z": ids],
      text: "no input called z; it takes features: float32[?, 3], ids: int64[?]"),
    BadInput(
      feeds: ["features": features, "ids": .int32(Tensor([1, 2]))],
      text: "the input ids takes int64[?], but the tensor holds int32[2]; convert it"),
    BadInput(
      feeds: ["features": .float32(Tensor(repeating: 1, shape: [2, 4])), "ids": ids],
      text: "the input features takes the shape [?, 3], but the tensor has [2, 4]"),
  ]

  @Test(arguments: badInputs) func badInput(_ bad: BadInput) async throws {
    let model = try SavedModel(path: Models.own("mixed"), signature: "predict")
    let error = await #expect(throws: TensorFlowError.self) {
      try await model.run(bad.feeds, outputs: nil)
    }
    #expect(error?.code == .invalidInput && error?.signature == "predict")
    #expect(error?.message.contains(bad.text) == true, "\(String(describing: error))")
  }

  @Test func badOutput() async throws {
    let model = try SavedModel(path: Models.own("mixed"), signature: "partly")
    let x = AnyTensor.float32(Tensor([1, 2]))
    #expect(try await model.run(["x": x], outputs: ["same"]) == ["same": x])
    for name in ["complex", "else"] {
      let error = await #expect(throws: TensorFlowError.self) {
        try await model.run(["x": x], outputs: [name])
      }
      #expect(error?.code == .invalidOutput)
      #expect(error?.message.contains(name) == true)
    }
    let typed = #expect(throws: TensorFlowError.self) {
      let _: Tensor<Int32> = try model.run(Tensor<Float>([1]))
    }
    #expect(typed?.message.contains("asked for as int32") == true)
  }

  @Test func failingRun() throws {
    let model = try SavedModel(path: Models.own("mixed"), signature: "strict")
    let error = #expect(throws: TensorFlowError.self) {
      try model.run([
        "x": .float32(Tensor(repeating: 1, shape: [2, 2])),
        "y": .float32(Tensor(repeating: 1, shape: [3, 2])),
      ])
    }
    #expect(error?.code == .run)
    let message = error?.message ?? ""
    #expect(message.hasPrefix("the run failed on inputs of shapes x[2, 2], y[3, 2]: "))
    #expect(message.contains("[2,2] vs. [3,2]") && !message.contains("node"), "\(message)")
  }

  @Test(arguments: ["variables.data-00000-of-00001", "variables.index"], [0, 40])
  func damagedVariables(file: String, length: Int) async throws {
    try await Models.withCopy(of: Models.own("mixed")) { copy in
      let url = copy.appendingPathComponent("variables/\(file)")
      try Data(contentsOf: url).prefix(length / 2).write(to: url)
      let error = #expect(throws: TensorFlowError.self) {
        let model = try SavedModel(path: copy.path, signature: "constant")
        _ = try model.run([:])
      }
      #expect(error != nil && error?.message.contains("[[") == false)
    }
  }

  @Test func missingShard() async throws {
    try await Models.withCopy(of: Models.own("mixed")) { copy in
      try FileManager.default.removeItem(
        at: copy.appendingPathComponent("variables/variables.data-00000-of-00001"))
      let error = #expect(throws: TensorFlowError.self) {
        try SavedModel(path: copy.path, signature: "constant")
      }
      #expect(error?.code == .modelLoad)
      #expect(error?.message.contains("variables.data-00000-of-00001") == true)
    }
  }

  @Test func missingVocabulary() async throws {
    try await Models.withCopy(of: Models.own("lookup")) { copy in
      try FileManager.default.removeItem(at: copy.appendingPathComponent("assets/colours.txt"))
      let error = #expect(throws: TensorFlowError.self) { try SavedModel(path: copy.path) }
      #expect(error?.code == .modelLoad && error?.message.contains("colours.txt") == true)
    }
  }
}
