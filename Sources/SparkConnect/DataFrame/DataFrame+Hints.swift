import SparkConnectProtocol
import SwiftProtobuf

extension DataFrame {
  /// A hint for Spark's planner: `other.hint("broadcast")` within a join, `hint("repartition", 8, col("id"))`.
  ///
  /// - Parameters:
  ///   - name: the hint's name; Spark passes over one that it does not know, with a line in its log.
  ///   - parameters: numbers, texts and columns.
  public func hint(_ name: String, _ parameters: any ColumnConvertible...) -> DataFrame {
    let columns = parameters.map(\.column)
    return deriving(columns) { result, input, expressions in
      result.hint.input = input
      result.hint.name = name
      result.hint.parameters = expressions
    }
  }

  /// The values of several columns as rows: two new columns have their names and their values.
  ///
  /// - Parameters:
  ///   - ids: the columns that each of these rows keeps.
  ///   - values: the columns that become rows, of one type or of ones that Spark makes one of; `nil` for all
  ///     but `ids`.
  ///   - variable: what the column with the names is called.
  ///   - value: what the column with the values is called.
  public func unpivot(
    _ ids: [Column], _ values: [Column]? = nil, variable: String, value: String
  ) -> DataFrame {
    over(ids + (values ?? [])) { result, expressions in
      result.unpivot.ids = Array(expressions.prefix(ids.count))
      if values != nil {
        result.unpivot.values.values = Array(expressions.dropFirst(ids.count))
      }
      result.unpivot.variableColumnName = variable
      result.unpivot.valueColumnName = value
    }
  }
}
