import Foundation
import Testing

/// What the command says of itself.
///
/// After a change of the texts: `NEEDLETAIL_WRITE_HELP=1 swift test --filter HelpTests` writes the files anew.
@Suite(.timeLimit(.minutes(2)))
struct HelpTests {
  private static let commands = [
    "predict", "sql", "preview", "plan", "inspect", "serve", "new", "spark", "spark start",
    "spark status", "spark stop", "doctor",
  ]

  private static func words(_ name: String) -> [String] {
    ["help"] + name.split(separator: " ").map(String.init)
  }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Help")

  @Test("the help of each command is the one that is kept")
  func kept() async throws {
    let command = try Command()
    defer { command.remove() }
    for name in [""] + Self.commands {
      let outcome = try await command.run(
        Self.words(name), ["COLUMNS": "100"])
      #expect(outcome.status == 0 && outcome.complaint == "", "\(name)")
      let title = name.isEmpty ? "needletail" : name.replacingOccurrences(of: " ", with: "-")
      let file = Self.folder.appending(path: "\(title).txt")
      if ProcessInfo.processInfo.environment["NEEDLETAIL_WRITE_HELP"] != nil {
        try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
        try Data(outcome.output.utf8).write(to: file)
      }
      let kept = try? String(contentsOf: file, encoding: .utf8)
      #expect(outcome.output == kept, "\(name)")
    }
  }

  @Test("help fits into a narrow terminal, and has no control characters")
  func narrow() async throws {
    let command = try Command()
    defer { command.remove() }
    for name in Self.commands {
      let outcome = try await command.run(Self.words(name), ["COLUMNS": "60"])
      #expect(!outcome.output.contains("\u{1B}"))
      for line in outcome.output.split(separator: "\n")
      where line.count > 60 && !line.hasPrefix("USAGE") && !line.hasPrefix("  See '") {
        // A word alone may be longer than what is left of its line.
        #expect(!line.drop { $0 == " " }.dropLast().contains(" "), "\(name): \(line)")
      }
    }
  }
}
