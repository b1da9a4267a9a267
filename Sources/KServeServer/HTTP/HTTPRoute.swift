import KServeProtocol
import NIOHTTP1
import Texts

/// A path of the HTTP port and what it is for, which ``HTTPRoutes`` does.
struct HTTPRoute: Sendable {
  enum Purpose: Sendable {
    case page, statusDocument, serverMetadata, live, ready
    case modelMetadata, modelReady, modelConfiguration, modelStatistics, infer
    case traceSettings, logSettings
    case index, load, unload
    case regionStatus, registerRegion, unregisterRegion
    case cudaStatus, registerCUDA, unregisterCUDA
  }

  let purpose: Purpose
  /// The methods beside HEAD, which is where GET is, and OPTIONS, which is everywhere.
  let methods: [HTTPMethod]
  private let pattern: [Part]

  private enum Part: Sendable {
    case word(String)
    case model, version, region, repository
  }

  /// Whether it changes what the server does for others.
  var isControl: Bool {
    switch purpose {
    case .load, .unload, .registerRegion, .unregisterRegion, .registerCUDA, .unregisterCUDA: true
    default: false
    }
  }

  /// Whether Triton's errors about the path itself are texts, and not JSON.
  var hasTextErrors: Bool {
    switch purpose {
    case .page, .live, .ready, .modelReady, .infer: true
    default: false
    }
  }

  /// Whether it reads the server's settings, or changes them if it is posted to.
  var isSetting: Bool {
    switch purpose {
    case .traceSettings, .logSettings: true
    default: false
    }
  }

  private init(_ path: String, _ methods: [HTTPMethod], _ purpose: Purpose) {
    self.purpose = purpose
    self.methods = methods
    pattern = path.split(separator: "/").map { part in
      switch part {
      case "{model}": .model
      case "{version}": .version
      case "{region}": .region
      case "{repository}": .repository
      default: .word(String(part))
      }
    }
  }

  /// All paths; the first that fits counts. What else there is to be said of a path follows from this:
  /// a path that is not here is not found, and a method that a path does not have is not allowed.
  static let all: [HTTPRoute] = [
    HTTPRoute("/v2/models/{model}/infer", [.POST], .infer),
    HTTPRoute("/v2/models/{model}/ready", [.GET], .modelReady),
    HTTPRoute("/v2/models/stats", [.GET], .modelStatistics),
    HTTPRoute("/v2/models/{model}", [.GET], .modelMetadata),
    HTTPRoute("/v2/models/{model}/config", [.GET], .modelConfiguration),
    HTTPRoute("/v2/models/{model}/stats", [.GET], .modelStatistics),
    HTTPRoute("/v2/models/{model}/trace/setting", [.GET, .POST], .traceSettings),
    HTTPRoute("/v2/models/{model}/versions/{version}/infer", [.POST], .infer),
    HTTPRoute("/v2/models/{model}/versions/{version}/ready", [.GET], .modelReady),
    HTTPRoute("/v2/models/{model}/versions/{version}", [.GET], .modelMetadata),
    HTTPRoute("/v2/models/{model}/versions/{version}/config", [.GET], .modelConfiguration),
    HTTPRoute("/v2/models/{model}/versions/{version}/stats", [.GET], .modelStatistics),
    HTTPRoute(
      "/v2/models/{model}/versions/{version}/trace/setting", [.GET, .POST], .traceSettings),
    HTTPRoute("/", [.GET], .page),
    HTTPRoute("/v2/health/live", [.GET], .live),
    HTTPRoute("/v2/health/ready", [.GET], .ready),
    HTTPRoute("/v2", [.GET], .serverMetadata),
    HTTPRoute("/status.json", [.GET], .statusDocument),
    HTTPRoute("/v2/trace/setting", [.GET, .POST], .traceSettings),
    HTTPRoute("/v2/logging", [.GET, .POST], .logSettings),
    HTTPRoute("/v2/repository/index", [.POST], .index),
    HTTPRoute("/v2/repository/models/{model}/load", [.POST], .load),
    HTTPRoute("/v2/repository/models/{model}/unload", [.POST], .unload),
    HTTPRoute("/v2/repository/{repository}/index", [.POST], .index),
    HTTPRoute("/v2/repository/{repository}/models/{model}/load", [.POST], .load),
    HTTPRoute("/v2/repository/{repository}/models/{model}/unload", [.POST], .unload),
    HTTPRoute("/v2/systemsharedmemory/status", [.GET], .regionStatus),
    HTTPRoute("/v2/systemsharedmemory/register", [], .registerRegion),
    HTTPRoute("/v2/systemsharedmemory/unregister", [.POST], .unregisterRegion),
    HTTPRoute("/v2/systemsharedmemory/region/{region}/status", [.GET], .regionStatus),
    HTTPRoute("/v2/systemsharedmemory/region/{region}/register", [.POST], .registerRegion),
    HTTPRoute("/v2/systemsharedmemory/region/{region}/unregister", [.POST], .unregisterRegion),
    HTTPRoute("/v2/cudasharedmemory/status", [.GET], .cudaStatus),
    HTTPRoute("/v2/cudasharedmemory/unregister", [.POST], .unregisterCUDA),
    HTTPRoute("/v2/cudasharedmemory/region/{region}/status", [.GET], .cudaStatus),
    HTTPRoute("/v2/cudasharedmemory/region/{region}/register", [.POST], .registerCUDA),
    HTTPRoute("/v2/cudasharedmemory/region/{region}/unregister", [.POST], .unregisterCUDA),
  ]

  /// The names in a path.
  struct Names {
    var model = ""
    var version = ""
    var region = ""
  }

  /// The route of a target; `nil` if there is none.
  static func match(_ target: String) -> (route: HTTPRoute, names: Names)? {
    let path = target.prefix { $0 != "?" }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
      .map { $0.percentDecoded }
    if parts.contains(""), path != "/" { return nil }
    for route in all {
      if let names = route.names(in: path == "/" ? [] : parts) { return (route, names) }
    }
    return nil
  }

  private func names(in parts: [String]) -> Names? {
    guard parts.count == pattern.count else { return nil }
    var names = Names()
    for (part, expected) in zip(parts, pattern) {
      switch expected {
      case .word(let word): guard part == word else { return nil }
      case .model: names.model = part
      case .version:
        guard part.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        names.version = part
      case .region: names.region = part
      case .repository: break
      }
    }
    return names
  }
}
