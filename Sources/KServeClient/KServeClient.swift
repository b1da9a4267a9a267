import FoundationEssentials
import JSONText
import NIOHTTP1
import SwiftProtobuf
import Synchronization

/// A client of a KServe v2 server such as Triton, over gRPC or HTTP.
///
/// It keeps its connection open between calls and may be used by many tasks at once. One for a process
/// and endpoint is enough: ``shared(_:options:)``.
///
/// ```swift
/// let client = try KServeClient(KServeEndpoint(url: "grpc://127.0.0.1:8001"))
/// try await client.waitUntilReady(timeout: .seconds(30))
/// let response = try await client.infer(
///   InferRequest(modelName: "digits", inputs: [InferTensor(name: "x", tensor: pixels)]))
/// ```
///
/// All calls throw ``KServeError``, except `CancellationError` when their task is cancelled, which
/// cancels the call. They end after ``KServeClientOptions/timeout``.
public final class KServeClient: Sendable {
  /// The server that is called.
  public let endpoint: KServeEndpoint
  /// Time-outs, limits, headers and how tensors travel.
  public let options: KServeClientOptions
  private let connection: any KServeConnection

  private struct Key: Hashable {
    let endpoint: KServeEndpoint
    let options: KServeClientOptions
  }

  private static let clients = Mutex<[Key: KServeClient]>([:])

  /// Makes a client; the connection is opened by the first call.
  ///
  /// - Throws: ``KServeError`` if TLS cannot be set up.
  public init(_ endpoint: KServeEndpoint, options: KServeClientOptions = .init()) throws {
    self.endpoint = endpoint
    self.options = options
    connection =
      switch endpoint.transport {
      case .grpc: try GRPCConnection(endpoint, options)
      case .http: try HTTPConnection(endpoint, options)
      }
  }

  /// The process's client of `endpoint`, which is never closed.
  ///
  /// - Throws: ``KServeError`` if TLS cannot be set up.
  public static func shared(
    _ endpoint: KServeEndpoint, options: KServeClientOptions = .init()
  ) throws -> KServeClient {
    try clients.withLock { clients in
      let key = Key(endpoint: endpoint, options: options)
      if let client = clients[key] { return client }
      let client = try KServeClient(endpoint, options: options)
      clients[key] = client
      return client
    }
  }

  /// Ends the connection; the client cannot be used afterwards.
  public func close() async { await connection.close() }

  /// Whether the server runs.
  ///
  /// - Throws: ``KServeError`` if the server cannot be reached, refuses, or does not answer in
  ///   time. A server that answers no is no error.
  public func isServerLive() async throws -> Bool { try await connection.isTrue(.serverLive) }

  /// Whether the server takes requests.
  ///
  /// - Throws: ``KServeError`` if the server cannot be reached, refuses, or does not answer in
  ///   time. A server that answers no is no error.
  public func isServerReady() async throws -> Bool { try await connection.isTrue(.serverReady) }

  /// Whether a model takes requests.
  ///
  /// - Parameters:
  ///   - name: the model.
  ///   - version: empty for any.
  /// - Throws: ``KServeError`` if the server cannot be reached, refuses, or does not answer in
  ///   time. A model that is not ready is no error.
  public func isModelReady(_ name: String, version: String = "") async throws -> Bool {
    try await connection.isTrue(.modelReady(name: name, version: version))
  }

