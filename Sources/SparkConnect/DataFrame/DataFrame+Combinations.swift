import SparkConnectProtocol
import SwiftProtobuf

/// How rows of two tables are joined.
public enum JoinType: Sendable, Hashable, CaseIterable {
  case inner, left, right, outer, leftSemi, leftAnti, cross

  var proto: Spark_Connect_Join.JoinType {
    switch self {
    case .inner: .inner
    case .left: .leftOuter
    case .right: .rightOuter
    case .outer: .fullOuter
    case .leftSemi: .leftSemi
    case .leftAnti: .leftAnti
    case .cross: .cross
    }
  }
}

extension DataFrame {
  /// The rows of both tables with equal values in `columns`, which appear once.
  public func join(_ other: DataFrame, on columns: [String], _ type: JoinType = .inner)
    -> DataFrame
  {
    deriving(and: [other]) { result, input, _ in
      result.join.left = input
      result.join.right = other.relation
      result.join.usingColumns = columns
      result.join.joinType = type.proto
    }
  }

  /// The rows of both tables with equal values in the column `name`, which appears once.
  public func join(_ other: DataFrame, on name: String, _ type: JoinType = .inner) -> DataFrame {
    join(other, on: [name], type)
  }

  /// The rows of both tables for which `condition` holds; name the tables with ``alias(_:)`` to tell
  /// columns of equal names apart.
  public func join(_ other: DataFrame, on condition: Column, _ type: JoinType = .inner)
    -> DataFrame
  {
    deriving([condition], and: [other], calls: .refused(place: "the condition of a join")) {
      result, input, expressions in
      result.join.left = input
      result.join.right = other.relation
      result.join.joinCondition = expressions[0]
      result.join.joinType = type.proto
    }
  }

  /// Every row of this table with every row of the other.
  public func crossJoin(_ other: DataFrame) -> DataFrame {
    join(other, on: [], .cross)
  }

  private func combined(
    _ other: DataFrame, _ type: Spark_Connect_SetOperation.SetOpType, isAll: Bool,
    byName: Bool = false, allowMissing: Bool = false
  ) -> DataFrame {
    deriving(and: [other]) { result, input, _ in
      result.setOp.leftInput = input
      result.setOp.rightInput = other.relation
      result.setOp.setOpType = type
      result.setOp.isAll = isAll
      result.setOp.byName = byName
      result.setOp.allowMissingColumns = allowMissing
    }
  }

  /// The rows of both tables, columns matched by position.
  public func union(_ other: DataFrame) -> DataFrame { combined(other, .union, isAll: true) }

  /// The rows of both tables, columns matched by name.
  public func unionByName(_ other: DataFrame, allowMissingColumns: Bool = false) -> DataFrame {
    combined(other, .union, isAll: true, byName: true, allowMissing: allowMissingColumns)
  }

  /// The distinct rows that are in both tables.
  public func intersect(_ other: DataFrame) -> DataFrame {
    combined(other, .intersect, isAll: false)
  }

  /// The distinct rows that are in this table only.
  public func except(_ other: DataFrame) -> DataFrame { combined(other, .except, isAll: false) }

  /// The rows in groups of equal `columns`.
  public func groupBy(_ columns: Column...) -> GroupedData {
    GroupedData(table: self, keys: columns)
  }

  /// Aggregates over all rows.
  public func agg(_ aggregates: Column...) -> DataFrame {
    GroupedData(table: self, keys: []).agg(aggregates)
  }
}

/// Rows in groups, waiting for what to compute of each.
public struct GroupedData: Sendable {
  let table: DataFrame
  let keys: [Column]

  /// The keys and the given aggregates of each group: `agg(avg("price"), count())`.
  public func agg(_ aggregates: Column...) -> DataFrame { agg(aggregates) }

  func agg(_ aggregates: [Column]) -> DataFrame {
    let keyCount = keys.count
    return table.over(keys + aggregates, calls: .beforehand) { result, expressions in
      result.aggregate.groupType = .groupby
      result.aggregate.groupingExpressions = Array(expressions[..<keyCount])
      result.aggregate.aggregateExpressions = Array(expressions[keyCount...])
    }
  }

  /// The number of rows in each group, as the column `count`.
  public func count() -> DataFrame { agg([SparkConnect.count().as("count")]) }

  /// The greatest values of columns in each group.
  public func max(_ columns: String...) -> DataFrame { each(columns, SparkConnect.max) }

  /// The smallest values of columns in each group.
  public func min(_ columns: String...) -> DataFrame { each(columns, SparkConnect.min) }

  /// The means of columns in each group.
  public func avg(_ columns: String...) -> DataFrame { each(columns, SparkConnect.avg) }

  /// The sums of columns in each group.
  public func sum(_ columns: String...) -> DataFrame { each(columns, SparkConnect.sum) }

  private func each(_ columns: [String], _ aggregate: (Column) -> Column) -> DataFrame {
    agg(columns.map { aggregate(col($0)) })
  }
}
