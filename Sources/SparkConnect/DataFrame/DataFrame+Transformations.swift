import SparkConnectProtocol
import SparkTypes
import SwiftProtobuf

extension DataFrame {
  /// The given columns: `select("id", col("price") * 2)`.
  public func select(_ columns: Column...) -> DataFrame { select(columns) }

  /// The given columns.
  public func select(_ columns: [Column]) -> DataFrame {
    over(columns, calls: .sharingEqual) { result, expressions in
      result.project.expressions = expressions
    }
  }

  /// Columns given in SQL: `selectExpr("id", "price * 2 as double")`.
  public func selectExpr(_ expressions: String...) -> DataFrame { selectExpr(expressions) }

  /// Columns given in SQL, as many as the list has.
  public func selectExpr(_ expressions: [String]) -> DataFrame {
    select(expressions.map { expr($0) })
  }

  /// All columns and `column` under the name `name`, which it replaces if there is one.
  public func withColumn(_ name: String, _ column: Column) -> DataFrame {
    withColumns([(name, column)])
  }

  /// The same with metadata of the new column, a JSON object.
  package func withColumn(_ name: String, _ column: Column, metadata: String) -> DataFrame {
    over([column], calls: .sharingEqual) { result, expressions in
      result.withColumns.aliases = expressions.map { expression in
        .with {
          $0.expr = expression
          $0.name = [name]
          $0.metadata = metadata
        }
      }
    }
  }

  /// All columns and further ones.
  public func withColumns(_ columns: [(name: String, column: Column)]) -> DataFrame {
    over(columns.map(\.column), calls: .sharingEqual) { result, expressions in
      result.withColumns.aliases = zip(columns, expressions).map { column, expression in
        .with {
          $0.expr = expression
          $0.name = [column.name]
        }
      }
    }
  }

  /// The columns with some names changed.
  public func withColumnsRenamed(_ names: [(from: String, to: String)]) -> DataFrame {
    over { result, _ in
      result.withColumnsRenamed.renames = names.map { name in
        .with {
          $0.colName = name.from
          $0.newColName = name.to
        }
      }
    }
  }

  /// The table with another name for a column; unchanged if it has no column `from`.
  public func withColumnRenamed(_ from: String, _ to: String) -> DataFrame {
    withColumnsRenamed([(from, to)])
  }

  /// All columns under new names.
  public func toDF(_ names: String...) -> DataFrame { toDF(names) }

  /// All columns under new names.
  public func toDF(_ names: [String]) -> DataFrame {
    over { result, _ in result.toDf.columnNames = names }
  }

  /// The columns but the ones named.
  public func drop(_ names: String...) -> DataFrame { drop(names) }

  /// The columns but the ones named.
  public func drop(_ names: [String]) -> DataFrame {
    over { result, _ in result.drop.columnNames = names }
  }

  /// The rows for which `condition` holds.
  public func filter(_ condition: Column) -> DataFrame {
    over([condition], calls: .sharingEqual) { result, expressions in
      result.filter.condition = expressions[0]
    }
  }

  /// The rows for which a condition in SQL holds.
  public func filter(_ condition: String) -> DataFrame { filter(expr(condition)) }

  /// The rows for which `condition` holds.
  public func `where`(_ condition: Column) -> DataFrame { filter(condition) }

  /// The rows for which a condition in SQL holds.
  public func `where`(_ condition: String) -> DataFrame { filter(condition) }

  /// At most `count` rows.
  public func limit(_ count: Int) -> DataFrame {
    over { result, _ in result.limit.limit = Int32(clamping: count) }
  }

  /// The rows without the first `count`.
  public func offset(_ count: Int) -> DataFrame {
    over { result, _ in result.offset.offset = Int32(clamping: count) }
  }

  /// The rows without repetitions.
  public func distinct() -> DataFrame { dropDuplicates() }

  /// One row for each combination of values in `columns` (all columns if none is named).
  public func dropDuplicates(_ columns: String...) -> DataFrame {
    over { result, _ in
      result.deduplicate.columnNames = columns
      result.deduplicate.allColumnsAsKeys = columns.isEmpty
    }
  }

  /// A random part of the rows.
  public func sample(
    _ fraction: Double, withReplacement: Bool = false, seed: Int? = nil
  ) -> DataFrame {
    let seed = seed ?? Int.random(in: 0...Int.max)
    return over { result, _ in
      result.sample.lowerBound = 0
      result.sample.upperBound = fraction
      result.sample.withReplacement = withReplacement
      result.sample.seed = Int64(seed)
    }
  }

