import Crypto
package import Foundation
import Synchronization

/// A hub with one model, and the store behind it for its large files, on two ports of this machine.
///
/// It answers as huggingface.co does, with its headers and errors, and fails as it is told.
package final class FakeHub: Sendable {
  package struct File: Sendable {
    package let contents: Data
    /// Whether it lies in the store, behind a redirection, and is known by its SHA-256.
    package let isLarge: Bool

    package init(_ contents: Data, isLarge: Bool = false) {
      self.contents = contents
      self.isLarge = isLarge
    }

    package init(_ text: String) { self.init(Data(text.utf8)) }

    package var sha256: String { hexadecimal(SHA256.hash(data: contents)) }

    /// Git's hash of what it keeps.
    package var blob: String {
      hexadecimal(
        Insecure.SHA1.hash(data: Data("blob \(contents.count)\0".utf8) + contents))
    }

    /// The name in the cache.
    package var checksum: String { isLarge ? sha256 : blob }
  }

  /// What goes wrong with one answer.
  package enum Trouble: Sendable {
    /// The connection ends after so many bytes of the body.
    case cut(Int)
    case status(Int, [String: String])
    /// Other bytes come, as many.
    case changed
  }

  /// What the hub has and how it does; may change at any time.
  package struct State: Sendable {
    fileprivate init() {}

    package var repository = "org/model"
    package var commit = String(repeating: "c0ffee12", count: 5)
    /// The names of the commit.
    package var revisions: Set<String> = ["main"]
    package var files: [String: File] = [:]
    /// An older name of the repository.
    package var oldName: String?
    /// Who may see it; everybody without one.
    package var token: String?
    /// Whether the model must be asked for; those with a token in here may have it.
    package var isGated = false
    package var members: Set<String> = []
    /// How many files there are on a page of the list.
    package var pageSize = 1000
    package var knowsRanges = true
    /// What goes wrong with the next answers about the model.
    package var troubles: [Trouble] = []
    /// What goes wrong with the next files.
    package var fileTroubles: [Trouble] = []
    /// How long the server takes for a file.
    package var delay: Double = 0
  }

  package struct Request: Sendable {
    package let isOfStore: Bool
    /// Path and query.
    package let target: String
    /// By their names in lower case.
    package let headers: [String: String]
  }

  private let core: Core
  private let hub: HTTPListener
  private let store: HTTPListener

  package init(_ files: [String: File] = [:]) throws {
    let core = Core(files)
    self.core = core
    store = try HTTPListener { core.stored($0, $1) }
    hub = try HTTPListener { core.answer($0, $1) }
    let ports = Core.Ports(hub: hub.port, store: store.port)
    core.ports.withLock { $0 = ports }
  }

  /// The requests so far.
  package var requests: [Request] { core.log.withLock { $0 } }

  package func forgetRequests() { core.log.withLock { $0 = [] } }

  package var endpoint: String { core.endpoint }

  /// The variables that lead to the hub, with a cache in `folder`.
  package func environment(cache folder: String) -> [String: String] {
    ["HF_ENDPOINT": endpoint, "HF_HOME": folder, "HOME": folder]
  }

  package func set(_ change: (inout State) -> Void) { core.state.withLock { change(&$0) } }
}

/// What both servers know.
private final class Core: Sendable {
  typealias File = FakeHub.File
  typealias State = FakeHub.State
  typealias Trouble = FakeHub.Trouble

  struct Ports {
    var hub = 0
    var store = 0
  }

  let state: Mutex<State>
  let log = Mutex<[FakeHub.Request]>([])
  let ports = Mutex(Ports())

  init(_ files: [String: File]) {
    var first = State()
    first.files = files
    state = Mutex(first)
  }

  var endpoint: String { "http://127.0.0.1:\(ports.withLock { $0.hub })" }

  // MARK: The hub

  func answer(_ target: String, _ headers: [String: String]) -> HTTPReply {
    log.withLock { $0.append(FakeHub.Request(isOfStore: false, target: target, headers: headers)) }
    let state = self.state.withLock { $0 }
    if let old = state.oldName, target.contains("/\(old)/") {
      let renamed = target.replacingOccurrences(of: "/\(old)/", with: "/\(state.repository)/")
      return HTTPReply(status: 307, headers: ["Location": renamed])
    }
    if let refusal = refusal(state, headers) { return refusal }
    let api = "/api/models/\(state.repository)/"
    let files = "/\(state.repository)/resolve/"
    if target.hasPrefix(api) {
      if let trouble = nextTrouble(\.troubles) { return trouble.reply }
      return description(String(target.dropFirst(api.count)), state)
    }
    guard target.hasPrefix(files) else {
      return .error(404, "RepoNotFound", "Repository not found")
    }
    let parts = target.dropFirst(files.count).split(separator: "/", maxSplits: 1)
    guard parts.count == 2, parts[0] == state.commit || isRevision(parts[0], state) else {
      return .error(404, "RevisionNotFound", "Invalid rev id")
    }
    let path = String(parts[1]).removingPercentEncoding ?? ""
    guard let file = state.files[path] else {
      return .error(404, "EntryNotFound", "Entry not found")
    }
    if file.isLarge {
      let place = "http://127.0.0.1:\(ports.withLock { $0.store })/\(file.sha256)?Signature=a%2Fb"
      return HTTPReply(
        status: 302,
        headers: [
          "Location": place, "X-Linked-Etag": "\"\(file.sha256)\"",
          "X-Linked-Size": "\(file.contents.count)", "X-Repo-Commit": state.commit,
        ])
    }
    return content(
      file, headers, state, ["ETag": "\"\(file.blob)\"", "X-Repo-Commit": state.commit])
  }

