import ArgumentParser
import Needletail

@main
enum Main {
  static func main() async {
    SparkWorkerMode.enterIfStartedBySpark(functions: [])
    await NeedletailCommand.main()
  }
}

struct NeedletailCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "needletail",
    abstract: "Runs trained models over Spark tables, and serves them.",
    version: "0.1.0",
    subcommands: [Predict.self, Inspect.self, Serve.self])
}
