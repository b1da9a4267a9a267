import FoundationEssentials
import SparkConnectProtocol
import SparkTypes
import SwiftProtobuf
import Texts

/// Makes calls that give a column to functions over whole batches, for servers that take only these: the
/// other columns pass by them.
///
/// `project(f(x))` over a table becomes `project(r)` over `mapPartitions(f)` over the table with `x` behind
/// its columns. Which columns there are is asked of the server. What the server computes with the calls is
/// the same, and so are the names of the columns; expressions that stand for all columns become their names.
/// Columns that share a name have names of their own on the way.
struct CarriedCalls {
  typealias Relation = Spark_Connect_Relation
  typealias Expression = Spark_Connect_Expression

  let session: SparkSession
  /// The form of a call which some columns pass by.
  let form: (SparkSession.Call, StructType) throws -> SparkSession.Call
  private var count = 0

  init(
    session: SparkSession,
    form: @escaping (SparkSession.Call, StructType) throws -> SparkSession.Call
  ) {
    (self.session, self.form) = (session, form)
  }

  /// Where no call can be carried, it is left as it is, and its form says why that cannot be sent.
  ///
  /// - Throws: ``SparkError`` if the server cannot tell a table's columns, or one of two with the same name
  ///   is replaced.
  mutating func carry(_ plan: inout Spark_Connect_Plan) async throws {
    for path in plan.pathsToTables {
      plan[keyPath: path] = try await carried(plan[keyPath: path])
    }
  }

  private mutating func carried(_ relation: Relation) async throws -> Relation {
    var result = relation
    for path in result.pathsToInputs {
      result[keyPath: path] = try await carried(result[keyPath: path])
    }
    guard let place = Place(result), let found = result.innermostCall, var input = result.onlyInput
    else { return result }
    var columns = try await columns(of: input)
    let twins = try await twins(in: columns)
    try result.checkReplaced(twins, by: found)
    // As they are before the calls are replaced: a column is called like its expression.
    let isRenamed = place == .replaces || !twins.isEmpty
    let names = isRenamed ? try await self.columns(of: result).names : []
    if !twins.isEmpty {
      columns = StructType(
        columns.enumerated().map { index, field in
          var field = field
          if twins.contains(field.name) { field.name = "needletail_passing_\(index)" }
          return field
        })
      input = input.renamed(columns.names)
    }
    result.expandStars(columns.names)
    // Stars may be in its arguments, too.
    var call = result.innermostCall ?? found
    var added: [String] = []
    while true {
      let name = "needletail_carried_\(count)"
      count += 1
      added.append(name)
      input = try over(input, columns, call, name)
      columns = StructType(columns + [StructField(name, DataType(call.pythonUdf.outputType))])
      result.mapExpressions { $0.replacing(call, by: .column(name)) }
      guard let next = result.innermostCall else { break }
      call = next
    }
    result.onlyInput = input
    if place == .keeps { result = result.dropping(added) }
    return isRenamed ? result.renamed(names) : result
  }

  /// `input`, whose columns are `columns`, with what `call` gives as a column called `name` behind them.
  private func over(
    _ input: Relation, _ columns: StructType, _ call: SparkSession.Call, _ name: String
  ) throws -> Relation {
    var sent = try form(call, columns)
    let arguments = sent.arguments.enumerated().map { index, argument in
      Expression.with {
        $0.alias.expr = argument
        $0.alias.name = ["\(name)_\(index)"]
      }
    }
    let all = StructType(columns + [StructField(name, DataType(call.pythonUdf.outputType))])
    sent.pythonUdf.outputType = DataType.struct(all).proto
    sent.arguments = (columns.names + sent.arguments.indices.map { "\(name)_\($0)" })
      .map(Expression.column)
    return .with {
      $0.mapPartitions.input = .with {
        $0.project.input = input
        $0.project.expressions = columns.names.map(Expression.column) + arguments
      }
      $0.mapPartitions.func = sent
    }
  }

  private func columns(of relation: Relation) async throws -> StructType {
    try await DataFrame(session: session, relation: relation).schema()
  }

