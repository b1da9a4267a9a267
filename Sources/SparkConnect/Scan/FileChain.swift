import ArrowIPC
import SparkConnectProtocol
import SparkTypes

/// A table that only rearranges the columns of files: the reading, and what was done to its columns.
struct FileChain {
  typealias Relation = Spark_Connect_Relation
  typealias Expression = Spark_Connect_Expression

  let read: FileRead
  /// The message of the reading alone.
  let reading: Relation
  /// From the reading upwards.
  private let steps: [Relation]

  var isPlain: Bool { steps.isEmpty }

  init(_ relation: Relation) throws(ScanRefusal) {
    var steps: [Relation] = []
    var current = relation
    while true {
      switch current.relType {
      case .read(let message):
        read = try Self.files(message)
        reading = current
        self.steps = steps.reversed()
        return
      case .project, .withColumns, .withColumnsRenamed, .toDf, .drop, .filter, .limit:
        guard let input = current.onlyInput else { throw ScanRefusal("the table has no source") }
        steps.append(current)
        current = input
      default: throw ScanRefusal("the table is not one of files alone", isPlain: true)
      }
    }
  }

  private static func files(_ message: Spark_Connect_Read) throws(ScanRefusal) -> FileRead {
    guard case .dataSource(let source)? = message.readType, !message.isStreaming else {
      throw ScanRefusal("the table is one of the catalogue", isPlain: true)
    }
    var read = FileRead(
      format: source.hasFormat ? source.format : nil,
      schema: source.hasSchema ? source.schema : nil,
      options: source.options, paths: source.paths)
    for (name, value) in source.options where ["path", "paths"].contains(name.lowercased()) {
      guard name.lowercased() == "path", source.paths.isEmpty else {
        throw ScanRefusal("the option \(name) names files")
      }
      read.options[name] = nil
      read.paths = [value]
    }
    if read.paths.isEmpty { throw ScanRefusal("no path is named", isPlain: true) }
    return read
  }

  /// What is left of a table of files.
  struct Resolved {
    var columns: [Column]
    /// Conditions on its rows.
    var filters: [ScanFilter] = []
    /// The number of rows to take of those.
    var limit: Int?
  }

  /// The columns and rows that are left of a table of files with the columns `names`. The names are
  /// those of the server but for their case.
  func resolved(_ names: [String]) throws(ScanRefusal) -> Resolved {
    var columns = names.map { Column(name: $0, value: .file($0)) }
    var filters: [ScanFilter] = []
    var limit: Int?
    for step in steps {
      switch step.relType {
      case .project(let project):
        var selected: [Column] = []
        for expression in project.expressions {
          if case .unresolvedStar(let star) = expression.exprType, !star.hasUnparsedTarget {
            selected += columns
          } else {
            selected.append(try Self.column(expression, of: columns))
          }
        }
        columns = selected
      case .withColumns(let added):
        let before = columns
        for alias in added.aliases {
          guard alias.name.count == 1 else { throw Self.computed }
          var column = try Self.column(alias.expr, of: before)
          column.name = alias.name[0]
          if let place = Self.place(column.name, in: columns) {
            columns[place] = column
          } else {
            columns.append(column)
          }
        }
      case .withColumnsRenamed(let renamed):
        let targets = Set(renamed.renames.map { $0.newColName.lowercased() })
        if renamed.renames.count > 1,
          renamed.renames.contains(where: { targets.contains($0.colName.lowercased()) })
        {
          throw ScanRefusal("columns change their names with each other")
        }
        for rename in renamed.renames {
          for place in columns.indices
          where columns[place].name.lowercased() == rename.colName.lowercased() {
            columns[place].name = rename.newColName
          }
        }
      case .toDf(let renamed):
        guard renamed.columnNames.count == columns.count else { throw Self.computed }
        for (place, name) in renamed.columnNames.enumerated() { columns[place].name = name }
      case .drop(let drop):
        guard drop.columns.isEmpty else { throw Self.computed }
        let dropped = Set(drop.columnNames.map { $0.lowercased() })
        columns.removeAll { dropped.contains($0.name.lowercased()) }
      case .limit(let cut):
        limit = min(limit ?? .max, max(Int(cut.limit), 0))
      case .filter(let filter):
        // Of the rows that limit took, not of all.
        if limit != nil { throw ScanRefusal("a filter comes after limit") }
        filters.append(ScanFilter(filter.condition, over: columns))
      default: throw Self.computed
      }
      if Set(columns.map { $0.name.lowercased() }).count != columns.count {
        throw ScanRefusal("two columns have the same name")
      }
    }
    return Resolved(columns: columns, filters: filters, limit: limit)
  }

  struct Column {
    var name: String
    var value: ScannedValue
  }

  private static let computed = ScanRefusal("the table's columns are computed by Spark")

  private static func place(_ name: String, in columns: [Column]) -> Int? {
    let folded = name.lowercased()
    return columns.firstIndex { $0.name.lowercased() == folded }
  }

  private static func column(
    _ expression: Expression, of columns: [Column]
  ) throws(ScanRefusal) -> Column {
    switch expression.exprType {
    case .unresolvedAttribute(let attribute):
      guard let parts = SQLIdentifier.parts(of: attribute.unparsedIdentifier), parts.count == 1,
        let place = place(parts[0], in: columns)
      else { throw computed }
      return Column(name: parts[0], value: columns[place].value)
    case .alias(let alias):
      guard alias.name.count == 1 else { throw computed }
      var column = try column(alias.expr, of: columns)
      column.name = alias.name[0]
      return column
    case .literal(let literal):
      guard let value = literal.simpleValue else { throw computed }
      // Whoever gives it no name has one of Spark's, which is compared with this one.
      return Column(name: "", value: .literal(value))
    default: throw computed
    }
  }
}

extension Spark_Connect_Expression.Literal {
  /// The value, if it is a number, a string, a boolean or null.
  fileprivate var simpleValue: ArrowValue? {
    switch literalType {
    case .null: .null
    case .boolean(let value): .bool(value)
    case .byte(let number), .short(let number), .integer(let number): .int(Int64(number))
    case .long(let number): .int(number)
    case .float(let number): .float(Double(number))
    case .double(let number): .float(number)
    case .string(let text): .string(text)
    default: nil
    }
  }
}
