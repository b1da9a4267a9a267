import SparkConnectProtocol
import SwiftProtobuf

/// What becomes of missing and other unwanted values: `table.na.fill(0, "age")`.
public struct NullFunctions: Sendable {
  let table: DataFrame

  /// Which rows ``drop(_:in:)`` leaves out.
  public enum DroppedRows: Sendable, Hashable {
    /// Those with a null or NaN in one of the columns.
    case withAny
    /// Those with nothing else in the columns.
    case withAll
  }

  /// The rows without those that have nulls or NaN in `columns`; all columns if none is named.
  public func drop(_ rows: DroppedRows = .withAny, in columns: String...) -> DataFrame {
    table.over { result, _ in
      result.dropNa.cols = columns
      if rows == .withAll { result.dropNa.minNonNulls = 1 }
    }
  }

  /// The rows that have values, neither null nor NaN, in at least `count` of `columns` (all if none is
  /// named).
  public func drop(fewerThan count: Int, in columns: String...) -> DataFrame {
    table.over { result, _ in
      result.dropNa.cols = columns
      result.dropNa.minNonNulls = Int32(clamping: count)
    }
  }

  /// The rows with `value` for nulls (and NaN, if it is a number) in `columns`, those of its kind: numbers,
  /// strings or booleans; all such columns if none is named.
  public func fill(_ value: some ColumnConvertible, _ columns: String...) -> DataFrame {
    filled([value.column], columns)
  }

  /// The rows with a value of its own for nulls in each of the columns: `fill(["age": 0, "name": "?"])`.
  public func fill(_ values: [String: any ColumnConvertible]) -> DataFrame {
    let names = values.keys.sorted()
    return filled(names.compactMap { values[$0]?.column }, names)
  }

  /// - Parameter call: what the user wrote, for messages.
  func filled(_ values: [Column], _ columns: [String], call: String = "na.fill") -> DataFrame {
    table.over(values) { result, expressions in
      result.fillNa.cols = columns
      result.fillNa.values = try zip(values, expressions).map { value, expression in
        guard case .literal(let given) = expression.exprType, let literal = given.replacingNulls
        else {
          throw SparkError(
            .invalidArgument,
            "\(call) takes a number, a string or a boolean, not '\(value)'; for other values use "
              + "withColumn(\"name\", coalesce(col(\"name\"), ...))")
        }
        return literal
      }
    }
  }

  /// The rows with `new` where `columns` (all of the values' kind if none is named) have `old`: numbers,
  /// strings or booleans. `nil` stands for null.
  public func replace(
    _ old: some ColumnConvertible, with new: (any ColumnConvertible)?, in columns: String...
  ) -> DataFrame {
    replaced([(old, new)], columns)
  }

  /// The rows with others for several values at once: `replace([(1, with: 10), (2, with: nil)], in: "a")`.
  public func replace(
    _ values: [(any ColumnConvertible, with: (any ColumnConvertible)?)], in columns: String...
  ) -> DataFrame {
    replaced(values.map { ($0.0, $0.with) }, columns)
  }

  private func replaced(
    _ values: [(any ColumnConvertible, (any ColumnConvertible)?)], _ columns: [String]
  ) -> DataFrame {
    let given = values.flatMap { [$0.0.column] + ($0.1.map { [$0.column] } ?? []) }
    return table.over(given) { result, expressions in
      var literals = try zip(given, expressions).map { value, expression in
        guard case .literal(let literal) = expression.exprType, var wide = literal.replacingNulls
        else {
          throw SparkError(
            .invalidArgument,
            "na.replace takes numbers, strings or booleans, not '\(value)'; for other values use "
              + "withColumn(\"name\", when(...).otherwise(...))")
        }
        // Spark compares and replaces all numbers as doubles.
        if case .long(let number) = wide.literalType {
          guard let double = Double(exactly: number) else {
            throw SparkError(
              .invalidArgument,
              "na.replace compares numbers as doubles, and \(number) is none: another number near it would be "
                + "replaced; use withColumn(\"name\", when(col(\"name\") == \(number), ...).otherwise(...))"
            )
          }
          wide.double = double
        }
        return wide
      }[...]
      result.replace.cols = columns
      result.replace.replacements = values.map { value in
        .with {
          if let old = literals.popFirst() { $0.oldValue = old }
          if value.1 != nil, let new = literals.popFirst() {
            $0.newValue = new
          } else {
            $0.newValue.null = .with { $0.null = .init() }
          }
        }
      }
    }
  }
}

extension DataFrame {
  /// What becomes of missing and other unwanted values.
  public var na: NullFunctions { NullFunctions(table: self) }
}
