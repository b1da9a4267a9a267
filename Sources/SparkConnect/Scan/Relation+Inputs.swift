import SparkConnectProtocol
import SwiftProtobuf

extension Spark_Connect_Relation {
  /// The table that this one is made of, if it is one alone.
  var onlyInput: Spark_Connect_Relation? {
    get { pathToInput.map { self[keyPath: $0] } }
    set {
      if let newValue, let path = pathToInput { self[keyPath: path] = newValue }
    }
  }

  private var pathToInput: WritableKeyPath<Self, Self>? {
    switch relType {
    case .project: \Self.project.input
    case .filter: \Self.filter.input
    case .sort: \Self.sort.input
    case .limit: \Self.limit.input
    case .offset: \Self.offset.input
    case .tail: \Self.tail.input
    case .aggregate: \Self.aggregate.input
    case .sample: \Self.sample.input
    case .deduplicate: \Self.deduplicate.input
    case .subqueryAlias: \Self.subqueryAlias.input
    case .repartition: \Self.repartition.input
    case .repartitionByExpression: \Self.repartitionByExpression.input
    case .toDf: \Self.toDf.input
    case .withColumnsRenamed: \Self.withColumnsRenamed.input
    case .showString: \Self.showString.input
    case .drop: \Self.drop.input
    case .withColumns: \Self.withColumns.input
    case .mapPartitions: \Self.mapPartitions.input
    case .fillNa: \Self.fillNa.input
    case .dropNa: \Self.dropNa.input
    case .collectMetrics: \Self.collectMetrics.input
    case .withWatermark: \Self.withWatermark.input
    case .unpivot: \Self.unpivot.input
    case .replace: \Self.replace.input
    case .sampleBy: \Self.sampleBy.input
    case .hint, .summary, .describe, .crosstab, .cov, .corr, .approxQuantile, .freqItems, .read,
      .join, .setOp, .sql, .localRelation, .range,
      .cachedLocalRelation, .catalog, nil:
      nil
    }
  }

  /// The places of the tables that this one is made of.
  var pathsToInputs: [WritableKeyPath<Self, Self>] {
    switch relType {
    case .join: [\Self.join.left, \Self.join.right]
    case .setOp: [\Self.setOp.leftInput, \Self.setOp.rightInput]
    case .hint: [\Self.hint.input]
    case .summary: [\Self.summary.input]
    case .describe: [\Self.describe.input]
    case .crosstab: [\Self.crosstab.input]
    case .cov: [\Self.cov.input]
    case .corr: [\Self.corr.input]
    case .approxQuantile: [\Self.approxQuantile.input]
    case .freqItems: [\Self.freqItems.input]
    default: pathToInput.map { [$0] } ?? []
    }
  }

  /// The tables that this one is made of.
  private var inputs: [Spark_Connect_Relation] { pathsToInputs.map { self[keyPath: $0] } }

  /// The paths of the files that it is read from.
  var pathsRead: [String] {
    if case .read(let read) = relType, case .dataSource(let source)? = read.readType {
      return source.paths + source.options.filter { $0.key.lowercased() == "path" }.map(\.value)
    }
    return inputs.flatMap(\.pathsRead)
  }

  /// Whether something is read whose files the server alone knows: a query in SQL, a table of the catalog.
  var readsByName: Bool {
    switch relType {
    case .sql: true
    case .read(let read):
      if case .namedTable? = read.readType { true } else { false }
    default: inputs.contains(where: \.readsByName)
    }
  }

  /// Whether it says of something that is read that rows go on coming.
  var readsStream: Bool {
    if case .read(let read) = relType { return read.isStreaming }
    return inputs.contains(where: \.readsStream)
  }

  /// The table without the columns called `names`.
  func dropping(_ names: [String]) -> Self {
    .with {
      $0.drop.input = self
      $0.drop.columnNames = names
    }
  }

  /// Whether the rows above are some of those below, as they come.
  var takesFew: Bool {
    switch relType {
    case .limit, .tail, .showString: true
    default: false
    }
  }

  /// Whether all rows below are read, however few are wanted above.
  var takesAll: Bool {
    switch relType {
    case .sort, .aggregate, .deduplicate, .repartition, .repartitionByExpression: true
    default: false
    }
  }
}