  /// The names that several columns have, each as all of them spell it.
  private func twins(in columns: StructType) async throws -> Set<String> {
    let isExact = try await session.conf.get("spark.sql.caseSensitive") == "true"
    let spellings = Dictionary(grouping: columns.names) { isExact ? $0 : $0.lowercased() }
    return Set(spellings.values.filter { $0.count > 1 }.joined())
  }

  /// What a table with calls has of the columns below it.
  private enum Place {
    /// All of them, and perhaps more.
    case keeps
    /// Only what its expressions give.
    case replaces

    init?(_ relation: Relation) {
      switch relation.relType {
      case .filter, .sort, .withColumns, .sampleBy, .repartitionByExpression, .collectMetrics:
        self = .keeps
      case .project, .aggregate, .unpivot: self = .replaces
      default: return nil
      }
    }
  }
}

extension Spark_Connect_Relation {
  /// A call of a function of this package's in the table's own expressions, without another in its arguments.
  fileprivate var innermostCall: SparkSession.Call? {
    var found: SparkSession.Call?
    var copy = self
    copy.mapExpressions { expression in
      // Outer calls come before those in their arguments.
      if found == nil { expression.forEachCall { if $0.isOurs { found = $0 } } }
      return expression
    }
    return found
  }

  /// Its columns called `names`, by their places.
  fileprivate func renamed(_ names: [String]) -> Self {
    .with {
      $0.toDf.input = self
      $0.toDf.columnNames = names
    }
  }

  /// - Throws: ``SparkError`` if it puts a column in the place of one of those called `twins`, which it could
  ///   not find under the names that they have on the way.
  fileprivate func checkReplaced(_ twins: Set<String>, by call: SparkSession.Call) throws {
    guard case .withColumns(let node) = relType else { return }
    let lowercased = Set(twins.map { $0.lowercased() })
    for name in node.aliases.compactMap(\.name.first)
    where lowercased.contains(name.lowercased()) {
      throw SparkError(
        .invalidArgument,
        "'\(call.functionName)' is called where column '\(name)' is replaced, and the table has two of that "
          + "name, which cannot both pass by it on this server; rename or drop one of them before")
    }
  }

  /// Replaces what stands for all columns by their names.
  fileprivate mutating func expandStars(_ names: [String]) {
    let columns = names.map(Spark_Connect_Expression.column)
    mapExpressions { $0.expandingStars(columns) }
    if case .project(let node) = relType {
      project.expressions = node.expressions.flatMap { $0.isStar ? columns : [$0] }
    }
  }
}

extension Spark_Connect_Expression {
  fileprivate var isStar: Bool {
    switch exprType {
    case .unresolvedStar(let star): !star.hasUnparsedTarget
    case .expressionString(let text): text.expression.trimmed == "*"
    default: false
    }
  }

  fileprivate func expandingStars(_ columns: [Self]) -> Self {
    var result = self
    result.mapChildren { $0.expandingStars(columns) }
    switch result.exprType {
    // Rows are counted by it, unless they must differ.
    case .unresolvedFunction(let function)
    where function.functionName.lowercased() != "count" || function.isDistinct:
      result.unresolvedFunction.arguments = function.arguments.flatMap {
        $0.isStar ? columns : [$0]
      }
    case .callFunction(let function) where function.functionName.lowercased() != "count":
      result.callFunction.arguments = function.arguments.flatMap { $0.isStar ? columns : [$0] }
    case .expressionString(let text) where !isStar:
      result.expressionString.expression = SQLStars.expanded(
        text.expression, columns.map(\.unresolvedAttribute.unparsedIdentifier))
    default: break
    }
    return result
  }

  fileprivate func replacing(_ call: SparkSession.Call, by column: Self) -> Self {
    if case .commonInlineUserDefinedFunction(let found) = exprType, found.isSame(as: call) {
      return column
    }
    var result = self
    result.mapChildren { $0.replacing(call, by: column) }
    return result
  }
}

extension SparkSession.Call {
  /// Whether both are sent as the same bytes: a number that is none (NaN) does not equal itself.
  fileprivate func isSame(as other: Self) -> Bool {
    if self == other { return true }
    guard let mine = try? serializedData() as Data, let others = try? other.serializedData() as Data
    else { return false }
    return mine == others
  }
}
