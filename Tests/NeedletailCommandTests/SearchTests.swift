import Foundation
import Testing

/// Where Spark is looked for: the places of the runtimes, in their order.
@Suite(.timeLimit(.minutes(2)))
struct SearchTests {
  /// Makes what looks like a Spark.
  private static func spark(_ version: String, in folder: String, of command: Command) throws {
    try command.write("\(folder)/bin/spark-submit", "#!/bin/sh\n")
    try command.write("\(folder)/jars/spark-core_2.13-\(version).jar", "")
  }

  private static func found(_ command: Command, _ variables: [String: String]) async throws
    -> String
  {
    let outcome = try await command.run(["--version"], variables)
    let line = outcome.output.split(separator: "\n").first { $0.hasPrefix("Spark ") } ?? ""
    return line.dropFirst(19).replacingOccurrences(of: command.folder.path, with: "$FOLDER")
  }

  @Test("the first place that has one gives it")
  func places() async throws {
    let command = try Command()
    defer { command.remove() }
    try Self.spark("4.3.0", in: "own", of: command)
    try Self.spark("4.2.0", in: "runtimes/pyspark", of: command)
    try Self.spark("4.1.0", in: "environment/lib/python3.11/site-packages/pyspark", of: command)
    try Self.spark("4.0.0", in: "installed", of: command)
    let folder = command.folder.path
    var variables = [
      "SPARK_HOME": "\(folder)/own", "NEEDLETAIL_RUNTIMES": "\(folder)/none:\(folder)/runtimes",
      "NEEDLETAIL_PYTHON": "\(folder)/environment/bin/python", "PATH": "\(folder)/installed/bin",
    ]
    #expect(try await Self.found(command, variables) == "4.3.0 at $FOLDER/own")
    variables["SPARK_HOME"] = ""
    #expect(try await Self.found(command, variables) == "4.2.0 at $FOLDER/runtimes/pyspark")
    variables["NEEDLETAIL_RUNTIMES"] = "\(folder)/runtimes/pyspark"
    #expect(try await Self.found(command, variables) == "4.2.0 at $FOLDER/runtimes/pyspark")
    variables["NEEDLETAIL_RUNTIMES"] = ""
    #expect(
      try await Self.found(command, variables)
        == "4.1.0 at $FOLDER/environment/lib/python3.11/site-packages/pyspark")
  }

  @Test("a variable excludes all other places, and the message says so")
  func excluded() async throws {
    let command = try Command()
    defer { command.remove() }
    try Self.spark("4.2.0", in: "runtimes/spark", of: command)
    let folder = command.folder.path
    let variables = ["SPARK_HOME": "\(folder)/none", "NEEDLETAIL_RUNTIMES": "\(folder)/runtimes"]
    #expect(try await Self.found(command, variables) == "not found")
    let outcome = try await command.run(
      [
        "predict", "digits.onnx", "--input", "digits.onnx", "--input-format", "csv", "--output",
        "-",
        "--engine", "spark",
      ], variables)
    #expect(
      outcome.complaint.contains(
        "SPARK_HOME is $FOLDER/none, but there is no bin/spark-submit in it"),
      "\(outcome.complaint)")
  }
}
