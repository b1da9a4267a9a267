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

  /// What the worker has of Spark's settings where Spark itself starts it.
  static let settings = [
    "spark.sql.session.timeZone", "spark.sql.execution.arrow.useLargeVarTypes",
  ]
  /// What Python evaluates: it runs our constant source and gives what its `make` returns, the function
  /// and its type as PySpark has it.
  static let expression =
    "exec(compile(source, '\(ShimSource.file)', 'exec'), globals()) or make(spec, command, kind)"
  /// The names in that which are the same for all calls.
  static let names = [("__name__", "needletail_shim"), ("source", ShimSource.text)]

  /// The change of queries that are sent.
  var functionForm: FunctionForm {
    FunctionForm(settings: Self.settings, carriesColumns: ShimCall.mustCarry(spark)) {
      function, settings in
      try change(&function, settings)
    }
  }

  private func change(_ function: inout SentFunction, _ settings: [String: String]) throws {
    let call = try ShimCall(
      function.name, returnType: function.returnType, evaluationType: function.evaluationType,
      argumentCount: function.argumentCount, passing: function.passing, program: program, id: id,
      spark: spark)
    // Without arguments there would be no rows to count.
    if !call.isTable { function.takesPlaceholder = true }
    function.command = Self.pickle(
      specification: try call.text(settings), command: function.command,
      returnType: call.returnType)
    function.evaluationType = call.evaluationType
    function.pythonVersion = pythonVersion
  }

  /// A pickle that evaluates ``expression``.
  static func pickle(specification: String, command: [UInt8], returnType: String) -> [UInt8] {
    var pickle = PickleWriter()
    pickle.global("builtins", "eval")
    pickle.add(.text(expression))
    pickle.add(
      dictionary: names.map { ($0, .text($1)) } + [
        ("spec", .text(specification)), ("command", .bytes(command)), ("kind", .text(returnType)),
      ])
    pickle.finishCallingWithTwo()
    return pickle.bytes
  }
}
