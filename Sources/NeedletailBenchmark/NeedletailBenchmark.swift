import Glibc
import Needletail

/// What the benchmarked functions get from the driver.
struct BenchmarkOptions: Codable, Sendable {
  var modelPath: String
  /// A file that gets one line for each load of a model.
  var loadsFile: String

  func countLoad() throws {
    guard let file = fopen(loadsFile, "a") else { return }
    fputs("\(getpid())\n", file)
    fclose(file)
  }
}

/// The MLP in ONNX.
let mlp = PredictBatchUDF(
  "mlp", returning: .array(.float), batchSize: 1024, inputTensorShapes: [[784]],
  parameters: BenchmarkOptions.self
) { worker, options in
  try options.countLoad()
  let model = try ONNXSession(path: options.modelPath)
  return { (pixels: Tensor<Float>) -> Tensor<Float> in try model.run(pixels) }
}

/// The first ten pixels of each row: all the work of the conversions and none of a model.
let trivial = PredictBatchUDF(
  "trivial", returning: .array(.float), batchSize: 1024, inputTensorShapes: [[784]],
  parameters: BenchmarkOptions.self
) { worker, options in
  try options.countLoad()
  return { (pixels: Tensor<Float>) -> Tensor<Float> in
    Tensor(shape: [pixels.rowCount, 10]) { output in
      pixels.withUnsafeBufferPointer { input in
        for row in 0..<pixels.rowCount {
          for index in 0..<10 {
            output.initializeElement(at: row * 10 + index, to: input[row * 784 + index])
          }
        }
      }
    }
  }
}

/// Ten zeros for each row without a look at the input: what is left is Spark's own work.
let constant = PredictBatchUDF(
  "constant", returning: .array(.float), batchSize: 10_000, parameters: BenchmarkOptions.self
) { worker, options in
  try options.countLoad()
  return { (pixels: ArrowColumn) -> Tensor<Float> in
    Tensor(repeating: 0, shape: [pixels.count, 10])
  }
}

/// Our side of `scripts/benchmark`: one job for each line on standard input, its time as a line of
/// JSON on standard output.
///
/// `NeedletailBenchmark --remote URL --input TABLE --model mlp|served|trivial|constant|sentiment
/// --model-path FILE --columnar default|off --scan native|spark --loads-file FILE`; `served` is the MLP on a server beside
/// the executor.
@main
struct NeedletailBenchmark {
  static let functions: [any UserDefinedFunction] = [mlp, trivial, constant]

  static func main() async {
    SparkWorkerMode.enterIfStartedBySpark(functions: functions)
    func option(_ name: String) -> String {
      guard let index = CommandLine.arguments.firstIndex(of: "--\(name)"),
        index + 1 < CommandLine.arguments.count
      else {
        FileSystem.write("NeedletailBenchmark: --\(name) is missing\n", to: STDERR_FILENO)
        exit(64)
      }
      return CommandLine.arguments[index + 1]
    }
    let (input, model) = (option("input"), option("model"))
    let options = BenchmarkOptions(
      modelPath: option("model-path"), loadsFile: option("loads-file"))
    let scan = option("scan") == "native" ? ScanChoice.native : .spark
    if option("columnar") == "default" { setenv("NEEDLETAIL_COLUMNAR_INPUT", "spark", 1) }
    let run = ProgramRun(
      functions: functions, remote: option("remote"), showsProgress: false
    ) { spark in
      spark.scan = scan
      let table = spark.read.parquet(input)
      let predictions: DataFrame
      switch model {
      case "served":
        let rows = try await table.count()
        let servers = NodeServerSpecification.needletail(["mlp": .onnx(options.modelPath)])
        return try await spark.withNodeServers(servers) { servers in
          let served = try await table.predicting(
            try servers.model(), inputs: ["\(servers.models[0].inputs[0].name)": ["data"]],
            batchSize: 1024)
          try await perform(served.drop("data"), rows: rows)
        }
      case "mlp": predictions = table.select(mlp(options, "data").as("preds"))
      case "trivial": predictions = table.select(trivial(options, "data").as("preds"))
      case "constant": predictions = table.select(constant(options, "data").as("preds"))
      case "sentiment":
        predictions = try await table.predicting(
          .sentiment(options.modelPath), inputs: ["text": ["input"]], into: "preds"
        ).select("preds")
      default:
        throw NeedletailError(
          .usage, "--model is '\(model)': mlp, served, trivial, constant or sentiment")
      }
      try await perform(predictions, rows: try await table.count())
    }
    exit(await run.exitStatus())
  }

  /// Runs the job once for each line, and tells how long it took.
  private static func perform(_ predictions: DataFrame, rows: Int) async throws {
    while let line = readLine() {
      guard line == "run" else { continue }
      let start = ContinuousClock.now
      try await predictions.write.format("noop").mode(.overwrite).save()
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      FileSystem.write("{\"wall_s\": \(seconds), \"rows\": \(rows)}\n", to: STDOUT_FILENO)
    }
  }
}
