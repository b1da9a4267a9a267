import FakeHub
import Foundation
import Testing
import Threads

@testable import ModelHub

@Suite("Models from a hub", .timeLimit(.minutes(2)))
struct HubTests {
  private let fixture: HubFixture
  private static let large = "onnx/model.onnx"

  init() throws { fixture = try HubFixture() }

  @Test("files come into the official client's layout, and none comes twice")
  func layout() throws {
    let repository = try fixture.fetch("config.json", Self.large, "empty.txt", "a b/ü.txt")
    let commit = repository.commit
    #expect(repository.folder == "\(fixture.model)/snapshots/\(commit)")
    #expect(
      repository.files.map(\.path) == ["a b/ü.txt", "config.json", "empty.txt", Self.large])
    let files = FileManager.default
    for (name, up) in [
      ("config.json", "../.."), (Self.large, "../../.."), ("a b/ü.txt", "../../.."),
    ] {
      let file = try #require(repository.files.first { $0.path == name })
      #expect(
        try files.destinationOfSymbolicLink(atPath: "\(repository.folder)/\(name)")
          == "\(up)/blobs/\(file.checksum)")
    }
    #expect(fixture.contents("\(repository.folder)/\(Self.large)") == HubFixture.weights.contents)
    #expect(fixture.contents("\(repository.folder)/empty.txt") == Data())
    #expect(fixture.contents("\(fixture.model)/refs/main") == Data(commit.utf8))
    #expect(
      files.fileExists(
        atPath: "\(fixture.cache)/.locks/models--org--model/\(HubFixture.weights.checksum).lock"))
    #expect(files.fileExists(atPath: "\(fixture.cache)/CACHEDIR.TAG"))
    #expect(
      try files.contentsOfDirectory(atPath: "\(fixture.model)/blobs").allSatisfy {
        !$0.hasSuffix(".incomplete")
      })

    // The commit is asked for again, its files are known.
    fixture.fake.forgetRequests()
    try fixture.fetch("config.json", Self.large)
    #expect(fixture.fake.requests.map(\.target) == ["/api/models/org/model/revision/main"])
    fixture.fake.forgetRequests()
    let pinned = try fixture.repository("hf:org/model@\(commit)")
    try pinned.fetch(["config.json"])
    try fixture.fetch("config.json", environment: ["HF_HUB_OFFLINE": "1"])
    #expect(fixture.fake.requests.isEmpty)
  }

  @Test("the listing in the cache is the one that was read")
  func listing() throws {
    let files = try fixture.repository().files
    let cache = HubCache(root: fixture.cache, repository: "org/model")
    #expect(try #require(cache.listing(of: fixture.repository().commit)).files == files)
  }

  @Test("the hub sees the token, the store does not")
  func token() throws {
    fixture.fake.set { $0.token = "hf_secret" }
    try fixture.fetch(Self.large, environment: ["HF_TOKEN": "hf_secret"])
    for request in fixture.fake.requests {
      #expect(
        request.headers["authorization"] == (request.isOfStore ? nil : "Bearer hf_secret"))
      #expect(request.headers["accept-encoding"] == "identity")
    }
    #expect(fixture.ranges == [""])
  }

  @Test("a repository with a new name is found by its old one")
  func renamed() throws {
    fixture.fake.set {
      $0.oldName = "old/name"
      $0.token = "t"
    }
    let repository = try fixture.repository("hf:old/name", ["HF_TOKEN": "t"])
    try repository.fetch([Self.large])
    #expect(repository.folder.contains("/models--old--name/"))
    #expect(fixture.contents("\(repository.folder)/\(Self.large)") == HubFixture.weights.contents)
  }

  @Test("long lists come in pages")
  func pages() throws {
    fixture.fake.set { $0.pageSize = 3 }
    #expect(try fixture.repository().files.count == 4)
  }

  @Test("a proxy is asked for whole addresses")
  func proxy() throws {
    let proxy = fixture.fake.endpoint.replacingOccurrences(of: "://", with: "://user:p%40ss@")
    try fixture.fetch(
      "config.json", environment: ["HF_ENDPOINT": "http://hub.invalid", "HTTP_PROXY": proxy])
    let shown = "Basic " + Data("user:p@ss".utf8).base64EncodedString()
    for request in fixture.fake.requests {
      #expect(request.headers["proxy-authorization"] == shown)
      #expect(request.headers["host"] == "hub.invalid")
    }
    #expect(!fixture.fake.requests.isEmpty)
  }

  @Test("revisions", arguments: ["v1", "feature/x", "refs/pr/3"])
  func revision(_ revision: String) throws {
    fixture.fake.set { $0.revisions = [revision] }
    let id = "hf:org/model@" + (revision == "feature/x" ? "feature%2Fx" : revision)
    let repository = try fixture.repository(id)
    #expect(fixture.contents("\(fixture.model)/refs/\(revision)") == Data(repository.commit.utf8))
    let error = #expect(throws: HubError.self) { try fixture.repository() }
    #expect(error?.code == .notFound)
    #expect(error?.message.contains("has no branch, tag or commit 'main'") == true)
  }

  @Test("two that fetch the same file at the same time fetch it once")
  func together() async throws {
    fixture.fake.set { $0.delay = 0.3 }
    let fixture = self.fixture
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          try await Threads.Thread.run { _ = try fixture.fetch(Self.large) }
        }
      }
      try await group.waitForAll()
    }
    #expect(fixture.ranges == [""])
  }

  // MARK: Going on

  @Test("what was cut goes on where it ended")
  func cut() throws {
    fixture.fake.set { $0.fileTroubles = [.cut(100_000), .cut(50_000)] }
    let repository = try fixture.fetch(Self.large)
    #expect(fixture.contents("\(repository.folder)/\(Self.large)") == HubFixture.weights.contents)
    // Each attempt got on, so that none is a second failure.
    #expect(fixture.pauses == [1, 1])
    #expect(fixture.ranges.count == 3 && fixture.ranges[0].isEmpty)
    let starts = fixture.ranges.dropFirst().map { Int($0.dropFirst("bytes=".count).dropLast()) }
    #expect(starts.allSatisfy { $0.map { $0 > 0 && $0 <= 150_000 } ?? false }, "\(starts)")
  }

  @Test("a later process goes on with what an earlier one left", arguments: [1, 150_000, 300_000])
  func resumed(_ count: Int) throws {
    try fixture.write(HubFixture.weights.contents.prefix(count), fixture.partial)
    let repository = try fixture.fetch(Self.large)
    #expect(fixture.contents("\(repository.folder)/\(Self.large)") == HubFixture.weights.contents)
    #expect(fixture.ranges == (count == 300_000 ? [] : ["bytes=\(count)-"]))
  }

  @Test("what was left and is of another file is thrown away", arguments: [100, 300_000, 400_000])
  func foreign(_ count: Int) throws {
    try fixture.write(Data(repeating: 1, count: count), fixture.partial)
    let repository = try fixture.fetch(Self.large)
    #expect(fixture.contents("\(repository.folder)/\(Self.large)") == HubFixture.weights.contents)
    #expect(fixture.ranges.last == "")
  }

  @Test("a server that knows no parts sends all of it again")
  func withoutRanges() throws {
    fixture.fake.set { $0.knowsRanges = false }
    try fixture.write(HubFixture.weights.contents.prefix(1000), fixture.partial)
    let repository = try fixture.fetch(Self.large)
    #expect(fixture.contents("\(repository.folder)/\(Self.large)") == HubFixture.weights.contents)
    #expect(fixture.ranges == ["bytes=1000-"])
  }

  // MARK: Patience

  @Test(
    "what may pass is tried again",
    arguments: [
      ([.status(429, ["Retry-After": "7"])], [7]),
      ([.status(429, ["RateLimit": "\"api\";r=0;t=55"])], [56]),
      ([.status(503, [:]), .status(500, [:]), .status(502, ["Retry-After": "9"])], [1, 2, 9]),
    ] as [([FakeHub.Trouble], [Double])])
  func patience(_ troubles: [FakeHub.Trouble], _ pauses: [Double]) throws {
    fixture.fake.set { $0.troubles = troubles }
    try fixture.fetch("config.json")
    #expect(fixture.pauses == pauses)
  }

  @Test("an address of the store that no longer holds is asked for anew")
  func expired() throws {
    fixture.fake.set { $0.fileTroubles = [.status(403, [:])] }
    try fixture.fetch(Self.large)
    #expect(fixture.fake.requests.filter { $0.target.contains("/resolve/") }.count == 2)
  }

  @Test(
    "patience ends",
    arguments: [
      (Array(repeating: .status(503, [:]), count: 9), "answers with the status 503"),
      ([.status(429, ["Retry-After": "3600"])], "too many requests (429)"),
    ] as [([FakeHub.Trouble], String)])
  func impatience(_ troubles: [FakeHub.Trouble], _ text: String) {
    fixture.fake.set { $0.troubles = troubles }
    let error = #expect(throws: HubError.self) { try fixture.fetch("config.json") }
    #expect(error?.code == .unavailable)
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    #expect(error?.message.contains("HF_ENDPOINT") == true)
  }

  // MARK: Refusals

  @Test(
    "whoever may not have the model is told why",
    arguments: [
      ("private", nil, HubError.Code.notFound, "or it is private, and no token was shown"),
      ("private", "hf_wrong", .accessDenied, "does not know the token of HF_TOKEN"),
      ("gated", nil, .accessDenied, "the model is gated"),
      ("gated", "hf_other", .accessDenied, "the owner of the token of HF_TOKEN has no access"),
    ] as [(String, String?, HubError.Code, String)])
  func refused(_ kind: String, _ token: String?, _ code: HubError.Code, _ text: String) throws {
    fixture.fake.set {
      $0.token = kind == "private" ? "hf_right" : nil
      $0.isGated = kind == "gated"
      $0.members = ["hf_right"]
    }
    let environment = token.map { ["HF_TOKEN": $0] } ?? [:]
    let error = #expect(throws: HubError.self) {
      try fixture.fetch("config.json", environment: environment)
    }
    #expect(error?.code == code)
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    #expect(error?.message.contains("hf_") == false, "tokens are not told")
    #expect(
      error?.message.contains("\(fixture.fake.endpoint)/org/model")
        == (code != .accessDenied || kind == "gated"))
    // With the right one it comes.
    try fixture.fetch("config.json", environment: ["HF_TOKEN": "hf_right"])
  }

  @Test("a model and a file that are not there")
  func missing() throws {
    let model = #expect(throws: HubError.self) { try fixture.repository("hf:org/other") }
    #expect(model?.code == .notFound)
    #expect(model?.message.contains("has no model 'org/other'") == true)
    let file = #expect(throws: HubError.self) { try fixture.fetch("no.onnx") }
    #expect(file?.code == .notFound && file?.message.contains("no.onnx") == true)
  }

  @Test("a file that came changed is not kept")
  func changed() throws {
    fixture.fake.set { $0.fileTroubles = [.changed] }
    let error = #expect(throws: HubError.self) { try fixture.fetch(Self.large) }
    #expect(error?.code == .damaged)
    #expect(error?.message.contains(HubFixture.weights.checksum) == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(fixture.model)/blobs").isEmpty)
    fixture.fake.set { $0.fileTroubles = [.changed] }
    #expect(throws: HubError.self) { try fixture.fetch("config.json") }
    try fixture.fetch(Self.large, "config.json")
  }

  @Test("paths that lead out of the cache are refused", arguments: ["../x", "a/../../x", "/x"])
  func paths(_ path: String) throws {
    fixture.fake.set { $0.files[path] = FakeHub.File("x") }
    let error = #expect(throws: HubError.self) { try fixture.repository() }
    #expect(error?.message.contains("'\(path)' has no size, no hash or no such path") == true)
  }

  // MARK: Offline

  @Test("without the hub there is what the cache has")
  func offline() throws {
    let offline = ["HF_HUB_OFFLINE": "1"]
    let nothing = #expect(throws: HubError.self) {
      try fixture.fetch("config.json", environment: offline)
    }
    #expect(nothing?.code == .offline)
    #expect(nothing?.message.contains("HF_HUB_OFFLINE is set") == true)
    #expect(fixture.fake.requests.isEmpty)

    try fixture.fetch("config.json")
    try fixture.fetch("config.json", environment: offline)
    let lacking = #expect(throws: HubError.self) {
      try fixture.fetch(Self.large, environment: offline)
    }
    #expect(lacking?.code == .offline)
    #expect(lacking?.message.contains("lacks the file \(Self.large)") == true)
  }

  @Test("a hub that is not reached leaves what the cache has")
  func unreachable() throws {
    let nowhere = ["HF_ENDPOINT": "http://127.0.0.1:1"]
    let error = #expect(throws: HubError.self) {
      try fixture.fetch("config.json", environment: nowhere)
    }
    #expect(error?.code == .unavailable)
    #expect(error?.message.contains("127.0.0.1:1") == true)
    #expect(fixture.pauses == [1, 2])
    try fixture.fetch("config.json")
    try fixture.fetch("config.json", environment: nowhere)
  }

  @Test("a cache that others filled needs no listing")
  func foreignCache() throws {
    let commit = String(repeating: "1", count: 40)
    try fixture.write(Data("{}".utf8), "\(fixture.model)/blobs/\(FakeHub.File("{}").blob)")
    try fixture.write(Data(commit.utf8), "\(fixture.model)/refs/main")
    let folder = "\(fixture.model)/snapshots/\(commit)/sub"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/config.json",
      withDestinationPath: "../../../blobs/\(FakeHub.File("{}").blob)")
    let repository = try fixture.fetch(
      "sub/config.json", environment: ["HF_HUB_OFFLINE": "TRUE"])
    #expect(repository.files.map(\.path) == ["sub/config.json"])
  }

  @Test("a process uses one commit, also when the branch moves on")
  func oneCommit() throws {
    let hub = try Hub(environment: fixture.fake.environment(cache: fixture.folder))
    let first = try hub.repository(HubReference("hf:org/model"))
    fixture.fake.set { $0.commit = String(repeating: "b", count: 40) }
    let second = try hub.repository(HubReference("hf:org/model/onnx/model.onnx"))
    #expect(second.commit == first.commit)
    #expect(second.reference.path == Self.large)
    #expect(try fixture.repository().commit != first.commit)
  }

  @Test("a cache that cannot be written is named")
  func unwritable() throws {
    try fixture.write(Data(), fixture.folder + "/file")
    let error = #expect(throws: HubError.self) {
      try fixture.fetch(
        "config.json", environment: ["HF_HUB_CACHE": fixture.folder + "/file/cache"])
    }
    #expect(error?.code == .cache)
    #expect(error?.message.contains("name another folder for it in HF_HUB_CACHE") == true)
  }
}
