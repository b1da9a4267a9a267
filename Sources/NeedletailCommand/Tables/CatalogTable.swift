import Needletail

/// A table of Spark's catalog that a job writes to.
struct CatalogTable: Sendable {
  let name: String
  let mode: SaveMode
  let format: TableFormat
  let partitions: [String]

  /// Whether there is nothing to do, because the table exists and shall stay.
  ///
  /// - Parameter isOwn: whether the Spark was started for this job, and ends with it.
  /// - Throws: ``CommandFailure`` if it must not exist and does, or would be gone with its Spark.
  func isIgnored(on spark: SparkSession, isOwn: Bool) async throws -> Bool {
    if isOwn { try await checkIsKept(on: spark) }
    guard mode != .overwrite, try await spark.catalog.tableExists(name) else { return false }
    switch mode {
    case .ignore: return true
    case .error:
      throw CommandFailure(
        "the table '\(name)' exists; name another, or say --mode overwrite, append or ignore")
    case .append where !partitions.isEmpty:
      throw CommandFailure(
        "--partition-by is for a table that is made, and '\(name)' exists with partitions of its own; leave "
          + "it out, or say --mode overwrite")
    case .append, .overwrite: return false
    }
  }

  /// Refuses a table that nobody could read afterwards.
  private func checkIsKept(on spark: SparkSession) async throws {
    let parts = SQLIdentifier.parts(of: name) ?? [name]
    // A catalog of the user's own keeps its tables where its settings say. Of a name in two parts the first
    // may be one, or a database of the current one.
    var catalog = parts[0]
    var own = parts.count > 1 ? try await spark.conf.get("spark.sql.catalog.\(catalog)") ?? "" : ""
    if own.isEmpty {
      catalog = try await spark.catalog.currentCatalog()
      own = try await spark.conf.get("spark.sql.catalog.\(catalog)") ?? ""
    }
    if catalog != "spark_catalog", !own.isEmpty { return }
    if own.contains("iceberg") { return }
    if try await spark.conf.get("spark.sql.catalogImplementation") == "hive" { return }
    throw CommandFailure(
      "--output-table \(name): the Spark that this command starts keeps its tables no longer than it runs; "
        + "name the server that has the catalog with --remote, describe one with --conf "
        + "spark.sql.catalog.NAME=CLASS and --output-table NAME.\(name), or write files with --output"
    )
  }

  /// Writes `rows`.
  ///
  /// - Throws: ``CommandFailure`` if an existing table has other columns.
  func write(_ rows: DataFrame, on spark: SparkSession) async throws {
    if mode == .append, try await spark.catalog.tableExists(name) {
      return try await append(rows, on: spark)
    }
    var writer = rows.write.mode(mode).partitionBy(partitions)
    if !format.isOfCatalog { writer = writer.format(format.name) }
    for (option, value) in format.options { writer = writer.option(option, value) }
    try await writer.saveAsTable(name)
  }

  /// Adds the rows to the table, whose columns are found by their names.
  private func append(_ rows: DataFrame, on spark: SparkSession) async throws {
    let known = try await spark.table(name).schema().names
    let given = try await rows.schema().names
    let missing = known.filter { name in !given.contains { $0.lowercased() == name.lowercased() } }
    let extra = given.filter { name in !known.contains { $0.lowercased() == name.lowercased() } }
    guard missing.isEmpty, extra.isEmpty else {
      let parts = [
        missing.isEmpty ? nil : "the result lacks \(missing.joined(separator: ", "))",
        extra.isEmpty ? nil : "the table lacks \(extra.joined(separator: ", "))",
      ].compactMap(\.self)
      throw CommandFailure(
        "--mode append to the table '\(name)': \(parts.joined(separator: ", and ")); choose the columns "
          + "with --keep and --outputs, and name them with --output-map")
    }
    try await rows.select(known.map { column(named: $0) }).write.mode(.append).insertInto(name)
  }
}
