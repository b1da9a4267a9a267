import FoundationEssentials
import Needletail

/// Options from the file that `--config` names: what the command line does not say is taken from there.
struct ConfigurationFile {
  private let description: CommandDescription
  private let file: String

  /// Options that say what to do instead of how.
  private static let excluded: Set<String> = ["config", "help", "version"]

  /// The command line with the options of the file in it.
  ///
  /// - Throws: ``CommandFailure`` if the file cannot be read, or has what is no option of the command.
  static func expanded(_ arguments: [String]) throws -> [String] {
    guard arguments.contains(where: { $0 == "--config" || $0.hasPrefix("--config=") }),
      let description = CommandDescription.ofCommand(in: arguments),
      description.argument(named: "config") != nil
    else { return arguments }
    var words = arguments
    var files: [String] = []
    while let place = words.firstIndex(where: { $0 == "--config" || $0.hasPrefix("--config=") }) {
      let word = words.remove(at: place)
      if word != "--config" {
        files.append(String(word.dropFirst("--config=".count)))
      } else if place < words.count {
        files.append(words.remove(at: place))
      } else {
        // The parser says that a value is missing.
        return arguments
      }
    }
    if files.count > 1 { throw CommandFailure.twice("--config", files[0], files[1]) }
    let file = files[0]
    guard let bytes = FileManager.default.contents(atPath: file) else {
      let reason = FileManager.default.fileExists(atPath: file) ? "cannot be read" : "is not there"
      throw CommandFailure(
        "--config: the file '\(file)' \(reason) (the current folder is "
          + "\(FileManager.default.currentDirectoryPath))")
    }
    let entries = try ConfigurationText(Array(bytes), file: file).entries
    return try ConfigurationFile(description: description, file: file).merged(entries, words)
  }

  /// `words`, which begin with the command's name, with what `entries` say besides.
  func merged(_ entries: [ConfigurationText.Entry], _ words: [String]) throws -> [String] {
    var complaints = Complaints()
    var added: [String] = []
    var positionals: [String] = []
    for entry in entries {
      complaints.note {
        let (isPositional, texts) = try arguments(entry)
        if isPositional {
          positionals += texts
        } else if !words.contains(where: {
          $0 == "--\(entry.key)" || $0.hasPrefix("--\(entry.key)=")
        }) {
          added += texts
        }
      }
    }
    try complaints.check()
    if hasPositional(words) { positionals = [] }
    return Array(words.prefix(1)) + added + Array(words.dropFirst()) + positionals
  }

  private func arguments(
    _ entry: ConfigurationText.Entry
  ) throws -> (isPositional: Bool, [String]) {
    let place = "--config \(file), line \(entry.line)"
    let positional = description.arguments?.first {
      $0.kind == "positional" && $0.valueName == entry.key
    }
    if Self.excluded.contains(entry.key) {
      throw CommandFailure(
        "\(place): '\(entry.key)' is for the command line alone; take it out of the file")
    }
    guard let argument = positional ?? description.argument(named: entry.key)
    else {
      throw CommandFailure(
        "\(place): '\(entry.key)' is no option of needletail \(description.commandName)"
          + Suggestion.text(for: entry.key, among: names))
    }
    let texts: [String]
    switch entry.value {
    case .one(let text): texts = [text]
    case .several(let several):
      guard argument.isRepeating else {
        throw CommandFailure("\(place): '\(entry.key)' takes one value, and a list stands there")
      }
      texts = several
    }
    if argument.isFlag {
      guard let flag = Bool(texts[0]) else {
        throw CommandFailure("\(place): '\(entry.key)' is '\(texts[0])', it must be true or false")
      }
      return (false, flag ? ["--\(entry.key)"] : [])
    }
    return positional != nil
      ? (true, texts) : (false, texts.map { "--\(entry.key)=\($0)" })
  }

  private var names: [String] {
    (description.arguments ?? []).flatMap { argument in
      argument.kind == "positional" ? [argument.valueName ?? ""] : argument.longNames
    }.filter { !Self.excluded.contains($0) }
  }

  /// Whether there is a word that is neither an option nor the value of one.
  private func hasPositional(_ words: [String]) -> Bool {
    var isValue = false
    for word in words.dropFirst() {
      if isValue {
        isValue = false
      } else if word.hasPrefix("-"), word != "-" {
        isValue = description.takesValue(word)
      } else {
        return true
      }
    }
    return false
  }
}
