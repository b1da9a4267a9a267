import SparkConnectProtocol
import SwiftProtobuf

/// The settings of a session.
public struct RuntimeConfiguration: Sendable {
  let session: SparkSession

  private func request(
    _ operation: Spark_Connect_ConfigRequest.Operation.OneOf_OpType
  ) async throws -> [Spark_Connect_KeyValue] {
    try await session.connection.answer {
      $0.operation.opType = operation
    } to: {
      try await $0.config($1, metadata: $2, options: $3)
    }.pairs
  }

  /// The value of `key`, `nil` if it is not set and has no default.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func get(_ key: String) async throws -> String? {
    let pair = try await request(.getOption(.with { $0.keys = [key] })).first
    return pair.flatMap { $0.hasValue ? $0.value : nil }
  }

  /// The values of `keys` that are set or have a default.
  package func values(of keys: [String]) async throws -> [String: String] {
    let pairs = try await request(.getOption(.with { $0.keys = keys }))
    return Dictionary(pairs.filter(\.hasValue).map { ($0.key, $0.value) }) { first, _ in first }
  }

  /// All settings whose names begin with `prefix`.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func getAll(prefix: String? = nil) async throws -> [String: String] {
    let pairs = try await request(.getAll(.with { if let prefix { $0.prefix = prefix } }))
    return Dictionary(pairs.map { ($0.key, $0.value) }) { first, _ in first }
  }

  /// Sets `key` for this session.
  ///
  /// - Throws: ``SparkError`` if the setting is unknown or cannot be changed.
  public func set(_ key: String, _ value: String) async throws { try await set([key: value]) }

  /// Sets several settings at once.
  ///
  /// - Throws: ``SparkError`` if one of the settings is unknown or cannot be changed.
  public func set(_ values: [String: String]) async throws {
    let pairs = values.sorted { $0.key < $1.key }.map { entry in
      Spark_Connect_KeyValue.with {
        $0.key = entry.key
        $0.value = entry.value
      }
    }
    _ = try await request(.set(.with { $0.pairs = pairs }))
    session.connection.serverSession.holdsSomething()
  }

  /// Returns `key` to its default.
  ///
  /// - Throws: ``SparkError`` if the setting cannot be changed.
  public func unset(_ key: String) async throws {
    _ = try await request(.unset(.with { $0.keys = [key] }))
    session.connection.serverSession.holdsSomething()
  }

  /// Whether a session may change `key`.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func isModifiable(_ key: String) async throws -> Bool {
    try await request(.isModifiable(.with { $0.keys = [key] })).first?.value == "true"
  }
}
