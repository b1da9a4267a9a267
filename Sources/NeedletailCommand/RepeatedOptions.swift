/// Refuses options that are given twice and have one value, of which the parser takes the last.
enum RepeatedOptions {
  /// - Throws: ``CommandFailure`` that names the option and its values.
  static func check(_ arguments: [String]) throws {
    let given = arguments.filter { $0.hasPrefix("--") }.map { $0.prefix { $0 != "=" } }
    guard Set(given).count < given.count,
      let command = CommandDescription.ofCommand(in: arguments)
    else { return }
    let single = (command.arguments ?? []).filter { $0.isOption && !$0.isRepeating }
    let names = Set(single.flatMap(\.longNames).map { "--" + $0 })
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
