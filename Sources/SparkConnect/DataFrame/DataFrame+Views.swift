import SparkConnectProtocol
import SwiftProtobuf

extension DataFrame {
  /// Makes the query usable as the view `name` in SQL within this session.
  ///
  /// - Throws: ``SparkError`` if Spark cannot make sense of the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func createOrReplaceTempView(_ name: String) async throws {
    try await createView(name, isGlobal: false, replacing: true)
  }

  /// The same, unless there is a view of the name.
  ///
  /// - Throws: ``SparkError`` if there is, Spark cannot make sense of the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func createTempView(_ name: String) async throws {
    try await createView(name, isGlobal: false, replacing: false)
  }

  /// Makes the query usable as the view `global_temp.name` in SQL within all sessions of the server.
  ///
  /// A prediction in it runs in other sessions only if they have what it needs: the program and the
  /// model.
  ///
  /// - Throws: ``SparkError`` if Spark cannot make sense of the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func createOrReplaceGlobalTempView(_ name: String) async throws {
    try await createView(name, isGlobal: true, replacing: true)
  }

  /// The same, unless there is a view of the name.
  ///
  /// - Throws: ``SparkError`` if there is, Spark cannot make sense of the query, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func createGlobalTempView(_ name: String) async throws {
    try await createView(name, isGlobal: true, replacing: false)
  }

  private func createView(
    _ name: String, isGlobal: Bool, replacing isReplaced: Bool
  ) async throws {
    _ = try plan()
    try await session.prepare(calls)
    let relation = relation
    try await session.execute(
      .with {
        $0.createDataframeView.input = relation
        $0.createDataframeView.name = name
        $0.createDataframeView.isGlobal = isGlobal
        $0.createDataframeView.replace = isReplaced
      }, calls: [])
  }
}
