import ArgumentParser
import Needletail

/// Runs a query of SQL that calls models.
struct SQL: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sql",
    abstract: "Runs a query of SQL that calls models, on Spark.",
    discussion: """
      A model that --model names is a function of the query: \
      needletail sql --model sentiment=distilbert 'SELECT id, sentiment(text).label FROM parquet.`reviews`'

      A call takes the model's inputs in their order, an argument each (several, where --map names \
      several columns for one), and gives a struct with a field for each output, or the value itself of a \
      model with one output; --verbose says what each takes and gives. Each call that the query writes \
      is computed: to filter by a prediction, call the model in a subquery and use its column. Spark takes \
      no call in the condition of a join or within an aggregate function.

      The options about models hold for all that are named. Without --remote and SPARK_REMOTE a Spark is \
      started on this machine and stopped again.

      Exit status: 0 done, 1 the query failed, 64 the command line is wrong.
      """)

  @Argument(help: "The query.")
  var query: String

  @Option(
    name: .customLong("model"),
    help: ArgumentHelp(
      "A name for a model in the query, and the model: a file (.onnx, .pt2), a folder, one of a hub "
        + "(hf:ORG/NAME) or of MLflow (models:/NAME@ALIAS), or that of a server; may be given several "
        + "times.", valueName: "name=model"
    ),
    transform: { try CalledModel($0) })
  var models: [CalledModel] = []

  @Option(help: "Where to write the rows (default, or -: the first ones are printed).")
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The table of Spark's catalog to write the rows to, instead of --output.", valueName: "name"))
  var outputTable: String?

  @OptionGroup
  var writes: OutputFormatOptions

  @Option(
    help: ArgumentHelp(
      "The columns by whose values the output is divided: a folder of files for each.",
      valueName: "column,..."),
    transform: { try ColumnList($0, option: "--partition-by") })
  var partitionBy: ColumnList?

  @Option(help: "How many rows are printed (default: \(SQL.shownRows)).")
  var limit: Int?

  @Option(
    help: ArgumentHelp(
      "A library (jar) for Spark, such as that of Delta or Iceberg; may be given several times.",
      valueName: "path"))
  var jar: [String] = []

  @Option(
    help: ArgumentHelp(
      "A setting of Spark, such as spark.sql.session.timeZone=UTC; may be given several times.",
      valueName: "key=value"),
    transform: NamedValue.setting)
  var conf: [NamedValue] = []

  @Option(
    help: "The Spark Connect server, sc://host:port (default: SPARK_REMOTE, else one is started)")
  var remote: String?

  @OptionGroup
  var execution: ExecutionOptions

  @OptionGroup
  var asked: PredictionOptions

  @Flag(help: "Print nothing but rows and errors.")
  var quiet = false

  @OptionGroup
  var messages: MessageOptions

  @OptionGroup
  var optionsFile: ConfigurationOptions

  /// How many rows are printed unless somebody says it.
  static let shownRows = 20

  /// Where the rows are written to, unless it is a table or they are printed.
  var file: String? { output == "-" ? nil : output }

  /// Whether it is told what each function takes and gives.
  var verbose: Bool { messages.verbose }

  func validate() throws {
    var problems: [String] = []
    if output != nil, outputTable != nil {
      problems.append("--output and --output-table each say where to write; leave one of them")
    }
    if file == nil, outputTable == nil {
      let given = [
        ("--output-format", writes.outputFormat != nil),
        ("--output-option", !writes.outputOption.isEmpty),
        ("--partition-by", partitionBy != nil), ("--mode", writes.mode != .error),
      ].filter(\.1).map(\.0)
      if !given.isEmpty {
        problems.append(
          "\(given.joined(separator: ", ")) needs something to write: --output or --output-table")
      }
    }
    if let limit, limit < 1 { problems.append("--limit is \(limit), it must be at least 1") }
    if limit != nil, file != nil || outputTable != nil {
      problems.append(
        "--limit says how many rows are printed, and all are written: write LIMIT in the query")
    }
    var names: Set<String> = []
    for model in models where !names.insert(model.name.lowercased()).inserted {
      problems.append("--model \(model.name) is given twice; give each model a name of its own")
    }
    if !problems.isEmpty { throw ValidationError(problems.joined(separator: "; ")) }
  }

  func run() async throws {
    messages.begin(quiet: quiet)
    execution.worker.begin()
    let job = try await checked { try await QueryJob(self) }
    if job.isIgnored { return job.tellIgnored() }
    try SparkServer.check(remote)
    messages.tellSparkLog(remote: remote)
    var run = ProgramRun(
      functions: [], remote: remote, mode: execution.executionMode, showsProgress: !quiet
    ) { spark in
      try await job.run(spark)
    }
    run.startSettings = job.startSettings
    let status = await run.exitStatus(of: CommandFailure.status)
    if status != 0 { throw ExitCode(status) }
  }
}
