package import Foundation
import Synchronization

/// A server of MLflow with one registered model on a port of this machine, which also passes on the
/// files of its models, and fails as it is told.
package final class FakeMLflow: Sendable {
  /// What goes wrong with one file.
  package enum Trouble: Sendable {
    /// The connection ends after so many bytes of the body.
    case cut(Int)
    case status(Int)
    /// So many bytes more come than are listed.
    case longer(Int)
  }

  package struct Version: Sendable {
    package var source: String
    package var status: String
    package var stage: String

    package init(_ source: String, status: String = "READY", stage: String = "None") {
      self.source = source
      self.status = status
      self.stage = stage
    }
  }

  /// What the server has and how it does; may change at any time.
  package struct State: Sendable {
    fileprivate init() {}

    package var name = "digits"
    package var versions: [String: Version] = [:]
    package var aliases: [String: String] = [:]
    /// The places of logged models, by their IDs, with the names that their runs gave them.
    package var logged: [String: (name: String, uri: String)] = [:]
    /// The places of runs, by their IDs, with the models that they logged.
    package var runs: [String: (uri: String, models: [String])] = [:]
    /// The files that are passed on, by their paths from the service's root.
    package var files: [String: Data] = [:]
    /// Names that lists have beside those of the files, whatever folder is listed.
    package var addedNames: [String] = []
    /// Whether each list names a folder in it, for ever.
    package var isEndless = false
    /// The value of the header Authorization; everybody is let in without one.
    package var authorization: String?
    package var knowsRanges = true
    /// What goes wrong with the next files.
    package var troubles: [Trouble] = []
    /// Where files are sent on to.
    package var redirection: String?
  }

  package struct Request: Sendable {
    /// Path and query.
    package let target: String
    /// By their names in lower case.
    package let headers: [String: String]
  }

  private let core: MLflowCore
  private let listener: HTTPListener

  package init(_ change: (inout State) -> Void = { _ in }) throws {
    let core = MLflowCore()
    self.core = core
    listener = try HTTPListener { core.answer($0, $1) }
    set(change)
  }

  package var address: String { "http://127.0.0.1:\(listener.port)" }

  /// The requests so far.
  package var requests: [Request] { core.log.withLock { $0 } }

  package func forgetRequests() { core.log.withLock { $0 = [] } }

  package func set(_ change: (inout State) -> Void) { core.state.withLock { change(&$0) } }

  /// The variables that lead to the server, with a cache in `folder`.
  package func environment(cache folder: String) -> [String: String] {
    ["MLFLOW_TRACKING_URI": address, "HOME": folder]
  }

  fileprivate final class MLflowCore: Sendable {
    let state = Mutex(State())
    let log = Mutex<[Request]>([])

    func answer(_ target: String, _ headers: [String: String]) -> HTTPReply {
      log.withLock { $0.append(Request(target: target, headers: headers)) }
      let state = self.state.withLock { $0 }
      if let expected = state.authorization, headers["authorization"] != expected {
        return HTTPReply(status: 401, body: Data("You are not authenticated.".utf8))
      }
      let address = URLComponents(string: target)
      let path = address?.path ?? ""
      var query: [String: String] = [:]
      for item in address?.queryItems ?? [] { query[item.name] = item.value }
      if let rest = path.behind("/api/2.0/mlflow-artifacts/artifacts") {
        return rest.isEmpty
          ? list(query["path"] ?? "", state) : file(String(rest.dropFirst()), headers, state)
      }
      guard let request = path.behind("/api/2.0/mlflow/") else { return HTTPReply(status: 404) }
      return tell(request, query, state)
    }

    private func tell(_ request: String, _ query: [String: String], _ state: State) -> HTTPReply {
      if let id = request.behind("logged-models/") {
        guard let model = state.logged[id] else { return .missing("Logged model '\(id)'") }
        let info = [
          "model_id": id, "name": model.name, "artifact_uri": model.uri,
          "status": "LOGGED_MODEL_READY",
        ]
        return .json(["model": ["info": info]])
      }
      if request == "runs/get" {
        let id = query["run_id"] ?? ""
        guard let run = state.runs[id] else { return .missing("Run '\(id)'") }
        let outputs = ["model_outputs": run.models.map { ["model_id": $0] }]
        return .json(["run": ["info": ["artifact_uri": run.uri], "outputs": outputs]])
      }
      guard query["name"] == state.name else { return .missing("Registered Model") }
      func told(_ version: String) -> HTTPReply {
        guard let found = state.versions[version] else { return .missing("Model Version") }
        return .json([
          "model_version": [
            "name": state.name, "version": version, "status": found.status,
            "current_stage": found.stage,
          ]
        ])
      }
      switch request {
      case "registered-models/alias":
        guard let version = state.aliases[query["alias"] ?? ""] else {
          return .refusal(
            400, "INVALID_PARAMETER_VALUE",
            "Registered model alias \(query["alias"] ?? "") not found.")
        }
        return told(version)
      case "model-versions/get": return told(query["version"] ?? "")
      case "model-versions/get-download-uri":
        guard let version = state.versions[query["version"] ?? ""] else {
          return .missing("Model Version")
        }
        return .json(["artifact_uri": version.source])
      case "registered-models/get-latest-versions":
        let versions = state.versions.filter { $1.stage == query["stages"] ?? $1.stage }
        return .json(["model_versions": versions.keys.map { ["version": $0] }])
      default: return HTTPReply(status: 404)
      }
    }

    private func list(_ folder: String, _ state: State) -> HTTPReply {
      var entries: [[String: Any]] = []
      var folders: Set<String> = state.isEndless ? ["more"] : []
      for (path, contents) in state.files {
        guard let inner = path.behind(folder + "/") else { continue }
        let parts = inner.split(separator: "/")
        if parts.count == 1 {
          entries.append(["path": inner, "is_dir": false, "file_size": contents.count])
        } else {
          folders.insert(String(parts[0]))
        }
      }
      for name in folders { entries.append(["path": name, "is_dir": true]) }
      for name in state.addedNames {
        entries.append(["path": name, "is_dir": false, "file_size": 3])
      }
      return .json(["files": entries])
    }

    private func file(
      _ path: String, _ headers: [String: String], _ state: State
    ) -> HTTPReply {
      if let place = state.redirection {
        return HTTPReply(status: 302, headers: ["Location": "\(place)/\(path)"])
      }
      guard let contents = state.files[path] else { return .missing("No such artifact") }
      var reply = HTTPReply(status: 200, body: contents)
      if state.knowsRanges, let range = headers["range"]?.behind("bytes=") {
        let start = Int(range.dropLast()) ?? 0
        guard start < contents.count else { return HTTPReply(status: 416) }
        reply.status = 206
        reply.body = Data(contents.dropFirst(start))
        reply.headers["Content-Range"] = "bytes \(start)-\(contents.count - 1)/\(contents.count)"
      }
      // What describes the model comes well.
      if path.hasSuffix("/MLmodel") { return reply }
      let trouble = self.state.withLock { $0.troubles.isEmpty ? nil : $0.troubles.removeFirst() }
      switch trouble {
      case nil: break
      case .cut(let count)?: reply.cut = count
      case .status(let status)?: return HTTPReply(status: status)
      case .longer(let count)?: reply.body += Data(repeating: 0, count: count)
      }
      return reply
    }
  }
}

extension HTTPReply {
  /// As MLflow tells of errors.
  fileprivate static func refusal(_ status: Int, _ code: String, _ message: String) -> HTTPReply {
    var reply = HTTPReply.json(["error_code": code, "message": message])
    reply.status = status
    return reply
  }

  fileprivate static func missing(_ what: String) -> HTTPReply {
    refusal(404, "RESOURCE_DOES_NOT_EXIST", "\(what) not found")
  }
}

extension String {
  /// What is behind a text with which it begins.
  fileprivate func behind(_ start: String) -> String? {
    hasPrefix(start) ? String(dropFirst(start.count)) : nil
  }
}
