#if KServe
public import KServeClient
import Models
public import SparkFunctions

extension ModelFormat {
  /// A model on a server that speaks KServe v2.
  public static let kserve = ModelFormat(rawValue: "kserve")
}

/// Models on servers that speak KServe v2.
struct KServeKind: ModelKind {
  struct Options: ModelOptions {
    static let names = [
      "version", "token", "timeout", "sharedMemory", "maxMessageBytes", "certificateAuthority",
      "encoding", OptionValues.header + "NAME",
    ]
    let model: String
    let version: String
    let client: KServeClientOptions

    init(_ values: OptionValues) throws {
      model = values["model"] ?? ""
      version = values["version"] ?? ""
      var client = KServeClientOptions()
      client.accessToken = values["token"]
      for (name, value) in values.texts where name.hasPrefix(OptionValues.header) {
        client.headers[String(name.dropFirst(OptionValues.header.count))] = value
      }
      if let seconds = try values.seconds("timeout") { client.timeout = seconds }
      if let bytes = try values.number("maxMessageBytes", as: "a number of bytes above 0") {
        client.maxMessageBytes = bytes
      }
      client.certificateAuthorityFile = values["certificateAuthority"]
      if try values.flag("sharedMemory") == true { client.tensors = .systemSharedMemory }
      client.encoding =
        try values.choice("encoding", of: KServeClientOptions.Encoding.self) ?? .automatic
      self.client = client
    }
  }

  var format: ModelFormat { .kserve }
  var sign: ModelSign? { .address("kserve://HOST:PORT/MODEL of a server") }
  /// A call costs about a millisecond, however many rows there are.
  var batchSize: Int { 1024 }
  var isServed: Bool { true }

  /// The model that an address names: `kserve://HOST:PORT/MODEL[/VERSION]`.
  func source(at path: String) throws -> ModelSource? {
    guard path.contains("://") else { return nil }
    let (endpoint, model, version) = try KServeEndpoint.withModel(url: path)
    return try ModelSource.kserve(
      "\(endpoint)", model: model, version: version.isEmpty ? nil : version)
  }

  /// Names of headers stay as they are.
  func optionName(_ spelling: String) -> String? {
    spelling.hasPrefix(OptionValues.header) ? spelling : listedOption(spelling)
  }

  func load(_ model: PlacedModel<Options>) async throws -> any Model {
    let options = model.options
    return try await KServeModel(
      options.model, version: options.version,
      client: .shared(try KServeEndpoint(url: model.path), options: options.client))
  }
}

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
    for (name, value) in headers { options[OptionValues.header + name] = value }
    return ModelSource(KServeKind(), "\(endpoint)", options)
  }
}
#endif
