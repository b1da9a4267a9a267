import FoundationEssentials
import SparkConnect
import SparkTypes

/// How functions are called through Spark's own Python: a real Python UDF, whose pickle is written here.
struct ShimForm: Sendable {
  /// The program as the executors find it: a name among the session's files, or a path.
  let program: String
  /// Tells programs of one session apart.
  let id: String
  /// Python's version on the executors, as `3.12`.
  let pythonVersion: String
  let spark: (major: Int, minor: Int)

  /// What the Python side gets to know; everything else is the same for all calls.
  private struct Specification: Encodable {
    /// Whether it is a function over whole batches.
    var table: Bool
    /// How many columns pass by the function, before its arguments.
    var passing: Int?
    /// The form of Spark's protocol in which the program is spoken to.
    var version = "\(NativeMarker.prefix)4.3"
    var evaluation: Int32
    var columns: [Int]
    var settings: [String: String]
    var program: String
    var socket: String
    // What Python says where the program says nothing.
    var startFailure: String
    var unreadable =
      "Needletail worker: [\(ShimForm.inputCode)] Spark's own Python cannot pass these rows on: leave out the columns "
      + "that it has no type for or cast them, or let the executors start the program (--execution-mode "
      + "direct; in Swift spark.executionMode = .direct). It says: "
    var lost =
      "Needletail worker: [WORKER_LOST] the program beside this executor's Python has ended"
  }

  /// The code of the error that the program does not start.
  private static let startCode = "PROGRAM_START"
  /// The code of the error that Python cannot read what Spark gives it.
  private static let inputCode = "PYTHON_INPUT"

  private static let mapInArrow: Int32 = 207
  private static let scalarArrowIterator: Int32 = 251
  /// What the worker has of Spark's settings where Spark itself starts it.
  private static let settings = [
    "spark.sql.session.timeZone", "spark.sql.execution.arrow.useLargeVarTypes",
  ]

  /// The change of queries that are sent.
  var functionForm: FunctionForm {
    FunctionForm(settings: Self.settings, carriesColumns: spark < (4, 1)) { function, settings in
      try change(&function, settings)
    }
  }

  private func change(_ function: inout SentFunction, _ settings: [String: String]) throws {
    let isTable = function.evaluationType == Self.mapInArrow
    guard isTable || function.passing != nil || spark >= (4, 1) else {
      throw SparkError(
        .invalidArgument,
        "'\(function.name)' gives a column in a place for which Spark \(spark.major).\(spark.minor) has no form "
          + "that passes through its own Python unchanged (Spark 4.1 has): make it a column of a table "
          + "before (withColumn), use it over whole batches (mapBatches), or let the executors start the "
          + "program (--execution-mode direct; in Swift spark.executionMode = .direct)")
    }
    var returnType = function.returnType
    if let passing = function.passing {
      returnType = .struct(StructType(passing + [StructField("result", returnType)]))
    }
    if let (path, type) = returnType.missingInPython(spark) {
      throw SparkError(
        .invalidArgument,
        "'\(function.name)' gives \(path.isEmpty ? "" : "'\(path)', ")values of \(type.ddl), which Spark's "
          + "own Python cannot pass on: leave that column out or cast it before, or let the executors "
          + "start the program (--execution-mode direct; in Swift spark.executionMode = .direct)")
    }
    // Without arguments there would be no rows to count.
    if !isTable { function.takesPlaceholder = true }
    let specification = Specification(
      table: isTable, passing: function.passing?.count, evaluation: function.evaluationType,
      columns: isTable ? [] : Array(0..<function.argumentCount), settings: settings,
      program: program, socket: "needletail-\(id).sock",
      startFailure:
        "Needletail worker: [\(Self.startCode)] the program \(program) does not start beside this "
        + "executor's Python: ")
    let encoder = JSONEncoder()
    // Equal calls are equal bytes, by which Spark computes them once.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(specification), as: UTF8.self)
    function.command = Self.pickle(
      specification: text, command: function.command,
      returnType: SparkTypeJSON.plainText(returnType))
    if !isTable {
      function.evaluationType =
        function.passing == nil ? Self.scalarArrowIterator : Self.mapInArrow
    }
    function.pythonVersion = pythonVersion
  }

  /// A pickle that runs our constant source and gives what its `make` returns: the function, and its type
  /// as PySpark has it.
  static func pickle(specification: String, command: [UInt8], returnType: String) -> [UInt8] {
    var pickle = PickleWriter()
    pickle.global("builtins", "eval")
    pickle.add(
      .text(
        "exec(compile(source, '\(ShimSource.file)', 'exec'), globals()) or make(spec, command, kind)"
      ))
    pickle.add(dictionary: [
      ("__name__", .text("needletail_shim")), ("source", .text(ShimSource.text)),
      ("spec", .text(specification)), ("command", .bytes(command)), ("kind", .text(returnType)),
    ])
    pickle.finishCallingWithTwo()
    return pickle.bytes
  }
}
