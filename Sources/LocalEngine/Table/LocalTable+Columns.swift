import ArrowIPC
import Models
import ProgramFunctions
public import SparkConnect
public import SparkFunctions
import SparkTypes

extension LocalTable {
  /// The given columns, and those that functions of the program give:
  /// `select("id", mnist("pixels").as("p"))`.
  ///
  /// - Throws: ``LocalTableError`` if there is no such column, or only Spark computes one;
  ///   `InferenceError` if a column does not fit a function.
  public func select(_ columns: Column...) throws -> LocalTable { try select(columns) }

  /// The given columns.
  ///
  /// - Throws: as the form with several arguments.
  public func select(_ columns: [Column]) throws -> LocalTable {
    var table = self
    var selected: [TableColumn] = []
    for column in columns { selected += try table.values(of: column) }
    table.columns = selected
    return table
  }

  /// The columns but the ones named; names that the table does not have are ignored.
  public func drop(_ names: String...) -> LocalTable { drop(names) }

  /// The columns but the ones named.
  public func drop(_ names: [String]) -> LocalTable {
    let folded = Set(names.map { ExactName(folding: $0) })
    var table = self
    table.columns.removeAll { folded.contains(ExactName(folding: $0.field.name)) }
    return table
  }

  /// The table with another name for a column; unchanged if it has no column `from`.
  public func withColumnRenamed(_ from: String, _ to: String) -> LocalTable {
    var table = self
    for place in columns.indices
    where columns[place].field.name.isExactly(ignoringCase: from) {
      table.columns[place].field.name = to
    }
    return table
  }

  /// All columns under new names.
  ///
  /// - Throws: ``LocalTableError`` if these are not as many names as columns.
  public func toDF(_ names: String...) throws -> LocalTable { try toDF(names) }

  /// All columns under new names.
  ///
  /// - Throws: ``LocalTableError`` if these are not as many names as columns.
  public func toDF(_ names: [String]) throws -> LocalTable {
    guard names.count == columns.count else {
      throw LocalTableError(
        .invalidArgument, "toDF: \(names.count) names were given for \(columns.count) columns")
    }
    var table = self
    for (place, name) in names.enumerated() { table.columns[place].field.name = name }
    return table
  }

  /// All columns, and what a function of the program gives, or another column, under the name `name`,
  /// which it replaces if there is one: `withColumn("p", mnist("pixels"))`.
  ///
  /// - Throws: ``LocalTableError`` if there is no such column, or only Spark computes it;
  ///   `InferenceError` if a column does not fit the function.
  public func withColumn(_ name: String, _ column: Column) throws -> LocalTable {
    var table = self
    var values = try table.values(of: column)
    guard values.count == 1 else {
      throw LocalTableError(
        .invalidArgument, "withColumn(\"\(name)\"): '\(column)' is \(values.count) columns, not one"
      )
    }
    values[0].field.name = name
    let places = columns.indices.filter {
      columns[$0].field.name.isExactly(ignoringCase: name)
    }
    for place in places { table.columns[place] = values[0] }
    if places.isEmpty { table.columns += values }
    return table
  }

  /// What an expression stands for in this table, which gets the steps that compute it.
  private mutating func values(of column: Column) throws -> [TableColumn] {
    switch column.form {
    case .name("*"): return columns
    case .name, .path:
      let (path, field, _) = try found(column)
      let known = columns.first { $0.id == path.id && $0.field.name.isExactly(field.name) }
      if path.fields.isEmpty, let known { return [known] }
      return try add([field], arguments: [path], batchRows: 1) { batch, _ in [batch.columns[0]] }
    case .renamed(let inner, let name):
      return try values(of: inner).map { column in
        var column = column
        column.field.name = name
        return column
      }
    case .call(let function, let arguments):
      return try call(function, arguments, label: column.label)
    case .other:
      throw LocalTableError(
        .needsSpark,
        "'\(column)' is computed by Spark only; a LocalTable has columns by their names and functions "
          + "of the program. Compute it in one of these, or use a DataFrame (spark.read ...)")
    }
  }

