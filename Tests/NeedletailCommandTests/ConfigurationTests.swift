import FileTables
import Foundation
import Testing

/// Options in files.
@Suite(.timeLimit(.minutes(3)))
struct ConfigurationTests {
  private static let header = (0..<64).map { "p\($0)" }.joined(separator: ",")

  private static func folder(_ configuration: String) throws -> Command {
    let command = try Command()
    let row = (0..<64).map { "\($0 % 17)" }.joined(separator: ",")
    try command.write("in.csv", "id,\(header)\n0,\(row)\n1,\(row)\n")
    try command.write("job.yaml", configuration)
    return command
  }

  @Test(
    "a job is in a file, and the command line goes before it", .enabled(if: FileLibrary.isAvailable)
  )
  func job() async throws {
    let command = try Self.folder(
      """
      # A job.
      model: digits.onnx
      input: in.csv
      output: other.csv
      keep: id
      map:
        pixels: "\(Self.header)"
      output-option:
        - header=false
      quiet: false
      limit: 1
      """)
    defer { command.remove() }
    let outcome = try await command.run(["predict", "--config", "job.yaml", "--output=out.csv"])
    #expect(outcome.status == 0 && outcome.complaint == "", "\(outcome.complaint)")
    #expect(outcome.output.hasPrefix("1 rows in "), "\(outcome.output)")
    let text = try String(contentsOf: command.folder.appending(path: "out.csv"), encoding: .utf8)
    #expect(text.hasPrefix("0,\"[") && text.split(separator: "\n").count == 1, "\(text)")
    #expect(!FileManager.default.fileExists(atPath: command.folder.path + "/other.csv"))
  }

  @Test("what is no option is refused with its line and the nearest name")
  func refusals() async throws {
    let cases: [(text: String, says: String)] = [
      (
        "input: in.csv\n\nbatch-sise: 5\n",
        "error: --config job.yaml, line 3: 'batch-sise' is no option of needletail predict; did you mean "
          + "'batch-size'?\n"
      ),
      (
        "nothing-like-it: 5\n",
        "error: --config job.yaml, line 1: 'nothing-like-it' is no option of needletail predict\n"
      ),
      (
        "config: other.yaml\n",
        "error: --config job.yaml, line 1: 'config' is for the command line alone; take it out of the file\n"
      ),
      (
        "limit: [1, 2]\n",
        "error: --config job.yaml, line 1: 'limit' takes one value, and a list stands there\n"
      ),
      (
        "quiet: maybe\n",
        "error: --config job.yaml, line 1: 'quiet' is 'maybe', it must be true or false\n"
      ),
      // Lines as Windows ends them.
      (
        "keep: id\r\nlimit: 1\r\n\r\nconf:\r\n  spark.x: 1.10\r\n",
        "error: --config job.yaml, line 4: write the number of 'conf' between quotes, so that it is taken "
          + "as it stands there\n"
      ),
      ("limit:\n", "error: --config job.yaml, line 1: 'limit' has no value\n"),
      (
        "limit: 1\nconf:\n  spark.x: 1.10\n",
        "error: --config job.yaml, line 2: write the number of 'conf' between quotes, so that it is taken "
          + "as it stands there\n"
      ),
      (
        "- a\n- b\n",
        "error: --config job.yaml: options are expected, each in a line of its own, such as `input: "
          + "table.parquet`\n"
      ),
      (
        "limit: [1, 2]\ninputt: a\n",
        "error: --config job.yaml, line 1: 'limit' takes one value, and a list stands there\n"
          + "error: --config job.yaml, line 2: 'inputt' is no option of needletail predict; did you mean "
          + "'input'?\n"
      ),
    ]
    for (text, says) in cases {
      let command = try Self.folder(text)
      defer { command.remove() }
      let outcome = try await command.run([
        "predict", "digits.onnx", "--output", "out", "--config", "job.yaml",
      ])
      #expect(outcome.complaint == says, "\(text)")
      #expect(outcome.status == 64, "\(text)")
    }
  }

  @Test("a file that is not there is told")
  func missing() async throws {
    let command = try Self.folder("")
    defer { command.remove() }
    let outcome = try await command.run(["predict", "digits.onnx", "--config", "none.yaml"])
    #expect(
      outcome.complaint
        == "error: --config: the file 'none.yaml' is not there (the current folder is $FOLDER)\n")
    #expect(outcome.status == 64)
  }
}
