import SparkConnectProtocol
import SwiftProtobuf

/// Rows in groups, waiting for what to compute of each.
public struct GroupedData: Sendable {
  let table: DataFrame
  let keys: [Column]
  var type = Spark_Connect_Aggregate.GroupType.groupby
  /// The column whose values become columns, with those that are wanted.
  var pivot: (column: Column, values: [Column])?
  /// What was wrong in describing the groups; told by the first action.
  var failure: SparkError?

  /// The keys and the given aggregates of each group: `agg(avg("price"), count())`.
  public func agg(_ aggregates: Column...) -> DataFrame { agg(aggregates) }

  /// The keys and the given aggregates of each group, as many as the list has.
  public func agg(_ aggregates: [Column]) -> DataFrame {
    let columns = keys + aggregates + (pivot.map { [$0.column] + $0.values } ?? [])
    return table.over(columns, calls: .beforehand) { result, expressions in
      if let failure { throw failure }
      result.aggregate.groupType = type
      result.aggregate.groupingExpressions = Array(expressions.prefix(keys.count))
      var rest = expressions.dropFirst(keys.count)
      result.aggregate.aggregateExpressions = Array(rest.prefix(aggregates.count))
      rest = rest.dropFirst(aggregates.count)
      guard let pivot, let column = rest.popFirst() else { return }
      result.aggregate.pivot.col = column
      result.aggregate.pivot.values = try zip(pivot.values, rest).map { value, expression in
        guard case .literal(let literal) = expression.exprType else {
          throw SparkError(
            .invalidArgument,
            "pivot takes values such as \"north\" or 2026, not the expression '\(value)'")
        }
        return literal
      }
    }
  }

  /// The groups with a column for each of `values` of `column`: each aggregate is computed for the rows that
  /// have the value, and its name is the value's, with several aggregates `value_aggregate`.
  ///
  /// ```swift
  /// table.groupBy("year").pivot("region", ["north", "south"]).agg(sum("sales"))
  /// ```
  ///
  /// Groups of ``DataFrame/rollup(_:)`` and ``DataFrame/cube(_:)``, and those that are pivoted already, Spark
  /// does not pivot: then the first action throws a ``SparkError``.
  ///
  /// - Parameters:
  ///   - column: whose values become columns.
  ///   - values: those that are wanted, in the order of the columns; none for all, which Spark finds out by
  ///     a job of its own, and of which there may be 10,000 at most.
  public func pivot(_ column: Column, _ values: [any ColumnConvertible] = []) -> GroupedData {
    var copy = self
    if type != .groupby {
      copy.failure = SparkError(
        .invalidArgument,
        "pivot is for the groups of groupBy, each once, and these are of \(type == .pivot ? "pivot" : "rollup or cube")"
          + "; aggregate them, and group the result anew")
    }
    copy.type = .pivot
    copy.pivot = (column, values.map(\.column))
    return copy
  }

  /// The number of rows in each group, as the column `count`.
  public func count() -> DataFrame { agg([SparkConnect.count().as("count")]) }

  /// The greatest values of columns in each group; one at least must be named.
  public func max(_ columns: String...) -> DataFrame { each(columns, SparkConnect.max) }

  /// The smallest values of columns in each group; one at least must be named.
  public func min(_ columns: String...) -> DataFrame { each(columns, SparkConnect.min) }

  /// The means of columns in each group; one at least must be named.
  public func avg(_ columns: String...) -> DataFrame { each(columns, SparkConnect.avg) }

  /// The sums of columns in each group; one at least must be named.
  public func sum(_ columns: String...) -> DataFrame { each(columns, SparkConnect.sum) }

  private func each(_ columns: [String], _ aggregate: (Column) -> Column) -> DataFrame {
    var copy = self
    if columns.isEmpty {
      copy.failure =
        failure
        ?? SparkError(
          .invalidArgument,
          "no columns are named; name those of which the values are wanted, such as max(\"price\")")
    }
    return copy.agg(columns.map { aggregate(col($0)) })
  }
}

extension DataFrame {
  /// The rows in groups of equal `columns`.
  public func groupBy(_ columns: Column...) -> GroupedData {
    GroupedData(table: self, keys: columns)
  }

  /// The rows in groups of equal `columns`, of equal ones without the last, and so on to all rows: keys that
  /// a group does not have are null.
  public func rollup(_ columns: Column...) -> GroupedData {
    GroupedData(table: self, keys: columns, type: .rollup)
  }

  /// The rows in groups for each choice among `columns`: keys that a group does not have are null.
  public func cube(_ columns: Column...) -> GroupedData {
    GroupedData(table: self, keys: columns, type: .cube)
  }

  /// Aggregates over all rows.
  public func agg(_ aggregates: Column...) -> DataFrame {
    GroupedData(table: self, keys: []).agg(aggregates)
  }
}
