import Foundation
import Testing

/// All that is wrong and missing is told by one run.
@Suite(.timeLimit(.minutes(3)))
struct SeveralMistakesTests {
  private static func words(_ text: String) -> [String] {
    text.split(separator: " ").map(String.init)
  }

  private static func errors(_ complaint: String) -> [String] {
    complaint.split(separator: "\n").filter { $0.hasPrefix("error: ") }.map(String.init)
  }

  private static func folder() throws -> Command {
    let command = try Command()
    try command.write("in.csv", "pixels\n1\n")
    try command.write("there/part-0.csv", "a\n1\n")
    return command
  }

  @Test("model, input and output are all looked at")
  func files() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run(
      Self.words("predict missing.onnx --input nowhere.csv --output there --engine local"))
    #expect(
      Self.errors(outcome.complaint).prefix(3) == [
        "error: there is no model missing.onnx (the current folder is $FOLDER)",
        "error: there is no input 'nowhere.csv' (the current folder is $FOLDER)",
        "error: the output 'there' exists; name another, or say --mode overwrite, append or ignore",
      ], "\(outcome.complaint)")
    #expect(outcome.status == 64 && outcome.output == "")
  }

  @Test("options, files, libraries, Java and Spark are told together")
  func all() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run(
      Self.words(
        "predict missing.onnx --input nowhere.csv --output in.csv/out --batch-size 0 --mode sideways "
          + "--engine spark"),
      [
        "SPARK_HOME": command.folder.path,
        "NEEDLETAIL_ONNXRUNTIME": command.folder.path + "/none.so",
      ])
    for part in [
      "The value 'sideways' is invalid for '--mode <mode>'",
      "--batch-size is 0, it must be at least 1", "there is no model missing.onnx",
      "there is no input 'nowhere.csv'",
      "the output 'in.csv/out' cannot be made: '$FOLDER/in.csv' is a file",
      "no usable library was found; tried:\n  $FOLDER/none.so: no such file\n",
      "SPARK_HOME is $FOLDER, but there is no bin/spark-submit in it",
      "there is no java on the PATH; tried:\n  $FOLDER/java: no such file\n",
    ] {
      #expect(outcome.complaint.contains(part), "\(part)\n\(outcome.complaint)")
    }
    #expect(Self.errors(outcome.complaint).count == 8, "\(outcome.complaint)")
    #expect(
      outcome.complaint.hasSuffix("\nSee 'needletail predict --help' for more information.\n"))
    #expect(outcome.status == 64)
  }

  @Test("several names that the model does not have are told together")
  func names() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run(
      Self.words(
        "predict digits.onnx --input in.csv --output new --engine local --map pixel=a --outputs classes "
          + "--shape image=8"))
    let errors = Self.errors(outcome.complaint)
    for part in [
      "--map names the input 'pixel'", "--outputs names the output 'classes'",
      "--shape names the input 'image'",
    ] {
      #expect(errors.contains { $0.contains(part) }, "\(part)\n\(outcome.complaint)")
    }
    #expect(outcome.status == 64)
  }

  @Test("arguments that are missing are told beside options that are wrong")
  func arguments() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run(Self.words("serve --http-port x --threads y"))
    let errors = Self.errors(outcome.complaint)
    for part in ["'x' is invalid for '--http-port", "'y' is invalid for '--threads", "<model>"] {
      #expect(errors.contains { $0.contains(part) }, "\(part)\n\(outcome.complaint)")
    }
    #expect(errors.count == 3 && outcome.status == 64, "\(outcome.complaint)")
  }

  @Test("a query's models, options and output are all looked at, and Spark and Java with them")
  func query() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run(
      Self.words(
        "sql --model a=missing.onnx --model b=digits.onnx --map pixel=x --output in.csv/out "
          + "--conf k=1 --conf k=2 --jar none.jar --batch-size 0 q"),
      ["SPARK_HOME": command.folder.path])
    let errors = Self.errors(outcome.complaint)
    for part in [
      "--batch-size is 0, it must be at least 1", "--conf k is given twice",
      "the output 'in.csv/out' cannot be made: '$FOLDER/in.csv' is a file",
      "--jar 'none.jar' is no file on this machine", "there is no model missing.onnx",
      "the model 'b': --map names the input 'pixel'",
      "SPARK_HOME is $FOLDER, but there is no bin/spark-submit in it",
      "there is no java on the PATH",
    ] {
      #expect(errors.contains { $0.contains(part) }, "\(part)\n\(outcome.complaint)")
    }
    #expect(errors.count == 8 && outcome.status == 64, "\(outcome.complaint)")
    #expect(outcome.complaint.hasSuffix("\nSee 'needletail sql --help' for more information.\n"))
  }

  @Test("Spark, and what it needs, is looked for before anything of it starts")
  func spark() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run(
      Self.words("predict digits.onnx --input in.csv --output new --engine spark"),
      ["SPARK_HOME": command.folder.path])
    #expect(Self.errors(outcome.complaint).count == 2, "\(outcome.complaint)")
    #expect(outcome.status == 1)
  }
}
