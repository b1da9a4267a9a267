import SparkConnectProtocol

extension Spark_Connect_Relation {
  /// The table that this one is made of, if it is one alone.
  var onlyInput: Spark_Connect_Relation? {
    get {
      switch relType {
      case .project(let node): node.input
      case .filter(let node): node.input
      case .sort(let node): node.input
      case .limit(let node): node.input
      case .offset(let node): node.input
      case .tail(let node): node.input
      case .aggregate(let node): node.input
      case .sample(let node): node.input
      case .deduplicate(let node): node.input
      case .subqueryAlias(let node): node.input
      case .repartition(let node): node.input
      case .repartitionByExpression(let node): node.input
      case .toDf(let node): node.input
      case .withColumnsRenamed(let node): node.input
      case .showString(let node): node.input
      case .drop(let node): node.input
      case .withColumns(let node): node.input
      case .mapPartitions(let node): node.input
      case .fillNa(let node): node.input
      case .dropNa(let node): node.input
      case .hint, .summary, .describe, .read, .join, .setOp, .sql, .localRelation, .range,
        .cachedLocalRelation, .catalog, nil:
        nil
      }
    }
    set {
      guard let newValue else { return }
      switch relType {
      case .project: project.input = newValue
      case .filter: filter.input = newValue
      case .sort: sort.input = newValue
      case .limit: limit.input = newValue
      case .offset: offset.input = newValue
      case .tail: tail.input = newValue
      case .aggregate: aggregate.input = newValue
      case .sample: sample.input = newValue
      case .deduplicate: deduplicate.input = newValue
      case .subqueryAlias: subqueryAlias.input = newValue
      case .repartition: repartition.input = newValue
      case .repartitionByExpression: repartitionByExpression.input = newValue
      case .toDf: toDf.input = newValue
      case .withColumnsRenamed: withColumnsRenamed.input = newValue
      case .showString: showString.input = newValue
      case .drop: drop.input = newValue
      case .withColumns: withColumns.input = newValue
      case .mapPartitions: mapPartitions.input = newValue
      case .fillNa: fillNa.input = newValue
      case .dropNa: dropNa.input = newValue
      case .hint, .summary, .describe, .read, .join, .setOp, .sql, .localRelation, .range,
        .cachedLocalRelation, .catalog, nil:
        break
      }
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
