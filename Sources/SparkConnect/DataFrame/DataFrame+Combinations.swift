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

  /// The rows that are in both tables, each as often as in the one that has it less often.
  public func intersectAll(_ other: DataFrame) -> DataFrame {
    combined(other, .intersect, isAll: true)
  }

  /// The rows of this table without as many equal ones as the other has.
  public func exceptAll(_ other: DataFrame) -> DataFrame { combined(other, .except, isAll: true) }
}
