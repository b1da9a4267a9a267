extension OpenTable {
  /// Whose words a message tells the remedy in.
  package enum Form: Sendable {
    case command
    /// A query's in the command.
    case query
    /// A program's, and the command's beside them.
    case program
  }

  /// What is wrong with reading `path` as plain files, and what to do.
  package func readingProblem(_ path: String, for form: Form = .program) -> String {
    "'\(path)' \(subject(path)): read as plain files it would give deleted and overwritten rows too. "
      + "Let Spark read it as what it is, \(remedy(Self.reading(format), form)). A single data file can be "
      + "read by its own name"
  }

  /// What is wrong with writing plain files to `path`, or in its place, and what to do.
  package func writingProblem(_ path: String, for form: Form = .program) -> String {
    "'\(path)' \(subject(path)), and plain files there would damage it. Let Spark write it as what it is, "
      + "\(remedy(Self.writing(format), form)); name another output; or remove the table first"
  }

  private func subject(_ path: String) -> String {
    let article = format == .iceberg ? "an" : "a"
    let table = "\(article) \(format.title) table (it has \(format.mark))"
    return PathNames.trimmed(path) == PathNames.trimmed(location)
      ? "is \(table)" : "belongs to '\(location)', which is \(table)"
  }

  private func remedy(_ ways: Ways, _ form: Form) -> String {
    let place = "on a server that has \(format.title) (--remote) or with its library (--jar)"
    return switch form {
    case .command: "\(ways.command), \(place)"
    case .query: "\(ways.query ?? ways.command), \(place)"
    case .program: "\(ways.program); in the command \(ways.command), \(place)"
    }
  }

  private struct Ways {
    var command: String
    /// `nil` if a query has no words of its own for it.
    var query: String?
    var program: String
  }

  private static func reading(_ format: OpenTableFormat) -> Ways {
    let name = format.rawValue
    return switch format {
    case .delta, .hudi:
      Ways(
        command: "with --input-format \(name)", query: "as \(name).`PATH`",
        program: "with spark.read.format(\"\(name)\")")
    case .iceberg:
      Ways(
        command: "by its name (--table), or the newest metadata/*.metadata.json with "
          + "--input-format iceberg",
        query: "by its name in its catalog",
        program: "by its name (spark.table), or the newest metadata/*.metadata.json with "
          + "spark.read.format(\"iceberg\")")
    }
  }

  private static func writing(_ format: OpenTableFormat) -> Ways {
    let name = format.rawValue
    return switch format {
    case .delta, .hudi:
      Ways(
        command: "with --output-format \(name)",
        program: "with write.format(\"\(name)\")")
    case .iceberg:
      Ways(
        command: "by its name (--output-table)",
        program: "by its name (write.insertInto)")
    }
  }
}
