#if !KServe
import Models
import SparkFunctions

/// Models on servers, in programs without the trait KServe.
struct KServeKind: LeftOutKind {
  var format: ModelFormat { ModelFormat(rawValue: "kserve") }
  var trait: PackageTrait { .kserve }
  var models: String { "the models on servers that speak KServe v2" }
  var isServed: Bool { true }

  func isOne(_ path: String) -> Bool {
    let schemes = ["kserve", "kserves", "grpc", "grpcs", "http", "https"]
    return schemes.contains { path.hasPrefix($0 + "://") }
  }
}

extension ModelSource {
  /// A model on a KServe v2 server, which this build of Needletail leaves out.
  @available(
    *, unavailable,
    message: "add the trait \"KServe\" where Package.swift names the package needletail"
  )
  public static func kserve(
    _ url: String, model: String, version: String? = nil, token: String? = nil,
    headers: [String: String] = [:], timeout: Double = 60, sharedMemory: Bool = false
  ) throws -> ModelSource { fatalError("unavailable") }
}
#endif
