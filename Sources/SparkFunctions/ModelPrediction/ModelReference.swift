public import Models

/// The kind of a model file, and with it what loads it.
public struct ModelFormat: RawRepresentable, Sendable, Hashable, Codable {
  public var rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }

  /// ONNX, run by ONNX Runtime.
  public static let onnx = ModelFormat(rawValue: "onnx")
}

/// A model file and how to load it: what travels to the executors.
public struct ModelReference: Sendable, Hashable, Codable {
  /// What kind of model it is, which tells who loads it.
  public var format: ModelFormat
  /// The name under which the driver added the file, an absolute path on every executor, or the address
  /// of a server (`grpc://host:port`).
  public var file: String
  /// Options for the loader by name.
  public var options: [String: String]
  /// What to call the model in messages: the path that the user gave.
  public var name: String
  /// Tells models apart that lie at the same path one after the other; `nil` where ``file`` does.
  package var state: String?

  /// - Parameter name: what to call the model in messages; `nil` for `file`.
  public init(
    format: ModelFormat, file: String, options: [String: String] = [:], name: String? = nil
  ) {
    self.format = format
    self.file = file
    self.options = options
    self.name = name ?? file
  }

  /// Whether ``file`` is a server's address.
  public var isAddress: Bool { file.contains("://") }
}

/// Loads models of one format.
///
/// - Parameters:
///   - reference: what the driver asked for.
///   - path: where the file lies on this machine.
public typealias ModelLoader =
  @Sendable (_ reference: ModelReference, _ path: String, _ worker: WorkerContext) async throws ->
  any Model

/// Says on which of the executor's devices a model is loaded, if the task decides: a name that keeps
/// models on different devices apart, or `nil` where all tasks of the process share one model.
///
/// - Parameters:
///   - reference: what the driver asked for.
///   - path: where the file lies on this machine.
public typealias ModelPlacement =
  @Sendable (_ reference: ModelReference, _ path: String, _ worker: WorkerContext) throws ->
  String?

/// The columns that feed one input of a model: one, or several that are put side by side.
public struct InputColumns: Sendable, Hashable, Codable {
  /// The columns in the order in which they are put side by side.
  public var names: [String]
  public init(_ names: [String]) { self.names = names }
}

extension InputColumns: ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
  public init(stringLiteral value: String) { names = [value] }
  public init(arrayLiteral elements: String...) { names = elements }
}
