import ArgumentParser
import FoundationEssentials

/// Refuses options that are given twice and have one value, of which the parser takes the last.
enum RepeatedOptions {
  /// What the parser tells of the command's options, as JSON for shells' completions.
  private struct Tool: Decodable {
    var command: Command

    struct Command: Decodable {
      var commandName: String
      var subcommands: [Command]?
      var arguments: [Argument]?
    }

    struct Argument: Decodable {
      struct Name: Decodable {
        var kind: String
        var name: String
      }

      var kind: String
      var isRepeating: Bool
      var names: [Name]?
    }
  }

  /// - Throws: ``CommandFailure`` that names the option and its values.
  static func check(_ arguments: [String]) throws {
    // What the parser knows of its options takes 20 ms to be asked for.
    let given = arguments.filter { $0.hasPrefix("--") }.map { $0.prefix { $0 != "=" } }
    guard Set(given).count < given.count,
      let tool = try? JSONDecoder().decode(
        Tool.self, from: Data(NeedletailCommand._dumpHelp().utf8)),
      let command = tool.command.subcommands?.first(where: { $0.commandName == arguments.first })
    else { return }
    let single = (command.arguments ?? []).filter { $0.kind == "option" && !$0.isRepeating }
    var names: Set<String> = []
    for name in single.flatMap({ $0.names ?? [] }) where name.kind == "long" {
      names.insert("--" + name.name)
    }
    var values: [String: String] = [:]
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { return }
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard names.contains(name) else { continue }
      let next = index + 1 < arguments.count ? arguments[index + 1] : ""
      let value = parts.count > 1 ? String(parts[1]) : next
      if let before = values.updateValue(value, forKey: name) {
        throw CommandFailure.twice(name, before, value)
      }
    }
  }
}
