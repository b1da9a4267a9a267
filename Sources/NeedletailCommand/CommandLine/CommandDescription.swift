import ArgumentParser
import FoundationEssentials

/// What the parser tells of the program's commands and their options, as it does for shells' completions.
struct CommandDescription: Decodable {
  struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
    }

    /// `positional`, `option` or `flag`.
    var kind: String
    var isRepeating: Bool
    var isOptional: Bool
    var valueName: String?
    var names: [Name]?

    var isOption: Bool { kind == "option" }
    var isFlag: Bool { kind == "flag" }

    /// The long names, without their dashes.
    var longNames: [String] { (names ?? []).filter { $0.kind == "long" }.map(\.name) }
  }

  var commandName: String
  /// The commands that this one belongs to, the program's first.
  var superCommands: [String]?
  var subcommands: [CommandDescription]?
  var arguments: [Argument]?

  private struct Tool: Decodable { var command: CommandDescription }

  /// That of the command which `arguments` begin with; it takes 20 ms to be asked for.
  static func ofCommand(in arguments: [String]) -> CommandDescription? {
    let tool = try? JSONDecoder().decode(
      Tool.self, from: Data(NeedletailCommand._dumpHelp().utf8))
    guard
      var found = tool?.command.subcommands?.first(where: { $0.commandName == arguments.first })
    else { return nil }
    for word in arguments.dropFirst() {
      guard let next = found.subcommands?.first(where: { $0.commandName == word }) else { break }
      found = next
    }
    return found
  }

  /// As one writes it: `needletail spark start`.
  var fullName: String { ((superCommands ?? []) + [commandName]).joined(separator: " ") }

  /// The option or flag that is called `--name`.
  func argument(named name: some StringProtocol) -> Argument? {
    arguments?.first { $0.longNames.contains(String(name)) }
  }

  /// Whether the word `--name`, without a value of its own, takes the next one.
  func takesValue(_ word: String) -> Bool {
    guard word.hasPrefix("--"), !word.contains("=") else { return false }
    return argument(named: word.dropFirst(2))?.isOption ?? false
  }
}
