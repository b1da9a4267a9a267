/// What a model file says of itself; texts are empty where the exporter wrote none.
public struct ONNXModelMetadata: Sendable, Hashable, Codable {
  /// The program that wrote the file, such as `pytorch`.
  public var producer: String
  /// The graph's name.
  public var graph: String
  /// A reversed domain name for the model's maker.
  public var domain: String
  /// The model's documentation.
  public var description: String
  /// The graph's documentation.
  public var graphDescription: String
  /// The model's version, `nil` if the file has none.
  public var version: Int64?
  /// The exporter's own entries.
  public var custom: [String: String]

  /// All of it by name: `producer`, `graph`, `domain`, `description`, `graph_description` and
  /// `version` where they are not empty, and the custom entries, which win.
  public var entries: [String: String] {
    let own = [
      "producer": producer, "graph": graph, "domain": domain, "description": description,
      "graph_description": graphDescription, "version": version.map(String.init) ?? "",
    ]
    return own.filter { !$0.value.isEmpty }.merging(custom) { $1 }
  }
}

extension ONNXModelMetadata {
  init(of handle: ONNXSessionHandle) throws(ONNXStatus) {
    let (api, allocator) = (handle.api, handle.allocator)
    let metadata = try api.object { api.getMetadata(handle.session, $0) }
    defer { api.releaseMetadata(metadata) }
    func text(_ get: ONNXAPI.MetadataText) throws(ONNXStatus) -> String {
      try api.text(allocator: allocator) { get(metadata, allocator, $0) }
    }
    producer = try text(api.producerName)
    graph = try text(api.graphName)
    domain = try text(api.domain)
    description = try text(api.modelDescription)
    graphDescription = try text(api.graphDescription)
    let number: Int64 = try api.number { api.modelVersion(metadata, $0) }
    // The greatest number stands for a file without a version.
    version = number == .max ? nil : number
    custom = [:]
    var keys: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    var count: Int64 = 0
    try api.check(api.customKeys(metadata, allocator, &keys, &count))
    guard let keys else { return }
    for index in 0..<Int(count) {
      guard let key = keys[index] else { continue }
      custom[String(cString: key)] = try api.text(allocator: allocator) {
        api.customValue(metadata, allocator, key, $0)
      }
      try api.check(api.free(allocator, key))
    }
    try api.check(api.free(allocator, keys))
  }
}
