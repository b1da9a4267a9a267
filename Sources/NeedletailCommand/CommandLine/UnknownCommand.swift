import ArgumentParser
import Needletail

/// A first word that is none of the program's commands, for which the parser has no other words than that it is
/// unexpected.
enum UnknownCommand {
  /// - Parameter arguments: the words of the command line.
  /// - Throws: ``CommandFailure`` with the nearest command, if the first word is none.
  static func check(_ arguments: [String]) throws {
    try check(arguments[...], of: NeedletailCommand.self)
  }

  private static func check(
    _ words: ArraySlice<String>, of command: any ParsableCommand.Type
  ) throws {
    let commands = command.configuration.subcommands
    guard !commands.isEmpty, let word = words.first, !word.hasPrefix("-") else { return }
    if let found = commands.first(where: { $0._commandName == word }) {
      return try check(words.dropFirst(), of: found)
    }
    let names = commands.map { $0._commandName }
    // The parser's own.
    if command == NeedletailCommand.self, word == "help" { return }
    guard let nearest = Suggestion.nearest(to: word, among: names) else {
      throw CommandFailure(
        "\(name(of: command)) has no command '\(word)'; it has \(names.joined(separator: ", "))")
    }
    throw CommandFailure(
      "\(name(of: command)) has no command '\(word)'. Did you mean '\(nearest)'?")
  }

  private static func name(of command: any ParsableCommand.Type) -> String {
    let program = NeedletailCommand._commandName
    return command == NeedletailCommand.self ? program : "\(program) \(command._commandName)"
  }
}
