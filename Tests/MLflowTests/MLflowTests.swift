import FakeHub
import Foundation
import Testing

@testable import MLflow

/// Models of a server: what a name means, who is let in, and what comes.
@Suite("Models of MLflow", .timeLimit(.minutes(2)))
struct MLflowTests {
  private let fixture: MLflowFixture

  init() throws { fixture = try MLflowFixture() }

  @Test(
    "each form of a name finds its files",
    arguments: [
      ("models:/digits/1", "1", Data("old".utf8)),
      ("models:/digits@champion", "12", MLflowFixture.weights),
      ("mlflow:models:/digits/12", "12", MLflowFixture.weights),
      ("models:/digits/Production", "1", Data("old".utf8)),
      ("models:/digits/latest", "12", MLflowFixture.weights),
      ("models:/m-1", "m-1", MLflowFixture.weights),
      ("runs:/r1/net", "m-1", MLflowFixture.weights), ("runs:/r1/other", "m-1", Data("run".utf8)),
    ])
  func names(_ name: String, _ revision: String, _ contents: Data) throws {
    let model = try fixture.model(name)
    #expect(model.revision == revision)
    #expect(model.parts == [.file("model.onnx", ending: "onnx")])
    #expect(try fixture.contents(model) == contents)
  }

  @Test("the server stands before the name, too")
  func address() throws {
    let name = "mlflow:\(fixture.fake.address)/models:/digits@champion"
    let model = try fixture.model(name, ["MLFLOW_TRACKING_URI": "http://127.0.0.1:1"])
    #expect(try fixture.contents(model) == MLflowFixture.weights)
    #expect(try MLflowReference(name).plainName == "digits")
  }

  @Test("a file comes once, into a folder of the user, and nothing else is seen there")
  func cache() throws {
    let first = try fixture.model("models:/digits@champion")
    #expect(try fixture.contents(first) == MLflowFixture.weights)
    #expect(fixture.fetched.count == 1)
    // A new process, for which another name of the same version stands here.
    let second = try fixture.model("models:/digits/12")
    #expect(try fixture.contents(second) == MLflowFixture.weights)
    #expect(second.folder == first.folder && fixture.fetched.count == 1)
    let names = fixture.cached.filter { $0.contains("/") }.map {
      $0.split(separator: "/").last ?? ""
    }
    #expect(Set(names) == [".lock", "model.onnx"])
    var status = stat()
    #expect(stat(first.folder, &status) == 0 && status.st_mode & 0o777 == 0o700)
  }

