import ArrowIPC
import SparkConnectProtocol
import SwiftProtobuf

/// Statistics of columns: `try await table.stat.approxQuantile("price", [0.5, 0.99])`.
public struct StatisticFunctions: Sendable {
  let table: DataFrame

  /// Values of a column of numbers below which the given shares of the rows lie, nulls left out.
  ///
  /// - Parameters:
  ///   - column: its name.
  ///   - probabilities: the shares, from 0 (the least value) to 1 (the greatest).
  ///   - relativeError: how far off a share may be; 0 is exact and dear.
  /// - Returns: a value for each share; none if the column has no values.
  /// - Throws: ``SparkError`` if there is no such column of numbers, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func approxQuantile(
    _ column: String, _ probabilities: [Double], relativeError: Double = 0.001
  ) async throws -> [Double] {
    try await approxQuantile([column], probabilities, relativeError: relativeError).first ?? []
  }

  /// The same of several columns, which are read once.
  ///
  /// - Throws: as of one column.
  public func approxQuantile(
    _ columns: [String], _ probabilities: [Double], relativeError: Double = 0.001
  ) async throws -> [[Double]] {
    let asked = table.deriving { result, input, _ in
      result.approxQuantile.input = input
      result.approxQuantile.cols = columns
      result.approxQuantile.probabilities = probabilities
      result.approxQuantile.relativeError = relativeError
    }
    guard let row = try await asked.collect().first else {
      throw SparkError(.result, "the server did not give quantiles")
    }
    return try RowDecoder(row.values[0], row.schema.fields[0].type, path: [])
      .decode([[Double]].self)
  }

  /// The covariance of two columns of numbers.
  ///
  /// - Throws: ``SparkError`` if there are no such columns, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func cov(_ first: String, _ second: String) async throws -> Double {
    try await number {
      $0.cov.input = $1
      $0.cov.col1 = first
      $0.cov.col2 = second
    }
  }

  /// Pearson's correlation of two columns of numbers.
  ///
  /// - Throws: ``SparkError`` if there are no such columns, or the server is lost;
  ///   `CancellationError` when the task is cancelled.
  public func corr(_ first: String, _ second: String) async throws -> Double {
    try await number {
      $0.corr.input = $1
      $0.corr.col1 = first
      $0.corr.col2 = second
      $0.corr.method = "pearson"
    }
  }

  private func number(
    _ fill: (inout Spark_Connect_Relation, Spark_Connect_Relation) -> Void
  ) async throws -> Double {
    let asked = table.deriving { result, input, _ in fill(&result, input) }
    guard case .float(let number)? = try await asked.collect().first?.values.first else {
      throw SparkError(.result, "the server did not give a number")
    }
    return number
  }

  /// How often each pair of values of two columns is there: a row for each value of the first, which
  /// stands in the column `first_second`, and a column for each value of the second.
  public func crosstab(_ first: String, _ second: String) -> DataFrame {
    table.deriving { result, input, _ in
      result.crosstab.input = input
      result.crosstab.col1 = first
      result.crosstab.col2 = second
    }
  }

  /// Values that may be in more than a share of `support` of the rows, all such ones among them: one row
  /// with an array `column_freqItems` for each column.
  public func freqItems(_ columns: [String], support: Double = 0.01) -> DataFrame {
    table.deriving { result, input, _ in
      result.freqItems.input = input
      result.freqItems.cols = columns
      result.freqItems.support = support
    }
  }

  /// Rows at random, of each value of `column` the share that `fractions` gives it, of others none.
  public func sampleBy<Value: ColumnConvertible & Hashable>(
    _ column: Column, _ fractions: [Value: Double], seed: Int? = nil
  ) -> DataFrame {
    let seed = seed ?? Int.random(in: 0...Int.max)
    let strata = fractions.map { (value: $0.key.column, share: $0.value) }
      .sorted { $0.value.label < $1.value.label }
    return table.over([column] + strata.map(\.value)) { result, expressions in
      result.sampleBy.col = expressions[0]
      result.sampleBy.fractions = zip(strata, expressions.dropFirst()).map { stratum, expression in
        .with {
          $0.stratum = expression.literal
          $0.fraction = stratum.share
        }
      }
      result.sampleBy.seed = Int64(seed)
    }
  }
}

extension DataFrame {
  /// Statistics of columns.
  public var stat: StatisticFunctions { StatisticFunctions(table: self) }
}
