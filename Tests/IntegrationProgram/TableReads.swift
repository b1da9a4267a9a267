import Foundation
import Needletail

/// Tables in files, read and predicted in each of the ways of this package, as
/// scripts/checks/scan_equality.py asks for them: each order is a line of JSON on the standard input and
/// is answered by one on the standard output. One session serves them all.
enum TableReads {
  private struct Order: Decodable {
    var reader: Reader
    var path: String
    var format: String
    var options: [String: String]
    var zone: String
    /// The column that feeds the model.
    var feature: String
    /// Where the table goes with its predictions, as Parquet.
    var output: String
  }

  private enum Reader: String, Decodable {
    /// The workers of Spark.
    case native
    /// Spark, whose rows the workers get.
    case spark
    /// This process, without Spark.
    case local
  }

  private struct Answer: Encodable {
    /// Why it was not done; `nil` if it was.
    var refusal: String?
  }

  @Sendable static func run(_ spark: SparkSession) async throws {
    let model = ModelSource.onnx(try IntegrationProgram.option("--model"))
    for await line in lines() {
      let order = try JSONDecoder().decode(Order.self, from: Data(line.utf8))
      var answer = Answer()
      do {
        switch order.reader {
        case .native: try await predict(order, model, on: spark, .native)
        case .spark: try await predict(order, model, on: spark, .spark)
        case .local: try await predict(order, model)
        }
      } catch {
        answer.refusal = "\(error)"
      }
      let text = String(decoding: try JSONEncoder().encode(answer), as: UTF8.self) + "\n"
      FileHandle.standardOutput.write(Data(text.utf8))
    }
  }

  /// The lines of the standard input; whoever waits for one keeps no thread of the tasks.
  private static func lines() -> AsyncStream<String> {
    AsyncStream { continuation in
      Thread.detachNewThread {
        while let line = readLine() { continuation.yield(line) }
        continuation.finish()
      }
    }
  }

  private static func predict(
    _ order: Order, _ model: ModelSource, on spark: SparkSession, _ scan: ScanChoice
  ) async throws {
    try await spark.conf.set("spark.sql.session.timeZone", order.zone)
    let reader = order.options.reduce(spark.read.format(order.format)) {
      $0.option($1.key, $1.value)
    }
    try await reader.load(order.path).predicting(
      model, inputs: ["x": InputColumns([order.feature])], outputs: ["y": "predicted y"],
      scan: scan
    ).write.format("parquet").save(order.output)
  }

  private static func predict(_ order: Order, _ model: ModelSource) async throws {
    let options = order.options.merging(["timeZone": order.zone]) { given, _ in given }
    let reader = options.reduce(LocalTable.read.format(order.format)) {
      $0.option($1.key, $1.value)
    }
    try await reader.load(order.path).predicting(
      model, inputs: ["x": InputColumns([order.feature])], outputs: ["y": "predicted y"]
    ).write.format("parquet").save(order.output)
  }
}