  @Test("a file whose size no list tells has an end", arguments: [nil, 100] as [Int?])
  func unlisted(_ size: Int?) throws {
    let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString)"
    let download = try ArtifactDownload(path, size: size, most: 20) { _ in }
    func receive() throws { try [UInt8](repeating: 7, count: 15).withUnsafeBytes(download.receive) }
    try receive()
    if size == nil {
      #expect(throws: MLflowError.self) { try receive() }
    } else {
      try receive()
    }
    #expect(download.count == (size == nil ? 15 : 30))
  }

  @Test("a model that was logged anew is another one, also with files of the same sizes")
  func loggedAnew() throws {
    let before = try fixture.model("models:/digits/12")
    _ = try fixture.contents(before)
    let root = "0/models/m-1/artifacts"
    let changed = Data(MLflowFixture.weights.map { $0 ^ 1 })
    fixture.fake.set {
      $0.files["\(root)/MLmodel"] = Data(
        MLflowFixture.description.replacingOccurrences(of: "m-1", with: "m-2").utf8)
      $0.files["\(root)/model.onnx"] = changed
    }
    // By another name, since a process stays with what it has found.
    let after = try fixture.model("models:/digits@champion")
    #expect(try fixture.contents(after) == changed)
    #expect(try fixture.contents(before) == MLflowFixture.weights)
  }

  @Test("a transfer that is cut goes on, or begins anew where the server knows no parts")
  func cuts() throws {
    fixture.fake.set { $0.troubles = [.cut(100_000), .status(503), .cut(50_000)] }
    let model = try fixture.model("models:/digits/12")
    #expect(try fixture.contents(model) == MLflowFixture.weights)
    let ranges = fixture.fake.requests.filter { $0.target.hasSuffix("model.onnx") }
      .map { $0.headers["range"] ?? "" }
    #expect(ranges == ["", "bytes=100000-", "bytes=100000-", "bytes=150000-"])
    let other = try MLflowFixture()
    other.fake.set {
      $0.troubles = [.cut(100_000)]
      $0.knowsRanges = false
    }
    #expect(try other.contents(other.model("models:/digits/12")) == MLflowFixture.weights)
  }

  @Test("of a transfer that never ends nothing is seen")
  func neverWhole() throws {
    fixture.fake.set { $0.troubles = Array(repeating: .cut(10), count: 20) + [.status(500)] }
    fixture.fake.set { $0.knowsRanges = false }
    let model = try fixture.model("models:/digits/12")
    let error = #expect(throws: MLflowError.self) { try fixture.contents(model) }
    #expect(error?.code == .unavailable)
    #expect(fixture.cached.allSatisfy { !$0.hasSuffix(".onnx") && !$0.hasSuffix(".partial") })
    #expect(fixture.pauses.count >= 4)
  }

  @Test("more than is listed is not taken")
  func tooLong() throws {
    fixture.fake.set { $0.troubles = Array(repeating: .longer(5), count: 20) }
    let model = try fixture.model("models:/digits/12")
    let error = #expect(throws: MLflowError.self) { try fixture.contents(model) }
    #expect(error?.message.contains("more than the 300000 bytes") == true)
    #expect(fixture.cached.allSatisfy { !$0.hasSuffix(".onnx") })
  }

  // MARK: Who is let in

  @Test(
    "who asks is shown",
    arguments: [
      (["MLFLOW_TRACKING_TOKEN": "secret"], "Bearer secret"),
      (["MLFLOW_TRACKING_USERNAME": "u", "MLFLOW_TRACKING_PASSWORD": "p"], "Basic dTpw"),
    ])
  func authorization(_ variables: [String: String], _ header: String) throws {
    fixture.fake.set { $0.authorization = header }
    #expect(
      try fixture.contents(fixture.model("models:/digits/12", variables)) == MLflowFixture.weights)
    let nobody = #expect(throws: MLflowError.self) { try fixture.model("models:/digits/12") }
    #expect(nobody?.code == .accessDenied)
    #expect(nobody?.message.contains("set MLFLOW_TRACKING_TOKEN, or") == true)
    let wrong = #expect(throws: MLflowError.self) {
      try fixture.model("models:/digits/12", ["MLFLOW_TRACKING_TOKEN": "wrong-word"])
    }
    #expect(wrong?.message.contains("who shows MLFLOW_TRACKING_TOKEN") == true)
    #expect(wrong?.message.contains("wrong-word") == false)
  }

  @Test("a server to which files are sent on sees no token")
  func redirection() throws {
    let store = try FakeMLflow { state in
      for (name, contents) in [
        ("MLmodel", Data(MLflowFixture.description.utf8)), ("model.onnx", MLflowFixture.weights),
      ] { state.files["0/models/m-1/artifacts/\(name)"] = contents }
    }
    fixture.fake.set {
      $0.authorization = "Bearer secret"
      $0.redirection = store.address + "/api/2.0/mlflow-artifacts/artifacts"
    }
    let model = try fixture.model("models:/digits/12", ["MLFLOW_TRACKING_TOKEN": "secret"])
    #expect(try fixture.contents(model) == MLflowFixture.weights)
    #expect(
      !store.requests.isEmpty && store.requests.allSatisfy { $0.headers["authorization"] == nil })
  }

  @Test("the name in a server's address is not told to the other server")
  func twoServers() throws {
    let store = try MLflowFixture()
    func login(_ address: String) -> String {
      address.replacingOccurrences(of: "http://", with: "http://u:p@")
    }
    fixture.fake.set { $0.versions["12"] = FakeMLflow.Version("models:/m-1") }
    // The registry is asked for the version, and the tracking server for its files.
    let model = try fixture.model(
      "models:/digits/12",
      [
        "MLFLOW_TRACKING_URI": login(store.fake.address),
        "MLFLOW_REGISTRY_URI": fixture.fake.address,
      ])
    #expect(try fixture.contents(model) == MLflowFixture.weights)
    let shown = store.fake.requests.map { $0.headers["authorization"] }
    #expect(!shown.isEmpty && shown.allSatisfy { $0 == "Basic dTpw" })
    let other = fixture.fake.requests.map { $0.headers["authorization"] }
    #expect(!other.isEmpty && other.allSatisfy { $0 == nil })
    let settings = try MLflowSettings(
      environment: ["MLFLOW_TRACKING_TOKEN": "secret", "MLFLOW_TRACKING_URI": "http://u:pw@h"],
      server: nil)
    var dumped = ""
    dump(settings, to: &dumped)
    #expect(!"\(settings) \(dumped)".contains("dTpw"))
    #expect(settings.authorization(for: settings.tracking)?.source == "MLFLOW_TRACKING_URI")
  }

  // MARK: What cannot be had

  @Test(
    "what there is not is told",
    arguments: [
      (
        "models:/other/1", MLflowError.Code.notFound, "does not have version 1 of the model 'other'"
      ),
      ("models:/digits/7", .notFound, "does not have version 7 of the model 'digits'"),
      (
        "models:/digits@nobody", .notFound,
        "with the alias 'nobody' (Registered model alias nobody not found.)"
      ),
      ("models:/digits/Staging", .notFound, "has no version in the stage 'Staging'"),
      ("models:/digits/2", .notFound, "is not ready (PENDING_REGISTRATION)"),
      ("models:/m-9", .notFound, "does not have the logged model 'm-9'"),
      ("runs:/r9/model", .notFound, "does not have the run 'r9'"),
      ("runs:/r1/nothing", .notFound, "there is no file MLmodel"),
      ("models:/a/b/c", .invalidReference, "the form is models:/NAME/VERSION"),
      ("runs:/r1", .invalidReference, "a run's ID and the path"),
      ("runs:/r1/../x", .invalidReference, "a run's ID and the path"),
      ("mlflow:http://u:pw@h:1/models:/a/1", .invalidReference, "MLFLOW_TRACKING_USERNAME"),
      ("mlflow:http://u:a/pw@h:1/models:/a/1", .invalidReference, "MLFLOW_TRACKING_USERNAME"),
      ("mlflow:nowhere", .invalidReference, "nor a folder with a file MLmodel"),
    ] as [(String, MLflowError.Code, String)])
  func missing(_ name: String, _ code: MLflowError.Code, _ text: String) {
    let error = #expect(throws: MLflowError.self) { try fixture.model(name) }
    #expect(error?.code == code)
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    #expect(error?.message.contains("pw@") == false)
  }

  @Test(
    "settings that cannot be are told",
    arguments: [
      (["MLFLOW_TRACKING_URI": ""], "set MLFLOW_TRACKING_URI"),
      (["MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"], "--backend-store-uri sqlite:///mlflow.db"),
      (["MLFLOW_TRACKING_URI": "databricks://profile"], "mlflow artifacts download"),
      (["MLFLOW_TRACKING_TOKEN": "two words"], "MLFLOW_TRACKING_TOKEN has more than a token"),
      (["MLFLOW_HTTP_REQUEST_TIMEOUT": "soon"], "whole number of seconds"),
    ])
  func settings(_ variables: [String: String], _ text: String) {
    let error = #expect(throws: MLflowError.self) {
      try fixture.model("models:/digits/1", variables)
    }
    #expect(error?.code == .settings)
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
  }

  @Test(
    "stores of others are refused, and what to do is said",
    arguments: [
      "s3://bucket/0/m-1/artifacts", "sftp://u:secret@host/0", "abfss://x?sig=secret",
      "gs://bucket/x", "dbfs:/databricks/mlflow", "./mlruns/0/m-1",
      "file:///no/such/folder", "/no/such/folder",
    ])
  func stores(_ uri: String) {
    fixture.fake.set { $0.versions["12"] = FakeMLflow.Version(uri) }
    let error = #expect(throws: MLflowError.self) { try fixture.model("models:/digits/12") }
    #expect(error?.code == .unsupportedStore)
    #expect(error?.message.contains("secret") == false)
    #expect(
      error?.message.contains(
        "mlflow artifacts download --artifact-uri models:/digits/12 --dst-path FOLDER") == true)
  }

  @Test("files of this machine are used where they lie", arguments: ["file://", ""])
  func local(_ scheme: String) throws {
    let place = fixture.folder + "/here"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    try Data(MLflowFixture.description.utf8).write(to: URL(filePath: place + "/MLmodel"))
    try Data("x".utf8).write(to: URL(filePath: place + "/model.onnx"))
    fixture.fake.set { $0.versions["12"] = FakeMLflow.Version(scheme + place) }
    let model = try fixture.model("models:/digits/12")
    #expect(model.folder == place)
    #expect(try fixture.contents(model) == Data("x".utf8))
    #expect(try fixture.model(place).folder == place)
    #expect(MLflowReference.isOne(place) && !MLflowReference.isOne(fixture.folder))
  }

  // MARK: Servers that mean harm

  @Test(
    "lists that lead elsewhere are refused",
    arguments: ["..", "../../x", "/etc/passwd", "a/b", "", ".", "a\u{0}b", "model.onnx"])
  func hostileNames(_ name: String) throws {
    fixture.fake.set { $0.addedNames = [name] }
    let error = #expect(throws: MLflowError.self) { try fixture.model("models:/digits/12") }
    #expect(error?.code == .damaged)
    #expect(fixture.cached.isEmpty)
  }

  @Test("lists without an end are refused")
  func endless() throws {
    fixture.fake.set { $0.isEndless = true }
    let error = #expect(throws: MLflowError.self) { try fixture.model("models:/digits/12") }
    #expect(error?.code == .damaged)
  }

  @Test("a place of files that leads elsewhere is refused", arguments: ["/../..", "/0/../x", "/"])
  func hostilePlaces(_ path: String) throws {
    fixture.fake.set { $0.versions["12"] = FakeMLflow.Version("mlflow-artifacts:" + path) }
    let error = #expect(throws: MLflowError.self) { try fixture.model("models:/digits/12") }
    #expect(error?.code == .damaged)
  }
}
