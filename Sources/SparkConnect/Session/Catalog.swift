import ArrowIPC
import SparkConnectProtocol
import SwiftProtobuf

/// The tables, views and functions that a session knows by name: `spark.catalog`.
public struct Catalog: Sendable {
  let session: SparkSession

  // MARK: Catalogues and databases

  /// The name of the catalogue that names of two parts are looked up in.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func currentCatalog() async throws -> String {
    try await text { $0.currentCatalog = .init() }
  }

  /// Makes `name` the catalogue that names of two parts are looked up in.
  ///
  /// - Throws: ``SparkError`` if there is no such catalogue, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func setCurrentCatalog(_ name: String) async throws {
    try await run { $0.setCurrentCatalog.catalogName = name }
  }

  /// The catalogues that the session has used: `name`, `description`.
  ///
  /// - Parameter pattern: with `*` for any characters and `|` between several; `nil` for all.
  public func listCatalogs(_ pattern: String? = nil) -> DataFrame {
    table { $0.listCatalogs = .with { if let pattern { $0.pattern = pattern } } }
  }

  /// The database that names of one part are looked up in.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func currentDatabase() async throws -> String {
    try await text { $0.currentDatabase = .init() }
  }

  /// Makes `name` the database that names of one part are looked up in.
  ///
  /// - Throws: ``SparkError`` if there is no such database, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func setCurrentDatabase(_ name: String) async throws {
    try await run { $0.setCurrentDatabase.dbName = name }
  }

  /// The databases of the current catalogue: `name`, `catalog`, `description`, `locationUri`.
  ///
  /// - Parameter pattern: with `*` for any characters and `|` between several; `nil` for all.
  public func listDatabases(_ pattern: String? = nil) -> DataFrame {
    table { $0.listDatabases = .with { if let pattern { $0.pattern = pattern } } }
  }

  /// Whether there is a database called `name`.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func databaseExists(_ name: String) async throws -> Bool {
    try await isTrue { $0.databaseExists.dbName = name }
  }

  // MARK: Tables

  /// The tables and views of `database` (the current one if `nil`): `name`, `tableType`,
  /// `isTemporary` ...
  ///
  /// - Parameters:
  ///   - database: its name.
  ///   - pattern: with `*` for any characters and `|` between several; `nil` for all.
  public func listTables(in database: String? = nil, _ pattern: String? = nil) -> DataFrame {
    table {
      $0.listTables = .with {
        if let database { $0.dbName = database }
        if let pattern { $0.pattern = pattern }
      }
    }
  }

  /// The columns of the table or view `name`: `name`, `dataType`, `nullable`, `isPartition` ...
  public func listColumns(of name: String) -> DataFrame {
    table { $0.listColumns.tableName = name }
  }

  /// Whether there is a table or view called `name`.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func tableExists(_ name: String) async throws -> Bool {
    try await isTrue { $0.tableExists.tableName = name }
  }

  /// Reads again what is known of the table `name` and its files.
  ///
  /// - Throws: ``SparkError`` if there is no such table, or the server is lost; `CancellationError`
  ///   when the task is cancelled.
  public func refreshTable(_ name: String) async throws {
    try await run { $0.refreshTable.tableName = name }
  }

  /// Reads again what is known of all tables with files at `path`.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func refreshByPath(_ path: String) async throws {
    try await run { $0.refreshByPath.path = path }
  }

  /// Adds the partitions to the catalogue that the folder of the table `name` has.
  ///
  /// - Throws: ``SparkError`` if there is no such table, or it has no partitions; `CancellationError`
  ///   when the task is cancelled.
  public func recoverPartitions(_ name: String) async throws {
    try await run { $0.recoverPartitions.tableName = name }
  }

  // MARK: Views

  /// Forgets the temporary view called `name`; returns whether there was one.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  @discardableResult
  public func dropTempView(_ name: String) async throws -> Bool {
    try await isTrue { $0.dropTempView.viewName = name }
  }

  /// Forgets the view called `name` of all sessions (without `global_temp.`); returns whether there was
  /// one.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  @discardableResult
  public func dropGlobalTempView(_ name: String) async throws -> Bool {
    try await isTrue { $0.dropGlobalTempView.viewName = name }
  }

  // MARK: Functions

  /// The functions of `database` (the current one if `nil`), and those of Spark and of the session:
  /// `name`, `className`, `isTemporary` ...
  ///
  /// - Parameters:
  ///   - database: its name.
  ///   - pattern: with `*` for any characters and `|` between several; `nil` for all.
  public func listFunctions(in database: String? = nil, _ pattern: String? = nil) -> DataFrame {
    table {
      $0.listFunctions = .with {
        if let database { $0.dbName = database }
        if let pattern { $0.pattern = pattern }
      }
    }
  }

  /// Whether SQL knows a function called `name`: one of Spark's, of the session or of a database.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func functionExists(_ name: String) async throws -> Bool {
    try await isTrue { $0.functionExists.functionName = name }
  }

  // MARK: Rows that are kept

  /// Keeps the rows of the table or view `name` in the executors' memory, once computed.
  ///
  /// - Throws: ``SparkError`` if there is no such table, or the server is lost; `CancellationError`
  ///   when the task is cancelled.
  public func cacheTable(_ name: String) async throws {
    try await run { $0.cacheTable.tableName = name }
    session.keepsRows(true, table: name)
  }

  /// Whether the rows of the table or view `name` are kept.
  ///
  /// - Throws: ``SparkError`` if there is no such table, or the server is lost; `CancellationError`
  ///   when the task is cancelled.
  public func isCached(_ name: String) async throws -> Bool {
    try await isTrue { $0.isCached.tableName = name }
  }

  /// Forgets the kept rows of the table or view `name`.
  ///
  /// - Throws: ``SparkError`` if there is no such table, or the server is lost; `CancellationError`
  ///   when the task is cancelled.
  public func uncacheTable(_ name: String) async throws {
    try await run { $0.uncacheTable.tableName = name }
    session.keepsRows(false, table: name)
  }

  /// Forgets all kept rows, those of other sessions of the server too.
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func clearCache() async throws {
    try await run { $0.clearCache_p = .init() }
    session.forgetKeptRows()
  }

  // MARK: Asking

  private func table(_ ask: (inout Spark_Connect_Catalog) -> Void) -> DataFrame {
    DataFrame(session: session, relation: .with { ask(&$0.catalog) })
  }

  private func run(_ ask: (inout Spark_Connect_Catalog) -> Void) async throws {
    _ = try await table(ask).collect()
    session.connection.serverSession.holdsSomething()
  }

  private func isTrue(_ ask: (inout Spark_Connect_Catalog) -> Void) async throws -> Bool {
    try await table(ask).collect().first?.values.first == .bool(true)
  }

  private func text(_ ask: (inout Spark_Connect_Catalog) -> Void) async throws -> String {
    guard case .string(let text)? = try await table(ask).collect().first?.values.first else {
      throw SparkError(.result, "the server did not give a name")
    }
    return text
  }
}

extension SparkSession {
  /// The tables, views and functions that the session knows by name.
  public var catalog: Catalog { Catalog(session: self) }

  /// ``Catalog/dropTempView(_:)``
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  @discardableResult
  public func dropTempView(_ name: String) async throws -> Bool {
    try await catalog.dropTempView(name)
  }

  /// ``Catalog/listTables(in:_:)``
  public func listTables(in database: String? = nil) -> DataFrame {
    catalog.listTables(in: database)
  }

  /// ``Catalog/tableExists(_:)``
  ///
  /// - Throws: ``SparkError`` if the server refuses, or is lost; `CancellationError` when the task
  ///   is cancelled.
  public func tableExists(_ name: String) async throws -> Bool {
    try await catalog.tableExists(name)
  }
}
