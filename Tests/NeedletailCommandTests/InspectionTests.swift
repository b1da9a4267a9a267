import FileTables
import Foundation
import Testing

/// What the command tells without computing: plans, tables, versions.
@Suite(.timeLimit(.minutes(3)))
struct InspectionTests {
  private static let names = (0..<64).map { "p\($0)" }

  private static func folder() throws -> Command {
    let command = try Command()
    let row = (0..<64).map { "\($0 % 17)" }.joined(separator: ",")
    try command.write("wide.csv", "id,\(names.joined(separator: ","))\n0,\(row)\n1,\(row)\n")
    try command.write("small.csv", "id,name\n1,swift\n2,needletail\n")
    return command
  }

  @Test("a dry run tells the plan and leaves nothing", .enabled(if: FileLibrary.isAvailable))
  func dryRun() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run([
      "predict", "digits.onnx", "--input", "wide.csv", "--output", "out.parquet", "--keep", "id",
      "--map", "pixels=" + Self.names.joined(separator: ","), "--threads", "2", "--dry-run",
    ])
    #expect(outcome.status == 0 && outcome.complaint == "", "\(outcome.complaint)")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "Nothing is done, as --dry-run is said. What would be:")
    for line in [
      "engine: this process, on 2 threads, without Spark", "  id int", "  p63 int",
      "  pixels: float32[?, 64] from " + Self.names.joined(separator: ", "),
      "output: out.parquet as parquet, mode error", "  probabilities array<float>",
      "sent to executors: nothing",
    ] {
      #expect(lines.contains(line), "\(line)\n\(outcome.output)")
    }
    #expect(
      lines.contains {
        $0.hasPrefix("input: wide.csv as csv: 1 file, ") && $0.hasSuffix("1 split")
      },
      "\(outcome.output)")
    #expect(!FileManager.default.fileExists(atPath: command.folder.path + "/out.parquet"))
  }

  @Test("a dry run refuses what could not be done", .enabled(if: FileLibrary.isAvailable))
  func dryRefusal() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run([
      "predict", "digits.onnx", "--input", "small.csv", "--output", "out.parquet", "--dry-run",
    ])
    #expect(outcome.status != 0 && outcome.output == "")
    #expect(outcome.complaint.contains("no column is named like"), "\(outcome.complaint)")
  }

  @Test(
    "a dry run goes over to Spark where the run would", .enabled(if: FileLibrary.isAvailable))
  func dryRunOnSpark() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    try command.write("rows.json", "[{\"pixels\": []}]\n")
    let predict = [
      "predict", "digits.onnx", "--input", "rows.json", "--input-option", "multiLine=true",
      "--output", "new",
    ]
    for words in [predict, predict + ["--dry-run"]] {
      let outcome = try await command.run(words)
      #expect(outcome.complaint.contains("there is no java on the PATH"), "\(outcome.complaint)")
      #expect(outcome.status == 1 && outcome.output == "")
    }
  }

  @Test("a preview shows types and rows", .enabled(if: FileLibrary.isAvailable))
  func preview() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run(["preview", "small.csv", "--rows", "1"])
    #expect(outcome.status == 0 && outcome.complaint == "", "\(outcome.complaint)")
    #expect(
      outcome.output == """
        small.csv: csv, 2 columns
          id int
          name string
        +---+-----+
        | id| name|
        +---+-----+
        |  1|swift|
        +---+-----+
        only showing top 1 row

        """)
    let one = try await command.run(["preview", "small.csv", "--columns", "name", "--rows", "5"])
    #expect(one.output.contains("|needletail|\n") && !one.output.contains("| id|"), "\(one.output)")
  }

  @Test("mistakes about previews and others have their messages")
  func refusals() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let cases: [(arguments: String, says: String)] = [
      (
        "preview nowhere.csv",
        "error: there is no input 'nowhere.csv' (the current folder is $FOLDER)"
      ),
      ("preview small.csv --rows 0", "error: --rows is 0, it must be at least 1"),
      ("preview small.csv --truncate=-1", "error: --truncate is -1, it must be 0 or more"),
      (
        "preview small.csv --engine local --remote sc://h",
        "error: --engine local cannot do this: --remote names a server of Spark; change that, or say "
          + "--engine spark"
      ),
      ("preview", "error: Missing expected argument '<table>'"),
      (
        "predict digits.onnx --input small.csv --output new --quiet --verbose",
        "error: --quiet and --verbose are opposites; say one of them"
      ),
      (
        "inspect digits.onnx --verbose --log-level error",
        "error: --verbose tells all, and --log-level error less; say one of them"
      ),
      (
        "inspect digits.onnx --log-level loud",
        "error: The value 'loud' is invalid for '--log-level <log-level>'. Please provide one of 'error', "
          + "'warning', 'info' or 'debug'."
      ),
      ("inspect", "error: Missing expected argument '<model>'"),
      (
        "predict digits.onnx --inptu small.csv --output new",
        "error: Unknown option '--inptu'. Did you mean '--input'?"
      ),
      ("doctor --jsn", "error: Unknown option '--jsn'. Did you mean '--json'?"),
      (
        "doctor --execution-mode shim",
        "error: --execution-mode shim is for a server; name it with --remote or SPARK_REMOTE"
      ),
      (
        "doctor --worker-executable installed:/opt/n",
        "error: --worker-executable is for a server; name it with --remote or SPARK_REMOTE"
      ),
      (
        "preview small.csv --engine local --worker-executable installed:/opt/n",
        "error: --engine local cannot do this: --worker-executable is for tasks of Spark; change that, or say "
          + "--engine spark"
      ),
      (
        "doctor --worker-executable installed:bin/n",
        "error: The value 'installed:bin/n' is invalid for '--worker-executable <sent|installed:PATH>'"
      ),
      ("plan digits.onnx", "error: Missing expected argument '--schema <columns>'"),
      (
        "prdict digits.onnx",
        "error: needletail has no command 'prdict'. Did you mean 'predict'?"
      ),
      ("spark strat", "error: needletail spark has no command 'strat'. Did you mean 'start'?"),
      (
        "frobnicate digits.onnx",
        "error: needletail has no command 'frobnicate'; it has predict, sql, preview, plan, inspect, "
          + "serve, new, spark, doctor"
      ),
    ]
    for (arguments, says) in cases {
      let outcome = try await command.run(arguments.split(separator: " ").map(String.init))
      #expect(
        outcome.complaint.split(separator: "\n").first.map(String.init) == says, "\(arguments)")
      #expect(outcome.status == 64, "\(arguments)")
      #expect(outcome.output == "", "\(arguments)")
    }
  }

  @Test(
    "a column that is not there is told with the nearest name",
    .enabled(if: FileLibrary.isAvailable))
  func columns() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run(["preview", "small.csv", "--columns", "nmae"])
    #expect(
      outcome.complaint
        == "error: --columns names the column 'nmae', which the table does not have; it has id, name; did "
        + "you mean 'name'?\n")
    #expect(outcome.status == 64)
  }

  @Test("the version comes with what is found here, or is not")
  func version() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run(
      ["--version"],
      ["SPARK_HOME": command.folder.path, "NEEDLETAIL_TORCH": command.folder.path + "/none.so"])
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(outcome.status == 0 && lines.count == 7, "\(outcome.output)")
    #expect(lines.first?.wholeMatch(of: #/\d+\.\d+\.\d+/#) != nil)
    for name in ["PyTorch", "Spark", "Java"] {
      let line = name.padding(toLength: 19, withPad: " ", startingAt: 0) + "not found"
      #expect(lines.contains(line), "\(line)\n\(outcome.output)")
    }
  }
}
