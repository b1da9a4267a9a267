import ArgumentParser

/// A Spark on this machine that stays.
struct SparkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spark",
    abstract: "Starts and stops a Spark cluster on this machine.",
    subcommands: [SparkStart.self, SparkStatus.self, SparkStop.self])
}
