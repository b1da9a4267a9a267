import ArgumentParser
import Glibc
import Needletail

/// Where executors have the program from.
enum WorkerExecutable: ExpressibleByArgument, Equatable {
  /// This process sends it.
  case sent
  /// An operator has put it on each executor, at this path.
  case installed(String)

  private static let prefix = "installed:"

  init?(argument: String) {
    if argument == "sent" {
      self = .sent
      return
    }
    guard argument.hasPrefix(Self.prefix) else { return nil }
    let path = String(argument.dropFirst(Self.prefix.count))
    // A plain name is looked up on the executors' PATH; what lies below the current folder is another one there.
    guard !path.isEmpty, path.hasPrefix("/") || !path.contains("/") else { return nil }
    self = .installed(path)
  }
}

/// The option that says it.
struct WorkerExecutableOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where Spark's executors have this program from: sent (by this process), or installed:PATH (an "
        + "operator has put the same build there, and nothing is sent; a path from / on, or a name on "
        + "their PATH). Default: what NEEDLETAIL_WORKER says, else sent.",
      valueName: "sent|installed:PATH"))
  var workerExecutable: WorkerExecutable?

  /// Says it to all that sends the program; before any of that begins.
  func begin() {
    switch workerExecutable {
    case .sent: unsetenv(InstalledProgram.variable)
    case .installed(let path): setenv(InstalledProgram.variable, path, 1)
    case nil: break
    }
  }
}
