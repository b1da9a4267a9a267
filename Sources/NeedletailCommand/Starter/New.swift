import ArgumentParser
import FoundationEssentials
import Needletail
import Texts

/// Writes a program to begin with.
struct New: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a Swift package with a program, a model and a table, to begin with.",
    discussion: """
      The folder NAME gets a program of some lines, a small model, a table, and a README; `swift run` in it \
      builds the program, starts a Spark on this machine and shows predictions. What that needs and this \
      machine lacks is told.

      The package is built against Needletail's own: a checkout, or a repository's release of this \
      command's version (--package).
      """)

  @Argument(help: "What to call the package and its program; also the folder that is made.")
  var name: String

  @Option(
    help: ArgumentHelp(
      "Needletail's package: the folder of a checkout, or the address of its repository (default: the "
        + "checkout in which this command was built, or that of the current folder).",
      valueName: "folder|url"))
  var package: String?

  @Option(
    help: ArgumentHelp(
      "The branch of the repository whose end is built, instead of the release.",
      valueName: "name"))
  var branch: String?

  func validate() throws {
    let isPlain = name.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0))
    }
    guard isPlain, name.first?.isLetter == true, name.lowercased() != "needletail" else {
      throw ValidationError(
        "the package cannot be called '\(name)': a name begins with a letter, has letters, digits, - and _, "
          + "and is not Needletail's own")
    }
  }

  func run() throws {
    let starter = Starter(
      name: name, dependency: try NeedletailPackage(named: package, branch: branch))
    guard !FileManager.default.fileExists(atPath: name) else {
      throw CommandFailure("there is already '\(name)' in this folder; take another name")
    }
    do {
      for file in starter.files {
        let url = URL(fileURLWithPath: "\(name)/\(file.path)")
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try file.contents.write(to: url)
      }
    } catch {
      throw CommandFailure(
        "'\(name)' cannot be written: \(error.reason)", status: 1, cause: error)
    }
    print(next())
  }

  /// What is left to do.
  private func next() -> String {
    let program = try? ExecutableImage.current().path
    let needs = StarterNeeds(
      environment: ProcessInfo.processInfo.environment,
      folder: "\(FileSystem.currentDirectory)/\(name)",
      program: program.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path })
    // One line to copy, whatever is missing of what a command can bring.
    let command = (["cd \(name)"] + needs.commands).joined(separator: " && ")
    return "\(name) has a program, a model and a table. "
      + "To build it (some minutes the first time) and run it:\n"
      + (needs.programs + [command]).map { "  \($0)" }.joined(separator: "\n")
  }
}