  /// The rows split at random into tables of about the given shares, which are the same for the same seed.
  ///
  /// Shares below zero, or all of zero, are refused by the first action.
  public func randomSplit(_ weights: [Double], seed: Int = 0) -> [DataFrame] {
    let total = weights.reduce(0, +)
    let isPossible = total > 0 && total.isFinite && weights.allSatisfy { $0 >= 0 }
    var lower = 0.0
    return weights.map { weight in
      let (from, to) = (lower, lower + weight / total)
      lower = to
      return over { result, _ in
        guard isPossible else {
          throw SparkError(
            .invalidArgument,
            "the shares of randomSplit are \(weights); each must be zero or more, and one above zero"
          )
        }
        result.sample.lowerBound = from
        result.sample.upperBound = to
        result.sample.withReplacement = false
        result.sample.seed = Int64(seed)
        result.sample.deterministicOrder = true
      }
    }
  }

  /// The rows in order: `orderBy("age", col("name").desc)`.
  public func orderBy(_ columns: Column...) -> DataFrame { sorted(columns, isGlobal: true) }

  /// The rows in order.
  public func sort(_ columns: Column...) -> DataFrame { sorted(columns, isGlobal: true) }

  /// The rows of each partition in order.
  public func sortWithinPartitions(_ columns: Column...) -> DataFrame {
    sorted(columns, isGlobal: false)
  }

  private func sorted(_ columns: [Column], isGlobal: Bool) -> DataFrame {
    over(columns) { result, expressions in
      result.sort.order = expressions.map(Self.sortOrder)
      result.sort.isGlobal = isGlobal
    }
  }

  /// The rows in `count` partitions, those with equal `columns` together if any are given.
  public func repartition(_ count: Int, _ columns: Column...) -> DataFrame {
    if columns.isEmpty { return partitioned(count, shuffle: true) }
    return over(columns) { result, expressions in
      result.repartitionByExpression.partitionExprs = expressions
      result.repartitionByExpression.numPartitions = Int32(clamping: count)
    }
  }

  /// The rows in at most `count` partitions, without moving rows between executors.
  public func coalesce(_ count: Int) -> DataFrame { partitioned(count, shuffle: false) }

  private func partitioned(_ count: Int, shuffle: Bool) -> DataFrame {
    over { result, _ in
      result.repartition.numPartitions = Int32(clamping: count)
      result.repartition.shuffle = shuffle
    }
  }

  /// The table under a name, for use in expressions over joins.
  public func alias(_ name: String) -> DataFrame {
    over { result, _ in result.subqueryAlias.alias = name }
  }

  /// Counts, means, deviations, least and greatest values of columns (all if none is named).
  public func describe(_ columns: String...) -> DataFrame {
    deriving { result, input, _ in
      result.describe.input = input
      result.describe.cols = columns
    }
  }

  /// The named statistics of all columns: `count`, `mean`, `stddev`, `min`, `max`, `25%` ...
  public func summary(_ statistics: String...) -> DataFrame {
    deriving { result, input, _ in
      result.summary.input = input
      result.summary.statistics = statistics
    }
  }

  /// The rows with nulls or NaN in `columns` (all if none is named) left out.
  public func dropna(_ columns: String...) -> DataFrame {
    over { result, _ in result.dropNa.cols = columns }
  }

  /// The rows with nulls (and NaN, by a number) replaced in the columns of the value's kind: numbers,
  /// strings or booleans.
  public func fillna(_ value: some ColumnConvertible, _ columns: String...) -> DataFrame {
    na.filled([value.column], columns, call: "fillna")
  }

  /// The rows of each partition given to `function`, which sees all columns and returns others.
  package func mapPartitions(
    _ function: InlineFunction, columns: [Column] = [], isBarrier: Bool = false,
    profileID: Int? = nil
  ) -> DataFrame {
    let derived = over(columns) { result, expressions in
      let message = try function.message(
        expressions, names: [], version: session.majorMinorVersion)
      result.mapPartitions.func = message
      result.mapPartitions.isBarrier = isBarrier
      if let profileID { result.mapPartitions.profileID = Int32(profileID) }
    }
    return DataFrame(
      session: session, relation: derived.relation,
      calls: derived.calls + [InlineCall(function: function, arguments: [], input: self)],
      failure: derived.failure)
  }
}

extension Spark_Connect_Expression.Literal {
  /// The literal as the server's replacement of nulls takes it, which knows no narrow numbers; `nil` if
  /// it takes none of this kind.
  var replacingNulls: Self? {
    var wide = self
    switch literalType {
    case .long, .double, .string, .boolean: break
    case .byte(let number), .short(let number), .integer(let number): wide.long = Int64(number)
    case .float(let number): wide.double = Double(number)
    default: return nil
    }
    return wide
  }
}
