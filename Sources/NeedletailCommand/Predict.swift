import ArgumentParser
import Needletail

/// Predicts a table with a model and writes the result.
struct Predict: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predicts every row of a table with a model.",
    discussion: """
      Reads a table, adds the model's outputs as columns, and writes it. Inputs of the model take the \
      columns of their names unless --map says otherwise; several columns can feed one input. Where an \
      option names an input or an output, its position, from 0, will do: --map 0=image.

      Without --remote and SPARK_REMOTE this process does it all, on all cores, and needs no Spark: \
      Parquet, CSV, JSON lines, text, images and Arrow. An output whose name has an extension becomes \
      one file with the rows in their order, any other a folder. What only Spark can do (ORC, Avro, \
      XML, --table, --sql, --task-gpus, --conf ...) is done by one that is started on this machine and \
      stopped again; --engine says which it shall be.

      --table and --sql read what Spark knows by name, and --output-table writes there: name the server \
      that has the tables with --remote, or describe a catalog with --conf. A Spark that this command \
      starts gets --conf and --jar as it starts; to a server that runs, a --jar is sent with the session.

      --task-cpus and --task-gpus replace what the server's settings give to a task \
      (spark.task.cpus, spark.task.resource.gpu.amount) for the prediction alone.

      --option provider=cuda (or tensorrt) computes ONNX models on the GPU that Spark assigned to the \
      task, else on the first. It needs the GPU build of ONNX Runtime on this machine, from which the \
      executors get it, and CUDA's libraries on theirs.

      A model's id, hf:ORG/NAME, means its ONNX files and what belongs to them on huggingface.co \
      (HF_ENDPOINT), fetched once into the cache of HuggingFace's own client; @REVISION takes a branch, \
      a tag or a commit, and hf:ORG/NAME/PATH/MODEL.onnx one file alone. HF_TOKEN opens private and \
      gated models, and HF_HUB_OFFLINE=1 takes what the cache has.

      The format of a table is told by its name: .parquet, .csv, .tsv, .json, .jsonl, .ndjson, .orc, \
      .avro, .txt and .xml, also with .gz, .bz2 or .zst behind it, or by the files of a folder. CSV has \
      its columns' names in the first line, unless --input-option header=false is given: then they \
      are _c0, _c1 ... Columns whose names have commas or outer blanks in them stand in \
      backticks in lists: --keep 'id,`size, m`'.

      A row that fails ends the job, unless --on-error says otherwise: null leaves its predictions \
      null, column also says why, in a column error (or of the name that is given). What is no row's \
      fault, such as a library that is missing, memory or a server that is gone, ends the job always. \
      At the end is told how many rows failed, by what was wrong, with an example of each; --metrics has \
      failedRows and failures. On Spark --max-errors counts in each task.

      With --resume id a job that was killed goes on where it was: give the same command again. The \
      output is a folder; _needletail in it says which model computes it, and another one is refused \
      (--restart begins anew). Rows with an error are done again.

      Exit status: 0 done, 1 the job failed, 64 the command line is wrong.
      """)

  @Argument(help: .model)
  var model: String

  @OptionGroup
  var places: TableOptions

  @OptionGroup
  var reads: InputFormatOptions

  @OptionGroup
  var writes: OutputFormatOptions

  @Option(
    help: ArgumentHelp(
      "Go on with an output that a job which broke has begun, and let a later one go on with this: rows "
        + "whose key, a column or several, is in the output are skipped, the others added in parts.",
      valueName: "key,..."),
    transform: { try ColumnList($0, option: "--resume") })
  var resume: ColumnList?

  @Flag(help: "With --resume: remove the rows that are in the output, and begin anew.")
  var restart = false

  @Option(
    help: ArgumentHelp(
      "With --resume: the greatest number of rows in a part, which counts when it is whole (default: those "
        + "of half a minute; on Spark a tenth of the rows that are not done).", valueName: "rows"))
  var partRows: Int?

  @OptionGroup
  var asked: PredictionOptions

  @Option(help: "The columns of the input to write beside the predictions (default: all)")
  var keep: String?

  @Option(
    help: ArgumentHelp(
      "The CPU cores that each task of the prediction occupies; needs a cluster.",
      valueName: "number"))
  var taskCpus: Int?

  @Option(
    help: ArgumentHelp(
      "The GPUs that each task of the prediction occupies: a share such as 0.5, or a whole number. "
        + "Needs a cluster whose executors have GPUs.",
      valueName: "number"))
  var taskGpus: Double?

  @Option(help: "Take only so many rows, the first ones.")
  var limit: Int?

  @Option(
    help: ArgumentHelp(
      "Take about so many rows from all over the table: neighbours from some places of Parquet, of "
        + "other formats the first rows of some files; on Spark, rows at random. The same ones each "
        + "time.", valueName: "rows"))
  var sample: Int?

  @Option(
    help: ArgumentHelp(
      "What computes: auto (this process, if it can and no server is named, else Spark), local (this "
        + "process), or spark."))
  var engine: EngineChoice.Wish = .auto

  @Option(
    help: ArgumentHelp(
      "Who reads the table's files on Spark: automatic (the workers where that gives the same rows for "
        + "less), native (the workers, or an error that says why not), or spark."))
  var scan: ScanChoice = .automatic

  @OptionGroup
  var execution: ExecutionOptions

  @Option(
    help: ArgumentHelp(
      "The threads on which this process computes (default: the cores that it may use).",
      valueName: "number"))
  var threads: Int?

  @Option(
    help: "The Spark Connect server, sc://host:port (default: SPARK_REMOTE, else none is needed)")
  var remote: String?

  @Option(
    help: ArgumentHelp(
      "A setting of Spark for the session, set before the table is read, such as "
        + "spark.sql.session.timeZone=UTC; may be given several times.", valueName: "key=value"),
    transform: NamedValue.setting)
  var conf: [NamedValue] = []

  @Option(
    help: ArgumentHelp(
      "A file for what the job did, as JSON: rows, seconds, failed rows by what was wrong, and what the time "
        + "was spent with.", valueName: "file"))
  var metrics: String?

  @Flag(help: "Print nothing but errors.")
  var quiet = false

  @Flag(
    help: ArgumentHelp(
      "Say what would be done, and do nothing: the columns, the model, what computes it and why, what is sent "
        + "to executors, the output."))
  var dryRun = false

  @OptionGroup
  var messages: MessageOptions

  @OptionGroup
  var optionsFile: ConfigurationOptions

  func validate() throws {
    if quiet, messages.verbose {
      throw ValidationError("--quiet and --verbose are opposites; say one of them")
    }
    for (name, value) in [
      ("--task-cpus", taskCpus), ("--sample", sample), ("--limit", limit), ("--threads", threads),
      ("--part-rows", partRows),
    ] {
      guard let value, value < 1 else { continue }
      throw ValidationError("\(name) is \(value), it must be at least 1")
    }
    let problems = places.problems(
      isResumed: isResumed,
      formats: [
        ("--input-format", reads.inputFormat != nil),
        ("--input-option", !reads.inputOption.isEmpty),
        ("--output-format", writes.outputFormat != nil),
      ].filter(\.1).map(\.0))
    if !problems.isEmpty { throw ValidationError(problems.joined(separator: "; ")) }
    try checkResume()
    if metrics != nil, isPrinted {
      throw ValidationError(
        "--metrics tells of a job that writes, and --output - prints rows; name a file or a folder")
    }
    if let taskGpus {
      guard taskGpus > 0, taskGpus <= 1 || taskGpus == taskGpus.rounded(), taskGpus.isFinite else {
        throw ValidationError(
          "--task-gpus is \(taskGpus), it must be a share up to 1 or a whole number")
      }
    }
    if scan == .native, engine == .local {
      throw ValidationError(
        "--scan is for --engine spark; without Spark this process reads all files")
    }
    if let threads, engine == .spark {
      throw ValidationError(
        "--threads is for --engine local; a Spark on this machine has those of "
          + "NEEDLETAIL_MASTER=local[\(threads)]")
    }
  }

  private func checkResume() throws {
    guard isResumed else {
      if restart || partRows != nil {
        throw ValidationError(
          "\(restart ? "--restart" : "--part-rows") is for --resume; say which column tells rows apart, "
            + "such as --resume id")
      }
      return
    }
    if isPrinted {
      throw ValidationError(
        "--resume goes on with an output that is kept, and --output - prints rows; name a folder")
    }
    if writes.mode != .error {
      throw ValidationError(
        "--resume goes on with what is there, and --restart replaces it; leave out --mode \(writes.mode.rawValue)"
      )
    }
    if taskCpus != nil || taskGpus != nil {
      throw ValidationError(
        "--resume does not go with --task-cpus and --task-gpus, whose tasks take whole batches; do without "
          + "one of them")
    }
  }

  /// What the prediction's tasks must have, if anything was said.
  var resources: ResourceProfile? {
    if taskCpus == nil, taskGpus == nil { return nil }
    return ResourceProfile(
      task: .init(
        cpus: taskCpus.map(Double.init), resources: taskGpus.map { ["gpu": $0] } ?? [:]))
  }

  /// Whether the job goes on with what is in the output.
  var isResumed: Bool { resume != nil }

  /// The columns that tell rows apart.
  var resumeKey: [String] { resume?.names ?? [] }

  /// Whether rows are printed instead of written.
  var isPrinted: Bool { places.isPrinted }

  /// What is read: files, unless it is a table of Spark's or a query.
  var input: String { places.source }

  /// What is written, as messages name it.
  var output: String { places.target }

  /// How many rows are printed.
  var shownRows: Int { limit ?? 20 }

  func run() async throws {
    messages.begin(quiet: quiet)
    execution.worker.begin()
    let job = try await checked { try await PredictionJob(self) }
    if dryRun { return try await DryRun(job).tell() }
    if job.isIgnored { return job.tellIgnored() }
    switch job.engine {
    case .local:
      let prediction = LocalPrediction(job)
      let status = await InterruptibleWork { try await prediction.run() }
        .exitStatus(of: CommandFailure.status)
      guard let reason = prediction.sparkReason else {
        if status != 0 { throw ExitCode(status) }
        return
      }
      job.tellSpark(reason)
    case .spark(let reason?): job.tellSpark(reason)
    case .spark(nil), .refused: break
    }
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
