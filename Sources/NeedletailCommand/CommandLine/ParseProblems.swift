import ArgumentParser
import Needletail

/// What is wrong with the options of a command line: all of it, where the parser stops at the first.
///
/// The option that the parser complains of is taken away, and the rest is read again.
struct ParseProblems {
  let description: CommandDescription
  /// The words that are left.
  private var words: [String]
  private(set) var texts: [String] = []
  /// The options that were complained of, by their long names.
  private var blamed: Set<String> = []
  /// Whether an argument is missing, for which another word stands now.
  private(set) var lacksArgument = false
  /// The command without what is wrong; `nil` if more is than can be taken away.
  private(set) var command: (any ParsableCommand)?

  /// The words behind options that nobody knows, which may have been meant as their values.
  private var orphans: Set<String> = []
  private static let most = 20

  /// - Parameters:
  ///   - arguments: the words of the command line.
  ///   - error: what the parser said of them.
  init?(_ arguments: [String], _ error: any Error) {
    guard NeedletailCommand.exitCode(for: error) != .success,
      let description = CommandDescription.ofCommand(in: arguments)
    else { return nil }
    self.description = description
    words = arguments
    takeAwayUnknown()
    var text = NeedletailCommand.message(for: error)
    for number in 0..<Self.most {
      // The parser may have told a consequence of those alone.
      guard number == 0 && !texts.isEmpty || repair(text) else { return }
      do {
        command = try NeedletailCommand.parseAsRoot(words)
        return
      } catch {
        text = NeedletailCommand.message(for: error)
      }
    }
  }

  /// Takes note of options that the command does not have: the parser looks for what is missing before it looks
  /// for these, and a mistyped name would be told as an option that is missing.
  private mutating func takeAwayUnknown() {
    let names = (description.arguments ?? []).flatMap(\.longNames)
    for word in words.prefix(while: { $0 != "--" }) where word.hasPrefix("--") {
      let name = String(word.dropFirst(2).prefix { $0 != "=" })
      guard !names.isEmpty, !names.contains(name), !Self.ofParser.contains(name) else { continue }
      blamed.insert(name)
      if let option = OtherOptionNames.ofModels[name], names.contains("option") {
        texts.append("Unknown option '--\(name)'. Did you mean '--option \(option)=...'?")
        _ = remove(name, value: nil)
        continue
      }
      let known = OtherOptionNames.ofCommands[name].flatMap { names.contains($0) ? $0 : nil }
      guard let meant = known ?? Suggestion.nearest(to: name, among: names) else {
        texts.append("Unknown option '--\(name)'")
        _ = remove(name, value: nil)
        continue
      }
      texts.append("Unknown option '--\(name)'. Did you mean '--\(meant)'?")
      if let place = words.firstIndex(of: word) {
        words[place] = "--\(meant)" + word.dropFirst(2 + name.count)
      }
    }
  }

  /// What each command understands, and the parser does not list.
  private static let ofParser = [
    "help", "help-hidden", "version", "generate-completion-script", "experimental-dump-help",
  ]

  /// Takes note of what the parser said, and takes away what it was said of.
  private mutating func repair(_ text: String) -> Bool {
    if text.hasPrefix("Missing expected argument ") {
      guard let missing = Self.quoted(in: text) else { return false }
      lacksArgument = true
      let name = Self.optionName(in: missing)
      // An option whose value was wrong was taken away.
      if name.map({ !blamed.contains($0) }) ?? true { texts.append(text) }
      words += name.map { ["--\($0)", "-"] } ?? ["-"]
      return true
    }
    if text.contains("nexpected argument") {
      let unknown = text.split(separator: "'").enumerated().filter { $0.offset % 2 == 1 }
        .map { String($0.element) }
      if !unknown.allSatisfy(orphans.contains) { texts.append(text) }
      let before = words.count
      words.removeAll { unknown.contains($0) }
      return words.count < before
    }
    // A command that has found several mistakes tells those that are left again.
    if !texts.contains(where: { $0.hasSuffix(text) }) { texts.append(text) }
    // `The value 'x' is invalid for '--map <...>'`, `Unknown option '--inptu'`, `--threads is 0, ...`
    let place = text.split(separator: "for '", maxSplits: 1).last.map(String.init) ?? text
    guard let name = Self.optionName(in: place) ?? Self.optionName(in: text) else { return false }
    blamed.insert(name)
    if let meant = Self.suggestion(in: text), let place = words.firstIndex(of: "--\(name)") {
      words[place] = "--\(meant)"
      return true
    }
    return remove(name, value: text.hasPrefix("The value '") ? Self.quoted(in: text) : nil)
  }

  private mutating func remove(_ name: String, value: String?) -> Bool {
    let places = words.indices.filter {
      words[$0] == "--\(name)" || words[$0].hasPrefix("--\(name)=")
    }
    func hasValue(_ place: Int) -> Bool {
      let next = place + 1 < words.count ? words[place + 1] : nil
      return value == nil || words[place].hasSuffix("=\(value ?? "")") || next == value
    }
    guard let place = places.first(where: hasValue) ?? places.first else { return false }
    let isKnown = description.argument(named: name) != nil
    let next = place + 1 < words.count ? words[place + 1] : nil
    if description.takesValue(words[place]), let next, !next.hasPrefix("--") {
      words.remove(at: place + 1)
    } else if !isKnown, let next, !next.hasPrefix("-") {
      orphans.insert(next)
    }
    words.remove(at: place)
    return true
  }

  /// The option that the parser thinks was meant.
  private static func suggestion(in text: String) -> String? {
    let parts = text.split(separator: "Did you mean '--", maxSplits: 1)
    guard parts.count > 1 else { return nil }
    return String(parts[1].prefix { $0 != "'" })
  }

  /// What stands between the first two quotes.
  private static func quoted(in text: String) -> String? {
    let parts = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count > 2 ? String(parts[1]) : nil
  }

  /// The first `--name` of a text, without its dashes.
  private static func optionName(in text: String) -> String? {
    for word in text.split(whereSeparator: { " '<,;=:".contains($0) }) where word.hasPrefix("--") {
      let name = word.dropFirst(2)
      if !name.isEmpty { return String(name) }
    }
    return nil
  }
}