  /// The column of a function of the program.
  private mutating func call(
    _ inline: InlineFunction, _ arguments: [Column], label: String
  ) throws -> [TableColumn] {
    guard let applied = inline.local as? AppliedFunction else {
      throw LocalTableError(
        .needsSpark,
        "the function '\(inline.name)' runs under Spark only; use a DataFrame (spark.read ...)")
    }
    let function = applied.function
    let found = try arguments.map { argument -> (ColumnPath, DataType) in
      if case .call = argument.form {
        // A function of a function's values.
        let inner = try values(of: argument)[0]
        return (ColumnPath(id: inner.id, name: argument.label), inner.field.type)
      }
      let (path, field, _) = try self.found(argument)
      return (path, field.type)
    }
    try function.check(arguments: found.map { (name: $0.0.name, type: $0.1) })
    lineage.functions.append(function.name)
    let invocation = FunctionInvocation(
      function: function.name, id: function.name, fingerprint: "local",
      parameters: try applied.parameters(), argumentNames: found.map(\.0.name))
    // A cache of its own: another closure may have the same name.
    let models = ModelCache(capacity: 1)
    let type = try function.returnType.arrowType()
    return try add(
      [StructField(label, function.returnType)], arguments: found.map(\.0),
      batchRows: (function as? any BatchSized)?.batchSize ?? 1
    ) { batch, worker in
      var worker = worker
      worker.models = models
      let output = try await function.evaluate(
        BatchList([batch]), invocation: invocation, worker: worker)
      return [
        try await output.onlyColumn(rows: batch.rowCount, type: type, function: function.name)
      ]
    }
  }

  /// The column that an expression names.
  private func found(_ column: Column) throws -> (ColumnPath, StructField, ArrowType) {
    switch column.form {
    case .path(let names):
      return try found(names, name: column.label)
    case .name(let name):
      // As it stands, or a path of fields.
      if columns.contains(where: { $0.field.name.isExactly(ignoringCase: name) }) {
        return try found([name], name: name)
      }
      guard let parts = SQLIdentifier.parts(of: name) else { throw unknown(name) }
      return try found(parts, name: name)
    case .renamed(let inner, _): return try found(inner)
    default:
      throw LocalTableError(
        .needsSpark,
        "'\(column)' is computed by Spark only; functions take columns of a LocalTable by their names"
      )
    }
  }

  func found(_ names: [String], name: String) throws -> (ColumnPath, StructField, ArrowType) {
    let exact = columns.filter { $0.field.name.isExactly(names[0]) }
    let candidates =
      exact.isEmpty
      ? columns.filter { $0.field.name.isExactly(ignoringCase: names[0]) } : exact
    guard let column = candidates.first else { throw unknown(name) }
    guard candidates.count == 1 else {
      throw LocalTableError(
        .column, "'\(names[0])' may be any of several columns; rename one of them")
    }
    var path = ColumnPath(id: column.id, name: name)
    var field = column.field
    var type = column.type
    for part in names.dropFirst() {
      guard case .struct(let fields) = field.type,
        let place = fields.firstIndex(where: { $0.name.isExactly(part) })
          ?? fields.firstIndex(where: { $0.name.isExactly(ignoringCase: part) }),
        type.childFields.indices.contains(place)
      else { throw unknown(name) }
      path.fields.append(place)
      field = fields[place]
      type = type.childFields[place].type
    }
    return (path, field, type)
  }

  private func unknown(_ name: String) -> LocalTableError {
    LocalTableError(
      .column,
      "the table has no column '\(name)'; its columns are "
        + schema.map { "\($0.name) \($0.type.ddl)" }.joined(separator: ", "))
  }
}

/// A function that says how many rows it takes at once.
private protocol BatchSized { var batchSize: Int { get } }

extension PredictBatchUDF: BatchSized {}

extension BatchSource {
  /// The only column of all batches.
  ///
  /// - Throws: `InferenceError` if these are not `rows` rows of one column of the type.
  func onlyColumn(rows: Int, type: ArrowType, function: String) async throws -> ArrowColumn {
    var parts: [ArrowColumn] = []
    while let batch = try await next() {
      guard batch.columns.count == 1 else {
        throw InferenceError(
          .invalidOutput,
          "a batch of \(batch.columns.count) columns was given, expected one column",
          function: function)
      }
      if batch.rowCount > 0 { parts.append(batch.columns[0]) }
    }
    let column = parts.isEmpty ? .empty(type) : try ArrowColumn.concatenating(parts)
    guard column.count == rows else {
      throw InferenceError(
        .invalidOutput,
        "\(column.count) rows were given for \(rows) rows of input; a function must give exactly one row "
          + "for each row that it takes, in the same order",
        function: function)
    }
    return column
  }
}
