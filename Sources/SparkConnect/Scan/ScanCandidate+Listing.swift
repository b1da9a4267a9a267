import SparkConnectProtocol
package import SparkTypes

extension ScanCandidate {
  /// The names of a listing's columns: they may not be mistaken for those of partitions.
  package static let pathColumn = "needletail.path"
  package static let lengthColumn = "needletail.length"
  package static let modifiedColumn = "needletail.modified"

  /// The options of files that say which of them belong to a table.
  private static let listingOptions: Set<String> = [
    "basepath", "pathglobfilter", "recursivefilelookup", "modifiedbefore", "modifiedafter",
    "timezone",
  ]

  /// What Spark's listing of files tells beside the files: the partition columns.
  private static let fileColumns: Set<String> = ["path", "modificationtime", "length", "content"]

  /// The files as Spark lists them, as binary rows whose contents nobody reads.
  private var files: DataFrame {
    read.options.reduce(session.read.format("binaryFile")) { reader, option in
      Self.listingOptions.contains(option.key.lowercased())
        ? reader.option(option.key, option.value) : reader
    }.load(read.paths)
  }

  /// The partition columns of the files' table.
  ///
  /// - Throws: ``ScanRefusal`` if they cannot be told apart; ``SparkError`` if Spark does not list the
  ///   files.
  package func partitionColumns() async throws -> StructType {
    let schema = try await files.schema()
    let partitions = schema.fields.dropFirst(4)
    guard schema.count >= 4, Set(schema.names.prefix(4).map { $0.lowercased() }) == Self.fileColumns
    else { throw ScanRefusal("a partition is called path, length, content or modificationTime") }
    return StructType(Array(partitions))
  }

  /// A row for each file that the table's conditions leave: its path, length, time of modification and
  /// the values of `partitions`.
  ///
  /// - Throws: ``ScanRefusal`` if conditions are about other columns.
  package func listing(_ partitions: StructType) async throws -> DataFrame {
    guard filters.allSatisfy({ $0.isOf(partitions: partitions.names) }) else {
      throw ScanRefusal("a filter is on columns that are within the files")
    }
    let fixed = [
      column(named: "path").as(Self.pathColumn), column(named: "length").as(Self.lengthColumn),
      column(named: "modificationTime").as(Self.modifiedColumn),
    ]
    var table = files.select(fixed + partitions.names.map { column(named: $0) })
    for filter in filters {
      table = table.over { result, _ in result.filter.condition = filter.condition }
    }
    if filters.isEmpty { return table }
    do {
      _ = try await table.schema()
    } catch let error as SparkError where error.kind == .server {
      throw ScanRefusal("a filter is on columns that are within the files")
    }
    return table
  }
}
