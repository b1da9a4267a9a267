import Glibc
import Needletail

/// Our side of the table `images` of `scripts/benchmark scan`: what a program does that classifies JPEGs
/// in Parquet files.
///
/// `ScanImages --model FILE --input TABLE --output TABLE --side PIXELS --batch-size ROWS --threads N`: the
/// table has `id` and `content`, the output `id` and `preds`. Each thread decodes a batch and runs the
/// model over it, so that while one decodes another computes.
@main
enum ScanImages {
  static func main() async {
    do {
      let summary = try await classify()
      let seconds = summary.elapsed / .seconds(1)
      let rate = Int(summary.rowsPerSecond)
      say("\(summary.rows) rows in \(seconds) s (\(rate) rows/s)")
    } catch {
      say("\(error)")
      exit(1)
    }
  }

  /// Off the main actor, which has nothing to do.
  @concurrent private static func classify() async throws -> LocalSummary {
    let images = ImagePreprocessing(
      size: ImageSize(try number("side")), resampling: .bilinear, layout: .channelsFirst,
      normalization: .imageNet)
    let path = try option("model")
    let classes = PredictBatchUDF(
      "classes", returning: .array(.float), batchSize: try number("batch-size")
    ) { _ in
      let model = try ONNXSession(path: path)
      return { (content: ArrowColumn) -> Tensor<Float> in
        try model.run(images.tensor(from: content))
      }
    }
    return try await LocalTable.read.parquet(try option("input"))
      .withColumn("preds", classes("content")).select("id", "preds")
      .running(threads: try number("threads"))
      .write.parquet(try option("output"))
  }

  private static func option(_ name: String) throws -> String {
    guard let index = CommandLine.arguments.firstIndex(of: "--\(name)"),
      index + 1 < CommandLine.arguments.count
    else { throw Failure("--\(name) is missing") }
    return CommandLine.arguments[index + 1]
  }

  private static func number(_ name: String) throws -> Int {
    let text = try option(name)
    guard let number = Int(text), number > 0 else {
      throw Failure("--\(name) is '\(text)', it must be a number above 0")
    }
    return number
  }

  private static func say(_ text: String) {
    FileSystem.write("ScanImages: \(text)\n", to: STDERR_FILENO)
  }
}

/// What is wrong with the command line.
private struct Failure: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}
