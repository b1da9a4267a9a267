import SparkFunctions
import SparkWorker
import WorkerFunctions

/// A worker program with the functions that the tests use.
@main
struct WorkerFixture {
  static func main() throws {
    // Before the daemon says where it listens; must not reach Spark.
    print("a program that prints when it starts")
    let environment = WorkerDaemon.processEnvironment
    guard
      let launch = WorkerLaunch.detect(
        arguments: CommandLine.arguments, environment: environment)
    else {
      print("Spark starts this program as a Python worker.")
      return
    }
    WorkerDaemon.run(launch) {
      if let path = environment["WORKER_FIXTURE_FAILS_TO_START"] {
        throw WorkerError(.launch, "the oven at \(path) does not start")
      }
      return TaskEngine(
        registry: try FunctionRegistry(WorkerFunctions.all),
        fingerprint: WorkerFunctions.fingerprint)
    }
  }
}
