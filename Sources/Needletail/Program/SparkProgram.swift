import FoundationEssentials
import Glibc
public import SparkConnect
public import SparkFunctions
import SparkWorker

/// A program that works on Spark tables with functions of its own: the entry point.
///
/// ```swift
/// @main
/// struct QuickStart: SparkProgram {
///   static let functions: [any UserDefinedFunction] = [mnist]
///
///   static func run(_ spark: SparkSession) async throws {
///     try await spark.read.parquet("digits.parquet").withColumn("p", mnist("pixels")).show()
///   }
/// }
/// ```
///
/// The same executable runs in two places. Started by a person it is the driver: it connects to the
/// server that `--remote sc://...` or the variable `SPARK_REMOTE` names, or else starts a Spark on this
/// machine and stops it at the end, and calls ``run(_:)``. When a query first uses one of the
/// functions, the program uploads itself, and Spark's executors start it as their worker, where only
/// ``functions`` counts.
public protocol SparkProgram: SendableMetatype {
  /// The functions that queries of the program may use; names must differ.
  static var functions: [any UserDefinedFunction] { get }

  /// What the program does; only the driver calls it.
  ///
  /// - Throws: what shall end the program with an error: it is printed, and the exit status is 1.
  static func run(_ spark: SparkSession) async throws
}

extension SparkProgram {
  public static var functions: [any UserDefinedFunction] { [] }

  /// Serves Spark if it started this process as its worker; otherwise opens a session, runs
  /// `run(_:)` and
  /// ends the process with its status.
  public static func main() async {
    SparkWorkerMode.enterIfStartedBySpark(functions: functions)
    let status = await ProgramRun(functions: functions, remote: CommandLine.remoteOption) {
      try await run($0)
    }.exitStatus()
    exit(status)
  }
}

/// The part of a program that Spark's executors run.
public enum SparkWorkerMode {
  /// If Spark started this process as its worker, or a worker started it for a server beside the
  /// executor, does that work and never returns. A program that is no ``SparkProgram`` calls this
  /// before anything else.
  public static func enterIfStartedBySpark(functions: [any UserDefinedFunction]) {
    superviseIfAsked()
    guard
      let launch = WorkerLaunch.detect(
        arguments: CommandLine.arguments, environment: WorkerDaemon.processEnvironment)
    else { return }
    WorkerDaemon.run(launch) {
      let program = try Program.start(own: functions)
      return TaskEngine(registry: program.registry, fingerprint: program.fingerprint)
    }
  }
}

extension CommandLine {
  /// The value of `--remote URL` or `--remote=URL` among the program's arguments.
  static var remoteOption: String? {
    let words = arguments.dropFirst()
    if let joined = words.first(where: { $0.hasPrefix("--remote=") }) {
      return String(joined.dropFirst("--remote=".count))
    }
    guard let index = words.firstIndex(of: "--remote"), index + 1 < words.endIndex else {
      return nil
    }
    return words[index + 1]
  }
}
