import ArgumentParser
import FoundationEssentials
import Glibc
import Needletail

/// Fits a model to a table whose schema is given.
struct Plan: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fits a model to a table's columns, without the table.",
    discussion: """
      Tells which columns feed the model and which ones a prediction adds, or what is wrong with that; \
      nothing is predicted.

      With --json it prints what a program needs that holds a session of Spark, such as PySpark: the files \
      for the executors, which it puts into the folder --files, the session's settings, and the function \
      with its columns. The Python module needletail is such a program.
      """)

  @Argument(help: .model)
  var model: String

  @Option(
    help: ArgumentHelp(
      "The table's columns, such as 'id bigint, pixels array<float>', or Spark's JSON of a schema; - "
        + "reads either from standard input.", valueName: "columns"))
  var schema: String

  @OptionGroup
  var asked: PredictionOptions

  @Option(
    help: ArgumentHelp(
      "The name of one new column, a struct with the outputs as its fields, instead of a column for "
        + "each.", valueName: "column"))
  var into: String?

  @Flag(
    help: ArgumentHelp(
      "The model gives equal outputs for equal rows however often it runs, so that Spark may compute a "
        + "prediction again, and filters before it."))
  var deterministic = false

  @Flag(help: "Print JSON, for the program that holds the session.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "The folder for the files that --json names, which the session sends to its executors.",
      valueName: "folder"))
  var files: String?

  @Option(help: ArgumentHelp("The session's version of Spark.", valueName: "number"))
  var sparkVersion = "4.3"

  @Flag(
    help: ArgumentHelp(
      "The session's only executor runs on this machine as this user, and can start the program from "
        + "where it lies."))
  var here = false

  @OptionGroup
  var worker: WorkerExecutableOption

  @OptionGroup
  var messages: MessageOptions

  @OptionGroup
  var optionsFile: ConfigurationOptions

  func validate() throws {
    if json, files == nil {
      throw ValidationError("--json needs a folder for what executors need: --files FOLDER")
    }
    if files != nil, !json { throw ValidationError("--files is for --json") }
    _ = try version
  }

  /// The version as major and minor number.
  private var version: (major: Int, minor: Int) {
    get throws {
      let numbers = sparkVersion.split(separator: ".").prefix(2).map {
        Int($0.prefix { $0.isNumber })
      }
      guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else {
        throw ValidationError("--spark-version is '\(sparkVersion)', it must be such as 4.3")
      }
      guard major >= 4 else {
        throw ValidationError(
          "--spark-version is \(sparkVersion), and functions run on Spark 4.0 and later")
      }
      return (major, minor)
    }
  }

  func run() async throws {
    messages.begin()
    worker.begin()
    let table = try readSchema()
    let source = try asked.source(model)
    let loaded = try await source.loadForPlan()
    var request = try asked.request(of: loaded)
    request.structure = into
    guard let files else { return try await tell(source, loaded, request, table) }
    let plan = try await SessionPlan(
      source, loaded: loaded, request, table: table, isDeterministic: deterministic,
      for: SessionPlan.Session(version: try version, isHere: here, directory: files))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(plan), as: UTF8.self))
  }

  /// Prints what feeds the model, and what it gives.
  private func tell(
    _ source: ModelSource, _ loaded: any Model, _ request: PredictionRequest, _ table: StructType
  ) async throws {
    let plan = try await source.plan(
      loaded, reference: source.reference(source.path), table: table, request)
    print("\(model) takes:")
    for input in plan.parameters.inputs {
      let columns = input.columns.map { plan.argumentColumns[$0] }.joined(separator: ", ")
      print("  \(input.specification) from \(columns.isEmpty ? "--constant" : columns)")
    }
    print(into.map { "It gives \(SQLIdentifier($0)), with the fields:" } ?? "It gives:")
    for field in plan.returnType { print("  \(SQLIdentifier(field.name)) \(field.type)") }
    if request.only == nil {
      for output in loaded.omittedOutputs { print("Left out: \(output)") }
    }
  }

  private func readSchema() throws -> StructType {
    var text = schema
    if text == "-" {
      text = String(decoding: FileSystem.contents(of: STDIN_FILENO), as: UTF8.self)
    }
    if text.first(where: { !$0.isWhitespace }) == "{" {
      guard let table = SparkTypeJSON.schema(text, keepsUnknown: true) else {
        throw CommandFailure("--schema is no JSON of a schema, such as df.schema.json() in PySpark")
      }
      return table
    }
    do {
      return try StructType(ddl: text)
    } catch {
      throw CommandFailure("--schema: \(error)", cause: error)
    }
  }
}
