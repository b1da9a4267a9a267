import ArgumentParser
import Foundation
import Needletail
import Synchronization

/// Predicts a table with a model and writes the result.
struct Predict: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predicts every row of a table with a model.",
    discussion: """
      Reads a table with Spark, adds the model's outputs as columns, and writes it. Inputs of the \
      model take the columns of their names unless --map says otherwise; several columns can feed one \
      input. Without --remote and SPARK_REMOTE a Spark on this machine is started and stopped again.

      --task-cpus and --task-gpus replace what the server's settings give to a task \
      (spark.task.cpus, spark.task.resource.gpu.amount) for the prediction alone.

      --option provider=cuda (or tensorrt) computes ONNX models on the GPU that Spark assigned to the \
      task, else on the first. It needs the GPU build of ONNX Runtime on this machine, from which the \
      executors get it, and CUDA's libraries on theirs.

      Exit status: 0 done, 1 the job failed, 64 the command line is wrong.
      """)

  @Argument(
    help: ArgumentHelp(
      "The model: a file (.onnx, .pt2), a folder (SavedModel, HuggingFace), or that of a server "
        + "(kserve://HOST:PORT/MODEL)."))
  var model: String

  @Option(help: "The table to read: a file or folder that Spark can reach.")
  var input: String

  @Option(help: "Where to write the result.")
  var output: String

  @Option(
    help: "The input's format: parquet, csv (with a header), json, orc ... (default: from its name)"
  )
  var inputFormat: String?

  @Option(help: "The output's format (default: from its name, else parquet)")
  var outputFormat: String?

  @Option(help: "What happens if the output exists: error, append, overwrite, ignore.")
  var mode: SaveMode = .error

  @Option(
    name: .customLong("map"), help: "The columns that feed an input of the model.",
    transform: InputMapping.init)
  var mappings: [InputMapping] = []

  @Option(
    name: .customLong("output-map"), help: "The name of the column for an output of the model.",
    transform: OutputMapping.init)
  var outputMappings: [OutputMapping] = []

  @Option(
    name: .customLong("option"),
    help: ArgumentHelp(
      "An option of the model, such as threads=2, provider=cuda (or tensorrt, for ONNX), "
        + "signature=serve, pooling=cls, beams=4."),
    transform: ModelOption.init)
  var options: [ModelOption] = []

  @Option(help: "The columns of the input to write beside the predictions (default: all)")
  var keep: String?

  @Option(
    help:
      "The number of rows that the model gets at once (default: 64; text pipelines: 256; servers: 1024)"
  )
  var batchSize: Int?

  @Option(
    name: .customLong("batch-dimension"),
    help: ArgumentHelp(
      "The dimension of the model's tensors that counts the rows, where their names and positions do "
        + "not tell: its name (N), its positions (x:0,state:1), or none if each row holds whole tensors.",
      valueName: "dimension"),
    transform: { BatchDimension($0) })
  var batchDimension: BatchDimension?

  @Option(
    help: ArgumentHelp(
      "Whether rows that run together change each other's predictions: checked (some batches are "
        + "compared with rows alone), independent or dependent."))
  var rows: RowRelation = .checked

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

  @Option(help: "Take only so many rows.")
  var limit: Int?

  @Option(
    help: "The Spark Connect server, sc://host:port (default: SPARK_REMOTE, else a local one)")
  var remote: String?

  @Flag(help: "Print nothing but errors.")
  var quiet = false

  func validate() throws {
    if let batchSize, batchSize < 1 {
      throw ValidationError("--batch-size is \(batchSize), it must be at least 1")
    }
    if let taskCpus, taskCpus < 1 {
      throw ValidationError("--task-cpus is \(taskCpus), it must be at least 1")
    }
    if let taskGpus {
      guard taskGpus > 0, taskGpus <= 1 || taskGpus == taskGpus.rounded(), taskGpus.isFinite else {
        throw ValidationError(
          "--task-gpus is \(taskGpus), it must be a share up to 1 or a whole number")
      }
    }
    if let limit, limit < 1 { throw ValidationError("--limit is \(limit), it must be at least 1") }
  }

  /// What the prediction's tasks must have, if anything was said.
  private var resources: ResourceProfile? {
    if taskCpus == nil, taskGpus == nil { return nil }
    return ResourceProfile(
      task: .init(
        cpus: taskCpus.map(Double.init), resources: taskGpus.map { ["gpu": $0] } ?? [:]))
  }

  func run() async throws {
    let job = self
    let status = await ProgramRun(functions: [], remote: remote, showsProgress: !quiet) { spark in
      try await job.predict(spark)
    }.exitStatus()
    if status != 0 { throw ExitCode(status) }
  }

  private func predict(_ spark: SparkSession) async throws {
    let source = try options.reduce(ModelSource(path: model)) {
      try $0.setting($1.name, to: $1.value)
    }
    let loading = ContinuousClock.now
    let loaded = try await source.loadForPlan()
    let loadSeconds = (ContinuousClock.now - loading) / .seconds(1)
    let format = inputFormat ?? Self.format(of: input) ?? "parquet"
    var reader = spark.read.format(format)
    if format == "csv" { reader = reader.option("header", true).option("inferSchema", true) }
    var table = reader.load(input)
    if let limit { table = table.limit(limit) }

    let known = try await table.schema()
    let kept = try keep.map { try Self.columns($0, of: known) }
    let predicted = try await table.predicting(
      source, loaded: loaded,
      inputs: Dictionary(mappings.map { ($0.input, $0.columns) }) { _, last in last },
      outputs: Dictionary(outputMappings.map { ($0.output, $0.column) }) { _, last in last },
      batchSize: batchSize, batch: batchDimension, rows: rows, as: PredictionForm(resources))
    let added = try await predicted.schema().fields.dropFirst(known.count)
    let names = (kept ?? known.names) + added.map(\.name)
    var result = predicted.select(names.map { col("`\($0)`") })
    let target = outputFormat ?? Self.format(of: output) ?? "parquet"
    if target == "csv" {
      // CSV has no arrays: they are written as JSON.
      for field in try await result.schema() where field.type.arrayElement != nil {
        result = result.withColumn(field.name, toJSON(col("`\(field.name)`")))
      }
    }
    var writer = result.write.format(target).mode(mode)
    if target == "csv" { writer = writer.option("header", true) }
    let start = ContinuousClock.now
    try await writer.save(output)
    if quiet { return }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let rows = try await table.count()
    print(
      String(
        format: "%d rows in %.2f s (%.0f rows/s), model load %.3f s, written to %@ as %@", rows,
        seconds, Double(rows) / seconds, loadSeconds, output, target))
  }

  /// The format that the name of a file or folder, or of a file in it, tells.
  private static func format(of path: String) -> String? {
    let known = ["parquet", "csv", "json", "orc", "avro"]
    let names = [path] + ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
    for name in names {
      let words = name.lowercased().split(separator: ".").dropFirst().map(String.init)
      if let found = words.last(where: { known.contains($0) }) { return found }
      if words.contains("jsonl") { return "json" }
    }
    return nil
  }

  private static func columns(_ list: String, of table: StructType) throws -> [String] {
    try list.split(separator: ",").map { part in
      let name = part.trimmingCharacters(in: .whitespaces)
      guard let field = table[name] else {
        throw NeedletailError(
          .usage,
          "--keep names the column '\(name)', which the table does not have; it has "
            + table.names.joined(separator: ", "))
      }
      return field.name
    }
  }
}

/// `INPUT=COLUMN[,COLUMN...]`
struct InputMapping: Sendable {
  let input: String
  let columns: InputColumns

  init(_ text: String) throws {
    let (name, value) = try split(text, "--map INPUT=COLUMN[,COLUMN...]")
    input = name
    columns = InputColumns(value.split(separator: ",").map(String.init))
  }
}

/// `OUTPUT=COLUMN`
struct OutputMapping: Sendable {
  let output: String
  let column: String

  init(_ text: String) throws { (output, column) = try split(text, "--output-map OUTPUT=COLUMN") }
}

/// `NAME=VALUE`
struct ModelOption: Sendable {
  let name: String
  let value: String

  init(_ text: String) throws { (name, value) = try split(text, "--option NAME=VALUE") }
}

private func split(_ text: String, _ form: String) throws -> (String, String) {
  guard let equals = text.firstIndex(of: "="), equals != text.startIndex,
    text.index(after: equals) != text.endIndex
  else { throw ValidationError("'\(text)' is not of the form \(form)") }
  return (String(text[..<equals]), String(text[text.index(after: equals)...]))
}

extension SaveMode: ExpressibleByArgument {}

extension RowRelation: ExpressibleByArgument {}