  /// Waits until the server, and a model if one is named, takes requests.
  ///
  /// - Throws: ``KServeError`` with code ``KServeError/Code/deadlineExceeded`` when `timeout` has passed,
  ///   with the last answer.
  public func waitUntilReady(model: String? = nil, timeout: Duration) async throws {
    let end = ContinuousClock.now + timeout
    var failure: KServeError?
    while ContinuousClock.now < end {
      do {
        if let model {
          if try await isModelReady(model) { return }
        } else if try await isServerReady() {
          return
        }
      } catch let error as KServeError {
        failure = error
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw KServeError(
      .deadlineExceeded,
      "\(model.map { "the model '\($0)' at " } ?? "the server ")\(endpoint) was not ready within "
        + "\(timeout): \(failure?.message ?? "it answered that it is not ready")",
      cause: failure)
  }

  /// What the server says of itself.
  ///
  /// - Throws: ``KServeError`` if the server cannot be reached, refuses, or does not answer in
  ///   time.
  public func serverDescription() async throws -> ServerDescription {
    let reply = try await connection.call(
      .serverMetadata, reply: Inference_ServerMetadataResponse.self)
    return ServerDescription(name: reply.name, version: reply.version, extensions: reply.extensions)
  }

  /// What the server says of a model: its tensors, and, if it has Triton's extension for that, its
  /// batches and policy.
  ///
  /// - Throws: ``KServeError`` also if the server has no such model, or its tensors are of kinds
  ///   that are not known.
  public func model(_ name: String, version: String = "") async throws -> ServedModel {
    let path = KServePath.model(name, version)
    let metadata = try await connection.call(
      KServeQuestion(
        method: "ModelMetadata",
        message: Inference_ModelMetadataRequest.with {
          $0.name = name
          $0.version = version
        }, httpMethod: .GET, path: path),
      reply: Inference_ModelMetadataResponse.self)
    return try ServedModel(
      metadata, named: name, try await configuration(name, version: version))
  }

  /// The configuration, an extension of Triton's; `nil` from a server that does not have it.
  private func configuration(
    _ name: String, version: String
  ) async throws -> Inference_ModelConfig? {
    let message = Inference_ModelConfigRequest.with {
      $0.name = name
      $0.version = version
    }
    do {
      return try await connection.call(
        KServeQuestion(
          method: "ModelConfig", message: message, httpMethod: .GET,
          path: KServePath.model(name, version) + "/config", wrapping: "config"),
        reply: Inference_ModelConfigResponse.self
      ).config
    } catch let error as KServeError where error.isAboutMissingCall || error.code == .unknown {
      return nil
    }
  }

  /// Runs an inference.
  ///
  /// - Throws: ``KServeError`` if a tensor cannot be sent, the server cannot be reached or refuses,
  ///   the model fails, or no answer comes in time.
  public func infer(_ request: InferRequest) async throws -> InferResponse {
    try await connection.infer(request)
  }

  /// Runs an inference of a model that answers with any number of responses (decoupled); gRPC only.
  ///
  /// The stream ends with the response that the server marks as the last one, which it leaves out if
  /// it has no outputs.
  public func inferStream(_ request: InferRequest) -> AsyncThrowingStream<InferResponse, any Error>
  {
    var asking = request
    asking.parameters[InferParameterName.enableEmptyFinalResponse] = true
    let (connection, question) = (connection, asking)
    return AsyncThrowingStream { continuation in
      let task = Task {
        do {
          try await connection.inferStream(question) { answer in
            if let message = answer.errorMessage {
              continuation.finish(throwing: KServeError(.internal, message))
              return false
            }
            guard let response = answer.response else { return true }
            let isLast = response.parameters[InferParameterName.finalResponse]?.boolean ?? false
            if !(isLast && response.outputs.isEmpty) { continuation.yield(response) }
            return !isLast
          }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  /// What the server has counted.
  ///
  /// - Parameters:
  ///   - model: empty for all models.
  ///   - version: empty for all versions.
  /// - Throws: ``KServeError`` also if the server has no such model or no statistics.
  public func statistics(
    of model: String = "", version: String = ""
  ) async throws -> [ModelStatistics] {
    let message = Inference_ModelStatisticsRequest.with {
      $0.name = model
      $0.version = version
    }
    let path = model.isEmpty ? "/v2/models/stats" : KServePath.model(model, version) + "/stats"
    return try await connection.call(
      KServeQuestion(method: "ModelStatistics", message: message, httpMethod: .GET, path: path),
      reply: Inference_ModelStatisticsResponse.self
    ).modelStats.map(ModelStatistics.init)
  }

  /// The models of the server's repository, loaded or not.
  ///
  /// - Throws: ``KServeError`` also if the server has no repository that clients may see.
  public func repositoryIndex(onlyReady: Bool = false) async throws -> [RepositoryEntry] {
    let message = Inference_RepositoryIndexRequest.with { $0.ready = onlyReady }
    return try await connection.call(
      KServeQuestion(
        method: "RepositoryIndex", message: message, httpMethod: .POST,
        path: "/v2/repository/index", body: Array("{\"ready\":\(onlyReady)}".utf8),
        wrapping: "models"),
      reply: Inference_RepositoryIndexResponse.self
    ).models.map {
      RepositoryEntry(name: $0.name, version: $0.version, state: $0.state, reason: $0.reason)
    }
  }

  /// Loads a model of the repository, again if it is loaded.
  ///
  /// - Parameters:
  ///   - name: the model.
  ///   - configuration: JSON to use instead of the model's configuration file.
  ///   - files: further files by their path in the model's folder, such as `1/model.onnx`; they
  ///     need a configuration.
  /// - Throws: ``KServeError`` also if the server does not let clients load, or cannot load the
  ///   model.
  public func loadModel(
    _ name: String, configuration: String? = nil, files: [String: [UInt8]] = [:]
  ) async throws {
    var message = Inference_RepositoryModelLoadRequest()
    message.modelName = name
    var parameters: [(String, JSONValue)] = []
    if let configuration {
      message.parameters["config"] = .with { $0.stringParam = configuration }
      parameters.append(("config", .string(configuration)))
    }
    for (path, bytes) in files {
      let contents = Data(bytes)
      message.parameters["file:" + path] = .with { $0.bytesParam = contents }
      parameters.append(("file:" + path, .string(contents.base64EncodedString())))
    }
    _ = try await connection.call(
      KServeQuestion(
        method: "RepositoryModelLoad", message: message, httpMethod: .POST,
        path: "/v2/repository/models/\(KServePath.encoded(name))/load",
        body: JSONValue.object([("parameters", .object(parameters))]).encoded()),
      reply: Inference_RepositoryModelLoadResponse.self)
  }

  /// Unloads a model of the repository.
  ///
  /// - Parameters:
  ///   - name: the model.
  ///   - withDependents: whether the models that it is composed of go, too.
  /// - Throws: ``KServeError`` also if the server does not let clients unload.
  public func unloadModel(_ name: String, withDependents: Bool = false) async throws {
    var message = Inference_RepositoryModelUnloadRequest()
    message.modelName = name
    message.parameters["unload_dependents"] = .with { $0.boolParam = withDependents }
    let parameters = JSONValue.object([("unload_dependents", .bool(withDependents))])
    _ = try await connection.call(
      KServeQuestion(
        method: "RepositoryModelUnload", message: message, httpMethod: .POST,
        path: "/v2/repository/models/\(KServePath.encoded(name))/unload",
        body: JSONValue.object([("parameters", parameters)]).encoded()),
      reply: Inference_RepositoryModelUnloadResponse.self)
  }

  /// Lets the server map the first `byteCount` bytes of a shared-memory object under a name.
  ///
  /// - Throws: ``KServeError`` also if the server cannot open the object or takes none, or the name
  ///   is in use.
  public func registerSharedMemory(
    _ region: String, key: String, byteCount: Int
  ) async throws {
    let message = Inference_SystemSharedMemoryRegisterRequest.with {
      $0.name = region
      $0.key = key
      $0.byteSize = UInt64(byteCount)
    }
    _ = try await connection.call(
      KServeQuestion(
        method: "SystemSharedMemoryRegister", message: message, httpMethod: .POST,
        path: "/v2/systemsharedmemory/region/\(KServePath.encoded(region))/register",
        body: JSONValue.object([
          ("key", .string(key)), ("offset", .integer(0)), ("byte_size", .integer(Int64(byteCount))),
        ]).encoded()),
      reply: Inference_SystemSharedMemoryRegisterResponse.self)
  }

  /// The regions of shared memory that the server has mapped, by name.
  ///
  /// - Throws: ``KServeError`` if the server cannot be reached, refuses, or does not answer in
  ///   time.
  public func sharedMemoryStatus() async throws -> [SharedMemoryStatus] {
    try await connection.sharedMemoryStatus().sorted { $0.name < $1.name }
  }

  /// Lets the server forget a region of shared memory.
  ///
  /// - Throws: ``KServeError`` if the server cannot be reached, refuses, or does not answer in
  ///   time.
  public func unregisterSharedMemory(_ region: String) async throws {
    _ = try await connection.call(
      KServeQuestion(
        method: "SystemSharedMemoryUnregister",
        message: Inference_SystemSharedMemoryUnregisterRequest.with { $0.name = region },
        httpMethod: .POST,
        path: "/v2/systemsharedmemory/region/\(KServePath.encoded(region))/unregister"),
      reply: Inference_SystemSharedMemoryUnregisterResponse.self)
  }
}
