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
      builds the program, starts a Spark on this machine and shows predictions.
      """)

  @Argument(help: "What to call the package and its program; also the folder that is made.")
  var name: String

  @Option(
    help: ArgumentHelp(
      "Needletail's package: the address of its repository, or the folder of a checkout (default: the "
        + "checkout in which this command was built).", valueName: "url|folder"))
  var package: String?

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
    let starter = Starter(name: name, dependency: try dependency())
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
    print(
      "\(name) has a program, a model and a table. Build and run it:\n  cd \(name)\n  swift run")
  }

  private func dependency() throws -> Starter.Dependency {
    guard let package else {
      if let checkout = Self.checkout() { return .folder(checkout) }
      throw CommandFailure(
        "where is Needletail's package? Say --package URL for its repository, or --package FOLDER for a "
          + "checkout")
    }
    if package.contains("://") || package.hasPrefix("git@") { return .repository(package) }
    let folder = URL(fileURLWithPath: package).standardizedFileURL.path
    guard Self.isPackage(folder) else {
      throw CommandFailure(
        "--package '\(package)' is neither the address of a repository, such as https://..., nor a folder "
          + "with Needletail's Package.swift")
    }
    return .folder(folder)
  }

  /// The checkout in whose build folder this command lies.
  private static func checkout() -> String? {
    guard var folder = (try? ExecutableImage.current()).map({ URL(fileURLWithPath: $0.path) })
    else { return nil }
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      if isPackage(folder.path) { return folder.path }
    }
    return nil
  }

  private static func isPackage(_ folder: String) -> Bool {
    ["Package.swift", "Sources/Needletail"].allSatisfy {
      FileManager.default.fileExists(atPath: "\(folder)/\($0)")
    }
  }
}