  private func isRevision(_ text: Substring, _ state: State) -> Bool {
    state.revisions.contains(String(text).removingPercentEncoding ?? "")
  }

  private func refusal(_ state: State, _ headers: [String: String]) -> HTTPReply? {
    let shown = headers["authorization"]
    if let token = state.token, shown != "Bearer \(token)" {
      return shown == nil
        ? .error(401, "RepoNotFound", "Repository not found")
        : .error(401, "", "Invalid credentials in Authorization header")
    }
    guard state.isGated, !state.members.contains(where: { shown == "Bearer \($0)" }) else {
      return nil
    }
    return shown == nil
      ? .error(401, "GatedRepo", "Access to model is restricted. You must be authenticated.")
      : .error(403, "GatedRepo", "Access to model is restricted and you are not in the list.")
  }

  private func nextTrouble(_ list: WritableKeyPath<State, [Trouble]>) -> Trouble? {
    state.withLock { $0[keyPath: list].isEmpty ? nil : $0[keyPath: list].removeFirst() }
  }

  /// What the hub tells of the model.
  private func description(_ target: String, _ state: State) -> HTTPReply {
    if target.hasPrefix("revision/") {
      guard isRevision(target.dropFirst("revision/".count), state) else {
        return .error(404, "RevisionNotFound", "Invalid rev id")
      }
      return .json(["id": state.repository, "sha": state.commit])
    }
    let tree = "tree/\(state.commit)?recursive=true"
    guard target.hasPrefix(tree) else {
      return .error(404, "RevisionNotFound", "Invalid rev id")
    }
    let start = target.components(separatedBy: "cursor=").dropFirst().first.flatMap { Int($0) } ?? 0
    let names = state.files.keys.sorted()
    let end = min(start + state.pageSize, names.count)
    var entries: [[String: Any]] = start == 0 ? [["type": "directory", "path": "onnx"]] : []
    for name in names[start..<end] {
      guard let file = state.files[name] else { continue }
      var entry: [String: Any] = [
        "type": "file", "path": name, "size": file.contents.count, "oid": file.blob,
      ]
      if file.isLarge {
        let pointer: [String: Any] = [
          "oid": file.sha256, "size": file.contents.count, "pointerSize": 130,
        ]
        entry["lfs"] = pointer
      }
      entries.append(entry)
    }
    var reply = HTTPReply.json(entries)
    if end < names.count {
      let next = "\(endpoint)/api/models/\(state.repository)/\(tree)&cursor=\(end)"
      reply.headers["Link"] = "<\(next)>; rel=\"next\""
    }
    return reply
  }

  // MARK: Files

  func stored(_ target: String, _ headers: [String: String]) -> HTTPReply {
    log.withLock { $0.append(FakeHub.Request(isOfStore: true, target: target, headers: headers)) }
    let state = self.state.withLock { $0 }
    // Stores refuse what is signed and shows a token, too.
    guard headers["authorization"] == nil, target.hasSuffix("?Signature=a%2Fb") else {
      return HTTPReply(status: 400)
    }
    let name = target.dropFirst().prefix { $0 != "?" }
    guard let file = state.files.values.first(where: { $0.isLarge && $0.sha256 == name }) else {
      return HTTPReply(status: 404)
    }
    // The store's own tag is none of Git's.
    return content(file, headers, state, ["ETag": "\"00ff\""])
  }

  private func content(
    _ file: File, _ headers: [String: String], _ state: State, _ own: [String: String]
  ) -> HTTPReply {
    if state.delay > 0 { Thread.sleep(forTimeInterval: state.delay) }
    var reply = HTTPReply(status: 200, headers: own, body: file.contents)
    if state.knowsRanges, let range = headers["range"], range.hasPrefix("bytes=") {
      let start = Int(range.dropFirst("bytes=".count).dropLast()) ?? 0
      guard start < file.contents.count else { return HTTPReply(status: 416) }
      reply.status = 206
      reply.body = Data(file.contents.dropFirst(start))
      reply.headers["Content-Range"] =
        "bytes \(start)-\(file.contents.count - 1)/\(file.contents.count)"
    }
    switch nextTrouble(\.fileTroubles) {
    case nil: break
    case .cut(let count)?: reply.cut = count
    case .changed?: reply.body = Data(reply.body.map { $0 ^ 1 })
    case .status(let status, let headers)?: return HTTPReply(status: status, headers: headers)
    }
    return reply
  }
}

extension FakeHub.Trouble {
  /// The answer that tells of it.
  fileprivate var reply: HTTPReply {
    if case .status(let status, let headers) = self {
      return HTTPReply(status: status, headers: headers)
    }
    return HTTPReply(status: 500)
  }
}

private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
