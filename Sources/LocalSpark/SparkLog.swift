import FoundationEssentials

/// The log of a process of a Spark on this machine, and what is read from it.
struct SparkLog: Sendable {
  let path: String

  /// All of it; empty if there is none.
  var text: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

  /// The settings of Spark's logging: `level` and worse go to the standard error, and all that the classes or
  /// packages `telling` say.
  static func settings(_ level: String, telling: [String]) -> String {
    let appender = """
      rootLogger.level = \(level)
      rootLogger.appenderRef.stderr.ref = stderr
      appender.console.type = Console
      appender.console.name = stderr
      appender.console.target = SYSTEM_ERR
      appender.console.layout.type = PatternLayout
      appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex

      """
    return telling.enumerated().reduce(into: appender) { text, logger in
      text += "logger.\(logger.offset).name = org.apache.spark.\(logger.element)\n"
      text += "logger.\(logger.offset).level = info\n"
    }
  }

  /// The port in the line "Spark Connect server started at: ...:PORT".
  static func port(in log: String) -> Int? {
    guard let place = word(behind: "Spark Connect server started at: ", in: log),
      let colon = place.lastIndex(of: ":")
    else { return nil }
    return Int(place[place.index(after: colon)...].filter(\.isNumber))
  }

  /// What stands behind `text` in the line that has it and is complete.
  static func word(behind text: String, in log: String) -> String? {
    guard let found = log.firstRange(of: text) else { return nil }
    let rest = log[found.upperBound...]
    return rest.firstIndex(of: "\n").map { String(rest[..<$0]) }
  }

  /// The last lines that say something: no frames of stacks, no remarks of Java's own.
  static func tail(_ text: String, lines: Int = 15) -> String {
    let noise = ["\tat ", "\t... ", "NOTE: Picked up ", "WARNING: Using incubator modules"]
    let telling = text.split(separator: "\n").filter { line in
      !noise.contains { line.hasPrefix($0) }
    }
    return telling.suffix(lines).map { "  " + $0 }.joined(separator: "\n")
  }
}
