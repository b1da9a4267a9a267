import SparkConnectProtocol
import SparkTypes

/// The columns of a table that the rest of a query reads, by their names in small letters.
enum NeededColumns: Equatable {
  case all(but: Set<String>)
  case only(Set<String>)

  static let everything = NeededColumns.all(but: [])

  func contains(_ name: String) -> Bool {
    switch self {
    case .all(let unneeded): !unneeded.contains(name.lowercased())
    case .only(let needed): needed.contains(name.lowercased())
    }
  }

  /// With further columns; all for `nil`.
  func adding(_ names: Set<String>?) -> NeededColumns {
    guard let names else { return .everything }
    switch self {
    case .all(let unneeded): return .all(but: unneeded.subtracting(names))
    case .only(let needed): return .only(needed.union(names))
    }
  }

  /// What is needed of the input of `relation`, of whose own columns these are needed.
  func below(_ relation: Spark_Connect_Relation) -> NeededColumns {
    switch relation.relType {
    case .project(let project): return below(project.expressions)
    case .withColumns(let added): return below(added.aliases)
    case .drop(let drop):
      guard drop.columns.isEmpty else { return .everything }
      if case .all(let unneeded) = self {
        return .all(but: unneeded.union(drop.columnNames.map { $0.lowercased() }))
      }
      return self
    case .withColumnsRenamed(let renamed):
      if renamed.renames.count > 1 { return .everything }
      guard let rename = renamed.renames.first else { return self }
      return below(rename.colName.lowercased(), renamed: rename.newColName.lowercased())
    case .filter(let filter): return adding(filter.condition.columnNames)
    case .sort(let sort):
      return adding(Spark_Connect_Expression.columnNames(sort.order.map(\.child)))
    case .limit, .offset, .tail, .sample, .repartition: return self
    case .repartitionByExpression(let node):
      return adding(Spark_Connect_Expression.columnNames(node.partitionExprs))
    case .aggregate(let node):
      guard !node.hasPivot else { return .everything }
      return NeededColumns.only([]).adding(
        Spark_Connect_Expression.columnNames(node.groupingExpressions + node.aggregateExpressions))
    case .deduplicate(let node):
      return node.allColumnsAsKeys
        ? .everything : adding(Set(node.columnNames.map { $0.lowercased() }))
    default: return .everything
    }
  }

  /// What `SELECT` of these expressions needs.
  func below(_ expressions: [Spark_Connect_Expression]) -> NeededColumns {
    var hasStar = false
    let values = expressions.filter { expression in
      guard case .unresolvedStar(let star) = expression.exprType, !star.hasUnparsedTarget else {
        return true
      }
      hasStar = true
      return false
    }
    return (hasStar ? self : .only([])).adding(Spark_Connect_Expression.columnNames(values))
  }

  func below(_ aliases: [Spark_Connect_Expression.Alias]) -> NeededColumns {
    let names = Spark_Connect_Expression.columnNames(aliases.map(\.expr))
    // Where all columns are wanted one that is replaced keeps its place.
    guard case .only(let needed) = self else { return adding(names) }
    let made = aliases.flatMap(\.name).map { $0.lowercased() }
    return NeededColumns.only(needed.subtracting(made)).adding(names)
  }

  private func below(_ before: String, renamed after: String) -> NeededColumns {
    switch self {
    case .all(var unneeded):
      unneeded.remove(before)
      if unneeded.remove(after) != nil { unneeded.insert(before) }
      return .all(but: unneeded)
    case .only(var needed):
      if needed.remove(after) != nil { needed.insert(before) }
      return .only(needed)
    }
  }
}

extension Spark_Connect_Expression {
  /// The columns that the expression may read, in small letters; `nil` if it does not tell.
  var columnNames: Set<String>? {
    switch exprType {
    case .literal: return []
    case .unresolvedAttribute(let attribute):
      // The first part may be that of a table; the others may be fields.
      return SQLIdentifier.parts(of: attribute.unparsedIdentifier).map { parts in
        Set(parts.map { $0.lowercased() })
      }
    case .unresolvedFunction, .callFunction, .commonInlineUserDefinedFunction, .alias, .cast,
      .sortOrder, .unresolvedExtractValue, .window:
      return Self.columnNames(children)
    case .expressionString, .unresolvedStar, nil: return nil
    }
  }

  static func columnNames(_ expressions: [Spark_Connect_Expression]) -> Set<String>? {
    var names: Set<String> = []
    for expression in expressions {
      guard let more = expression.columnNames else { return nil }
      names.formUnion(more)
    }
    return names
  }
}
