import Foundation
import Testing

/// What the command says to a command line that is wrong, before any Spark: exact texts, and exit 64.
@Suite(.timeLimit(.minutes(5)))
struct RefusalTests {
  private static func folder() throws -> Command {
    let command = try Command()
    try command.write("in.csv", "pixels\n1\n")
    try command.write("in.csv.zip", "PK")
    try command.write("numbers.csv", "1,2.5,\"-3\"\n4,5,6\n")
    try command.write("numbers.tsv", "1\t2\r\n")
    try command.write("book.xlsx", "PK")
    try command.write("odd", "hello")
    try command.write("empty/_SUCCESS", "")
    try command.write("mixed/a.csv", "a\n1\n")
    try command.write("mixed/b.json", "{}")
    try command.write("there/part-0.csv", "a\n1\n")
    try command.write("delta/part-0.parquet", "PAR1")
    try command.write("delta/_delta_log/00000000000000000000.json", "{}")
    try command.write("iceberg/data/a.parquet", "PAR1")
    try command.write("iceberg/metadata/v1.metadata.json", "{}")
    #expect(mkfifo(command.folder.appending(path: "pipe.csv").path, 0o600) == 0)
    return command
  }

  @Test("each mistake has its message and exit 64")
  func refusals() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    for item in Self.cases {
      let words = item.arguments.split(separator: " ").map {
        $0.replacingOccurrences(of: "$FOLDER", with: command.folder.path)
      }
      let outcome = try await command.run(words)
      // Behind it stands the parser's usage, or what else is wrong, such as that this machine has no Java.
      let rest = outcome.complaint.dropFirst(item.says.count + 1)
      let isWhole = ["Help: ", "Usage: ", "See '", "error: "].contains { rest.hasPrefix($0) }
      #expect(
        outcome.complaint.hasPrefix(item.says + "\n"), "\(item.arguments)\n\(outcome.complaint)")
      #expect(rest.isEmpty || isWhole, "\(item.arguments)\n\(outcome.complaint)")
      #expect(outcome.status == item.status, "\(item.arguments)")
      #expect(outcome.output == "", "\(item.arguments)")
    }
  }

  @Test("what is right gets as far as Spark")
  func accepted() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    try command.write("folder/in.v2/part-0.snappy.parquet", "PAR1")
    try command.write("lines.ndjson", "{}")
    try command.write("failed/_temporary/0/x", "")
    try command.write("in.csv.gz", "\u{1}")
    for arguments in [
      "predict digits.onnx --input in.csv --output new",
      "predict digits.onnx --input in.csv --output there --mode overwrite",
      "predict digits.onnx --input in.csv --output there --mode append",
      "predict digits.onnx --input numbers.csv --output new --input-option header=false",
      "predict digits.onnx --input numbers.csv --output new --input-option header=true",
      "predict digits.onnx --input folder/in.v2 --output new",
      "predict digits.onnx --input in.csv --output new --conf spark.a=1 --conf spark.b=",
      "predict digits.onnx --input in.csv --output new --map pixels=`a,b`,`c``d`,e",
      "predict digits.onnx --input lines.ndjson --output new.csv.gz",
      "predict digits.onnx --input in.csv.gz --output failed",
      "predict digits.onnx --input i*.csv --output new.tsv --map pixels=a --map pixels=b",
      "predict digits.onnx --input odd --input-format csv --input-option header=true --output new",
    ] {
      let words = (arguments + " --engine spark").split(separator: " ").map(String.init)
      let outcome = try await command.run(words)
      #expect(outcome.status == 1, "\(arguments)")
      #expect(
        outcome.complaint.contains("Java") || outcome.complaint.contains("no Spark was found"),
        "\(arguments): \(outcome.complaint)")
    }
  }

  @Test("an output that exists is ignored without Spark's help only if it may be")
  func ignored() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run(
      "predict digits.onnx --input in.csv --output there --mode ignore".split(separator: " ")
        .map(String.init))
    #expect(outcome.status == 0 && outcome.complaint == "")
    #expect(outcome.output == "nothing written: there exists (--mode ignore)\n")
  }

  @Test("the input is never overwritten")
  func overwriting() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    try command.write("data/a/part-0.csv", "pixels\n1\n")
    try command.write("data/b/part-0.csv", "pixels\n1\n")
    try command.link("link", to: "data")
    try command.link("file", to: "data/a/part-0.csv")
    try FileManager.default.createDirectory(
      at: command.folder.appending(path: "linked"), withIntermediateDirectories: true)
    try command.link("linked/part-0.csv", to: "data/a/part-0.csv")
    let folder = command.folder.path
    for (input, output) in [
      ("data/a", "data/a"), ("data/a/", "data/a"), ("data/a", "data/a///"),
      ("data/a", "./data/b/../a"),
      ("data/a", "data"), ("data", "data/a"), ("data", "data/new"), ("data/a/part-0.csv", "data/a"),
      ("data/a", "\(folder)/data/a"), ("\(folder)/data/a", "data/a"),
      ("data/a", "file:\(folder)/data/a"),
      ("data/a", "file://\(folder)/data/a"), ("file:///\(folder)/data/a/", "data/a"),
      ("file://localhost\(folder)/data/a", "file:\(folder)/data"), ("link/a", "data/a"),
      ("data/a", "link/a"), ("data/a", "link"), ("file", "data/a"), ("linked", "data/a"),
      ("data/*", "data/a"), ("data/{a,b}", "data/b"), ("data/[ab]/*.csv", "data/a"),
      ("data/a/*.csv", "data"), ("link/*", "data/b"), ("data/?", "link/b"), (".", "data/a"),
    ] {
      let outcome = try await command.run([
        "predict", "digits.onnx", "--input", input, "--input-format", "csv", "--output", output,
        "--output-format", "csv", "--mode", "overwrite",
      ])
      #expect(outcome.status == 64, "\(input) \(output): \(outcome.complaint)")
      #expect(
        outcome.complaint.contains("--mode overwrite would delete the input"),
        "\(input) \(output): \(outcome.complaint)")
    }
    #expect(FileManager.default.fileExists(atPath: folder + "/data/a/part-0.csv"))
    for (input, output) in [("data/a", "data/b"), ("data/a", "data/aa"), ("data/a*", "data/b")] {
      let outcome = try await command.run([
        "predict", "digits.onnx", "--input", input, "--input-format", "csv", "--output", output,
        "--output-format", "csv", "--mode", "overwrite", "--engine", "spark",
      ])
      #expect(outcome.status == 1, "\(input) \(output): \(outcome.complaint)")
    }
  }
}
