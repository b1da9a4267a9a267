import ArrowIPC
import HostProcesses
import LocalEngine
import SparkConnect
import SparkTypes

/// The columns that tell the rows of a table apart, in the table that is read and in the one that is written.
struct ResumeKeys {
  /// The columns as they are written.
  let fields: [StructField]
  /// What they are called in ``input``.
  private let names: [String]
  /// The table whose rows have the keys.
  private let input: DataFrame

  /// - Throws: `NeedletailError` if one is not written as it is read, or its values tell no rows apart.
  init(
    _ key: [String], of part: RowwisePart, of written: StructType, _ read: StructType,
    _ format: String
  ) throws {
    input = part.input
    var (fields, names): ([StructField], [String]) = ([], [])
    for name in key {
      guard let field = written[name] else {
        throw NeedletailError(
          .usage,
          "resume (--resume): the table has no column '\(name)', or several, among those that are written; "
            + "it has \(written.names.joined(separator: ", "))")
      }
      let isAlone = written.names.count { $0.isExactly(ignoringCase: name) } == 1
      guard isAlone, let inputName = part.inputName(of: field.name),
        read.names.count(where: { $0.isExactly(ignoringCase: inputName) }) == 1
      else { throw NeedletailError(.usage, Resumption.isComputed(key: name)) }
      if let problem = Resumption.problem(with: field, inJSON: format == "json") {
        throw NeedletailError(.usage, problem)
      }
      fields.append(field)
      names.append(inputName)
    }
    (self.fields, self.names) = (fields, names)
  }

  private var told: String { fields.map(\.name).joined(separator: ", ") }

  /// Makes sure that each row of the input has a key of its own.
  ///
  /// - Throws: `NeedletailError` with a key that several have; `SparkError`.
  func check() async throws {
    let text: String
    switch try await fault(in: input, names) {
    case nil: return
    case .isMissing:
      text =
        "a row has no \(told); each row needs a key of its own, by which it is found in the output. Name "
        + "other columns, or give the rows numbers"
    case .isShared(let key):
      text =
        "several rows have the \(told) \(key); each row needs a key of its own, by which it is found in the "
        + "output. Name further columns, or take the others out"
    }
    throw NeedletailError(.usage, "resume (--resume): " + text)
  }

  /// Makes sure that each row of `done`, the output at `path`, has a key of its own.
  ///
  /// - Throws: `NeedletailError` with a key that several have; `SparkError`.
  func check(_ done: DataFrame, at path: String) async throws {
    let text: String
    switch try await fault(in: done, fields.map(\.name)) {
    case nil: return
    case .isMissing: text = "a row of '\(path)' has no \(told)"
    case .isShared(let key):
      text =
        "the \(told) \(key) is in '\(path)' more than once: two jobs may have written to it at once"
    }
    throw NeedletailError(
      .usage, "resume (--resume): \(text). Begin anew with restarting: true (--restart)")
  }

  /// What is wrong with a row's key.
  private enum Fault {
    case isMissing
    /// Other rows have it, too.
    case isShared(String)
  }

  /// What is wrong with a key of `table`, whose columns are called `names` there; `nil` if nothing is.
  private func fault(in table: DataFrame, _ names: [String]) async throws -> Fault? {
    let values = names.enumerated().map { "'k\($0)', \(SQLIdentifier.quoted($1))" }
    let nulls = names.indices.map { "key.k\($0) is null" }.joined(separator: " or ")
    let found = try await table.select(
      expr("named_struct(\(values.joined(separator: ", ")))").as("key")
    )
    .groupBy(col("key")).agg(count().as("rows")).filter("rows > 1 or \(nulls)").limit(1)
    .select(names.indices.map { expr("cast(key.k\($0) as string)").as("k\($0)") }).collect()
    guard let row = found.first else { return nil }
    if row.values.contains(.null) { return .isMissing }
    let texts = zip(fields, row.values).map { field, value in
      guard case .string(let text) = value else { return "\(value)" }
      return field.type.isString ? "'\(text.prefix(100))'" : text
    }
    return .isShared(texts.joined(separator: ", "))
  }

  /// The rows of the input whose key is not among those of `done`, which is the output.
  func missing(in done: DataFrame) -> DataFrame {
    let found = done.select(
      fields.enumerated().map { column(named: $1.name).as(Self.doneName($0)) })
    let conditions = names.enumerated().map {
      column(named: $1) == column(named: Self.doneName($0))
    }
    return input.join(
      found, on: conditions.dropFirst().reduce(conditions[0]) { $0 && $1 }, .leftAnti)
  }

  /// The condition for the rows of one of `count` parts, of which each row is in one.
  func isIn(part number: Int, of count: Int) -> String {
    let names = names.map { SQLIdentifier.quoted($0) }.joined(separator: ", ")
    return "pmod(xxhash64(\(names)), \(count)) = \(number)"
  }

  /// No column of a table has it.
  private static func doneName(_ number: Int) -> String { "needletail.done.\(number)" }
}
