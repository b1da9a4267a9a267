import SparkConnectProtocol
import SparkTypes
import SwiftProtobuf

extension RowwisePart {
  /// The name that the column `name` has in ``input``.
  ///
  /// Names are compared as Spark does by default, in whichever case.
  ///
  /// - Returns: `nil` if the column is computed, or it cannot be told from which one it comes.
  package func inputName(of name: String) -> String? {
    var name: String? = name
    for step in steps {
      guard let known = name else { return nil }
      name = step.source(of: known)
    }
    return name
  }
}

extension Spark_Connect_Relation {
  /// The column of the table below that is the column `name` here; `nil` if none is for certain.
  fileprivate func source(of name: String) -> String? {
    switch relType {
    case .project(let node):
      let named = node.expressions.filter {
        $0.columnName?.isExactly(ignoringCase: name) ?? false
      }
      let hasAll = node.expressions.contains(where: \.isAllColumns)
      if named.isEmpty { return hasAll ? name : nil }
      return named.count == 1 && !hasAll ? named[0].sourceName : nil
    case .withColumns(let node):
      let made = node.aliases.last {
        $0.name.count == 1 && $0.name[0].isExactly(ignoringCase: name)
      }
      return made == nil ? name : made?.expr.sourceName
    case .withColumnsRenamed(let node):
      var name = name
      for rename in node.renames.reversed() {
        if rename.newColName.isExactly(ignoringCase: name) {
          name = rename.colName
        } else if rename.colName.isExactly(ignoringCase: name) {
          return nil
        }
      }
      return name
    case .drop(let node):
      return node.columnNames.contains { $0.isExactly(ignoringCase: name) } ? nil : name
    case .filter, .subqueryAlias, .repartition, .repartitionByExpression, .sort: return name
    default: return nil
    }
  }
}

extension Spark_Connect_Expression {
  /// Whether it stands for all columns of the table below.
  fileprivate var isAllColumns: Bool {
    switch exprType {
    case .unresolvedStar(let star): !star.hasUnparsedTarget
    case .expressionString(let text): text.expression == "*"
    default: false
    }
  }

  /// The name of the column that it makes, as far as that is told here.
  fileprivate var columnName: String? {
    if case .alias(let alias) = exprType { return alias.name.count == 1 ? alias.name[0] : nil }
    return sourceName ?? lastPart
  }

  /// The column of the table below that it is as it stands.
  fileprivate var sourceName: String? {
    if case .alias(let alias) = exprType { return alias.expr.sourceName }
    guard let parts = identifier, parts.count == 1 else { return nil }
    return parts[0]
  }

  /// The name that a field, or a column with its table's name, has as a column.
  private var lastPart: String? { identifier?.last }

  private var identifier: [String]? {
    switch exprType {
    case .unresolvedAttribute(let attribute):
      return SQLIdentifier.parts(of: attribute.unparsedIdentifier)
    case .expressionString(let text):
      guard let parts = SQLIdentifier.parts(of: text.expression),
        // As SQL has them; anything else is an expression.
        SQLIdentifier.quoted(path: parts) == text.expression
          || parts.map({ "\(SQLIdentifier($0))" }).joined(separator: ".") == text.expression
      else { return nil }
      return parts
    default: return nil
    }
  }
}
