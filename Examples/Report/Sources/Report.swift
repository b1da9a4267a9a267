public import Needletail

/// Says how well a form of prediction did for a whole table.
public struct Report: Sendable {
  private let right: String
  private let error: String
  private let tolerance: Double
  private let framework: String

  /// - Parameters:
  ///   - right: counts rows, in Spark SQL: `count_if((preds > 0) = (target = 1))`.
  ///   - error: the largest difference from the framework's own predictions, in Spark SQL.
  ///   - tolerance: what that may be.
  ///   - framework: who made the predictions that are compared.
  public init(right: String, error: String, within tolerance: Double, of framework: String) {
    self.right = right
    self.error = error
    self.tolerance = tolerance
    self.framework = framework
  }

  /// Prints a line about `table`, whose predictions were made in the way that `form` tells.
  ///
  /// - Throws: a ``Difference`` if the predictions are not the framework's.
  public func callAsFunction(_ form: String, _ table: DataFrame) async throws {
    let start = ContinuousClock.now
    let counts = table.selectExpr(
      "count(*) as rows", "cast(\(right) as bigint) as right", "cast(\(error) as double) as error")
    guard let row = try await counts.first() else { return }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let (rows, hits) = (try row.get("rows", as: Int.self), try row.get("right", as: Int.self))
    let largest = try row.get("error", as: Double.self)
    guard rows > 0, largest <= tolerance else {
      throw Difference(
        description:
          "\(form): a prediction is \(largest) from \(framework)'s, allowed are \(tolerance)")
    }
    print(
      "\(form): \(hits) of \(rows) right, within \(tolerance) of \(framework),",
      "\((seconds * 100).rounded() / 100) s")
  }
}

extension Report {
  /// The same with another tolerance.
  public func within(_ tolerance: Double) -> Report {
    Report(right: right, error: error, within: tolerance, of: framework)
  }
}

/// Predictions that differ from the framework's.
public struct Difference: Error, CustomStringConvertible {
  public var description: String

  public init(description: String) { self.description = description }
}

/// The largest difference of two columns of arrays, in Spark SQL.
public func largestDifference(_ a: String, _ b: String) -> String {
  "max(array_max(zip_with(\(a), \(b), (x, y) -> abs(x - y))))"
}

/// What shall compute an ONNX model beside the CPU: `--cuda` and `--tensorrt` on the command line.
///
/// GPUs multiply in TF32, which has ten bits after the point, so allow them a difference.
public var gpuProviders: [ModelSource.Provider] {
  [.cuda, .tensorRT].filter { CommandLine.arguments.contains("--\($0.rawValue)") }
}

/// With `--served` on the command line, starts servers of `models` beside the executors, runs `body`
/// with them, and ends them; else does nothing.
public func served(
  _ spark: SparkSession, _ models: [String: ModelSource],
  _ body: (NodeServers) async throws -> Void
) async throws {
  guard CommandLine.arguments.contains("--served") else { return }
  try await spark.withNodeServers(.needletail(models), body)
}
