import Foundation
import HostProcesses
import KServeClient
import SparkFunctions

extension ModelSource {
  /// A model on a KServe v2 server, such as Triton, which every executor must reach.
  ///
  /// ```swift
  /// try await images.predicting(.kserve("grpc://triton:8001", model: "resnet"))
  /// ```
  ///
  /// Shapes and types are those that the server tells. Batches beyond the server's greatest, and those
  /// whose messages would be too long, are sent in parts, and each executor process has one connection
  /// for all its tasks.
  ///
  /// - Parameters:
  ///   - url: `grpc://HOST:PORT`, `grpcs://`, `http://` or `https://`; `kserve://` is gRPC. Over HTTP a
  ///     path may follow, which a gateway puts before the protocol's: `https://gateway/team`.
  ///   - version: `nil` for the server's choice.
  ///   - token: what restricted calls ask for (`triton-access-token`).
  ///   - headers: further headers (HTTP) or metadata (gRPC) of each call, such as `Authorization`, and
  ///     `Host` for a gateway that tells servers apart by it.
  ///   - timeout: seconds that a call may take.
  ///   - sharedMemory: whether tensors travel in shared memory to a server on the executor's own
  ///     machine, if it allows that.
  ///   - encoding: how tensors are written over HTTP.
  /// - Throws: ``KServeError`` if `url` is no such address.
  public static func kserve(
    _ url: String, model: String, version: String? = nil, token: String? = nil,
    headers: [String: String] = [:], timeout: Double = 60, sharedMemory: Bool = false,
    encoding: KServeClientOptions.Encoding = .automatic
  ) throws -> ModelSource {
    let endpoint = try KServeEndpoint(url: url)
    var options: [String: String?] = [
      "model": model, "version": version, "token": token, "timeout": "\(timeout)",
      "sharedMemory": "\(sharedMemory)", "encoding": encoding.rawValue,
    ]
    for (name, value) in headers { options[headerOption + name] = value }
    return ModelSource(.kserve, "\(endpoint)", options)
  }

  /// What the options for headers begin with: `header.Authorization`.
  static let headerOption = "header."

  /// The model that an address names: `kserve://HOST:PORT/MODEL[/VERSION]`.
  static func kserve(address: String) throws -> ModelSource {
    let (endpoint, model, version) = try KServeEndpoint.withModel(url: address)
    return try .kserve("\(endpoint)", model: model, version: version.isEmpty ? nil : version)
  }
}

extension KServeModel {
  /// Asks the server at `address` for the model that the options of a ``ModelSource`` name.
  package static func load(_ address: String, _ options: [String: String]) async throws
    -> KServeModel
  {
    try await KServeModel(
      options["model"] ?? "", version: options["version"] ?? "",
      client: .shared(try KServeEndpoint(url: address), options: KServeClientOptions(options)))
  }
}

extension KServeClientOptions {
  /// What the options of a ``ModelSource`` say.
  ///
  /// - Throws: ``NeedletailError`` that names the option whose value it cannot have.
  init(_ options: [String: String]) throws {
    self.init()
    accessToken = options["token"]
    for (name, value) in options where name.hasPrefix(ModelSource.headerOption) {
      headers[String(name.dropFirst(ModelSource.headerOption.count))] = value
    }
    if let text = options["timeout"] {
      guard let seconds = Double(text), seconds > 0, seconds.isFinite else {
        throw NeedletailError(
          .usage, "timeout is '\(text)', it must be a number of seconds above 0")
      }
      timeout = seconds
    }
    if let text = options["maxMessageBytes"] {
      guard let bytes = Int(text), bytes > 0 else {
        throw NeedletailError(
          .usage, "maxMessageBytes is '\(text)', it must be a number of bytes above 0")
      }
      maxMessageBytes = bytes
    }
    certificateAuthorityFile = options["certificateAuthority"]
    switch options["sharedMemory"] {
    case "true"?: tensors = .systemSharedMemory
    case "false"?, nil: break
    case let text?:
      throw NeedletailError(.usage, "sharedMemory is '\(text)', it must be true or false")
    }
    encoding =
      try ModelFormat.choice("encoding", options, of: Encoding.allCases) ?? .automatic
  }
}
