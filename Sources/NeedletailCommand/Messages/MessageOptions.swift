import ArgumentParser
import Glibc
import Logging
import Needletail

/// What a command says beside its result.
struct MessageOptions: ParsableArguments {
  /// The least grave messages that are told.
  enum Level: String, ExpressibleByArgument, CaseIterable {
    case error, warning, info, debug

    var level: Logger.Level {
      switch self {
      case .error: .error
      case .warning: .warning
      case .info: .info
      case .debug: .debug
      }
    }
  }

  @Option(
    help: ArgumentHelp(
      "The least grave messages that are told: error, warning, info (the default) or debug. Workers of a "
        + "Spark that is started here take it too."))
  var logLevel: Level?

  @Flag(
    help: ArgumentHelp(
      "Tell more, as --log-level debug does, and keep the log of a Spark that is started here: the place "
        + "is told (NEEDLETAIL_SPARK_LOG names another)."))
  var verbose = false

  func validate() throws {
    if verbose, let logLevel, logLevel != .debug {
      throw ValidationError(
        "--verbose tells all, and --log-level \(logLevel.rawValue) less; say one of them")
    }
  }

  private var level: Level { logLevel ?? (verbose ? .debug : .info) }

  /// The level of the libraries' messages.
  var loggerLevel: Logger.Level { level.level }

  /// Takes the libraries' messages, and shows what takes time; once in a process.
  ///
  /// - Parameter quiet: whether nothing but errors is told.
  func begin(quiet: Bool = false) {
    let least = quiet ? Logger.Level.error : loggerLevel
    LoggingSystem.bootstrap { _ in ConsoleLog(logLevel: least) }
    if !quiet { StatusLine.shared.showActivities() }
    // Without another's word; a Spark that is started here, and its workers, inherit it.
    if logLevel != nil || verbose { setenv("NEEDLETAIL_LOG_LEVEL", level.rawValue, 0) }
    if verbose { keepSparkLog() }
  }

  private func keepSparkLog() {
    let name = "needletail-spark-\(getpid()).log"
    setenv(KeptLog.variable, "\(FileSystem.temporaryDirectory)/\(name)", 0)
  }

  /// Says where the log of a Spark is that is about to be started, unless a server is named.
  func tellSparkLog(remote: String?) {
    guard verbose, SparkServer.isStartedHere(remote), let path = getenv(KeptLog.variable)
    else { return }
    StatusLine.shared.note("Spark's log: \(String(cString: path))")
  }
}
