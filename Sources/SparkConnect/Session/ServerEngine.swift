import SparkConnectProtocol
import SwiftProtobuf

/// An engine that speaks Spark Connect and is not Spark, such as Sail.
package struct ServerEngine: Sendable, Hashable, CustomStringConvertible {
  /// What it answers to `version()`.
  package let version: String
  /// The name of its catalog, which mostly tells whose it is.
  package let catalog: String

  package init(version: String, catalog: String) {
    self.version = version
    self.catalog = catalog
  }

  /// - Parameter told: the version of Spark that the server tells its clients. `nil` if `version` is the
  ///   same: then it is Spark.
  init?(version: String, catalog: String, toldVersion told: String) {
    if SparkVersion(version) == SparkVersion(told) { return nil }
    self.init(version: version, catalog: catalog)
  }

  package var description: String { "its version() is '\(version)', its catalog '\(catalog)'" }
}

extension SparkSession {
  /// The engine behind the server if it is not Spark; `nil` for Spark, and where that cannot be told.
  ///
  /// Every Spark has a `spark.master`, so only servers without one are asked by a query.
  ///
  /// - Throws: ``SparkError`` if the server is lost; `CancellationError` when the task is cancelled.
  package func otherEngine() async throws -> ServerEngine? {
    if try await conf.get("spark.master") != nil { return nil }
    let query = DataFrame(
      session: self,
      relation: .with {
        $0.sql.query = "SELECT version() AS version, current_catalog() AS catalog"
      })
    do {
      let rows = try await Housekeeping.$isActive.withValue(true) { try await query.collect() }
      guard let row = rows.first else { return nil }
      return ServerEngine(
        version: try row.get("version", as: String.self),
        catalog: try row.get("catalog", as: String.self), toldVersion: version)
    } catch let error as CancellationError {
      throw error
    } catch {
      // It does not say what it is, which is no reason to refuse anything.
      return nil
    }
  }

  /// Why no function of a program can run on this server; `nil` if nothing speaks against it.
  ///
  /// - Throws: as ``otherEngine()``.
  package func refusalOfFunctions() async throws -> String? {
    let reason: String
    if let engine = try await otherEngine() {
      reason =
        "is not Spark but another engine that speaks Spark Connect (\(engine)), which does not start "
        + "programs as its workers"
    } else if SparkVersion(version)?.support == .tooOld {
      reason = "is Spark \(version), whose workers speak another protocol"
    } else {
      return nil
    }
    return "the server at \(serverAddress) \(reason): tables and SQL work there, functions and "
      + "predictions do not. Name a Spark \(SparkVersion.supported) with --remote sc://host:port or "
      + "SPARK_REMOTE, or predict on this machine without a server"
  }

  /// Refuses functions where none can run.
  ///
  /// - Throws: ``SparkError`` that says why, and what to do; and as ``otherEngine()``.
  package func requireFunctions() async throws {
    if let refusal = try await refusalOfFunctions() {
      throw SparkError(.invalidArgument, refusal)
    }
  }
}
