import FileTables
import Foundation
import Testing

/// What the command does without Spark; on this machine there is no Java for it.
@Suite(.enabled(if: FileLibrary.isAvailable), .timeLimit(.minutes(5)))
struct LocalPredictionTests {
  private static let header = (0..<64).map { "p\($0)" }.joined(separator: ",")

  /// A folder with a table of `rows` images, a number in each column.
  private static func folder(rows: Int = 5) throws -> Command {
    let command = try Command()
    let lines = (0..<rows).map { row in
      "\(row)," + (0..<64).map { "\(($0 + row) % 17)" }.joined(separator: ",")
    }
    try command.write("in.csv", "id,\(header)\n" + lines.joined(separator: "\n") + "\n")
    return command
  }

  private static func words(_ text: String) -> [String] {
    text.replacingOccurrences(of: "$MAP", with: "--map pixels=\(header)").split(separator: " ")
      .map(String.init)
  }

  @Test("a table is predicted without Spark, and the summary says so")
  func plain() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let outcome = try await command.run(
      Self.words("predict digits.onnx --input in.csv --output out.csv $MAP --keep id --threads 2"))
    #expect(outcome.status == 0 && outcome.complaint == "", "\(outcome.complaint)")
    let summary =
      #/5 rows in \d+\.\d\d s \(\d+ rows/s\), model load \d+\.\d{3} s, written to out\.csv as csv \(without Spark, 2 threads: \d+ % reading, \d+ % model, \d+ % writing\)\n/#
    #expect(outcome.output.wholeMatch(of: summary) != nil, "\(outcome.output)")
    let lines = try String(
      contentsOf: command.folder.appending(path: "out.csv"), encoding: .utf8
    ).split(separator: "\n")
    #expect(lines.first == "id,probabilities")
    #expect(lines.dropFirst().map { $0.prefix { $0 != "," } } == ["0", "1", "2", "3", "4"])
    #expect(lines.last?.hasSuffix("]\"") == true, "\(lines.last ?? "")")
  }

  @Test("rows are printed instead of written")
  func printed() async throws {
    let command = try Self.folder(rows: 30)
    defer { command.remove() }
    let some = try await command.run(
      Self.words("predict digits.onnx --input in.csv --output - $MAP --keep id --limit 2"))
    #expect(some.status == 0 && some.complaint == "", "\(some.complaint)")
    #expect(some.output.split(separator: "\n").count == 6, "\(some.output)")
    #expect(some.output.hasPrefix("+---+--------------------+\n| id|       probabilities|\n"))
    let more = try await command.run(
      Self.words("predict digits.onnx --input in.csv --output - $MAP --keep id"))
    #expect(more.output.hasSuffix("only showing top 20 rows\n"), "\(more.output)")
  }

  @Test("where only Spark can do it, one line says why")
  func spark() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    for (arguments, reason) in [
      ("--output new.orc", "only Spark writes the format orc"),
      ("--output new --conf spark.a=1", "--conf spark.a is one of Spark's settings"),
      ("--output new --task-cpus 2", "--task-cpus is for tasks of Spark"),
    ] {
      let outcome = try await command.run(
        Self.words("predict digits.onnx --input in.csv $MAP \(arguments)"))
      #expect(outcome.status == 1, "\(arguments)")
      #expect(outcome.complaint.hasPrefix("Spark is used: \(reason)\n"), "\(outcome.complaint)")
      #expect(
        outcome.complaint.contains("Java") || outcome.complaint.contains("no Spark was found"))
    }
  }

  @Test("rows that fail stand beside the others, and are told at the end")
  func rowErrors() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let row = Array(repeating: "1", count: 64).joined(separator: ",")
    let lines = (0..<6).map { $0 % 3 == 1 ? "\($0)," + row.dropFirst() : "\($0),\(row)" }
    try command.write("gap.csv", "id,\(Self.header)\n" + lines.joined(separator: "\n") + "\n")
    let predict =
      "predict digits.onnx --input gap.csv --output out.csv --mode overwrite $MAP --keep id"
    func output() throws -> [Substring] {
      try String(contentsOf: command.folder.appending(path: "out.csv"), encoding: .utf8)
        .split(separator: "\n")
    }

    let column = try await command.run(Self.words(predict + " --on-error column=why"))
    #expect(column.status == 0 && column.complaint == "", "\(column.complaint)")
    #expect(
      column.output.contains("\n2 of 6 rows failed:\n  2 x null, such as row 1 of the file (file ")
        && column.output.contains("gap.csv): column 'p0': the value is null"), "\(column.output)")
    let table = try output()
    #expect(table.count == 7 && table[0] == "id,probabilities,why")
    #expect(table[2].contains("null: column 'p0': the value is null"), "\(table[2])")
    #expect(table[1].hasSuffix("]\","), "\(table[1])")

    let null = try await command.run(Self.words(predict + " --on-error null --max-errors 2"))
    #expect(null.status == 0 && null.output.contains("2 of 6 rows failed"), "\(null.output)")
    let skipped = try await command.run(Self.words(predict + " --on-null null"))
    #expect(skipped.status == 0 && !skipped.output.contains("failed"), "\(skipped.output)")
    #expect(try output()[2].prefix(2) == "1,")
    let filled = try await command.run(Self.words(predict + " --on-null fill=1"))
    #expect(filled.status == 0, "\(filled.complaint)")
    let rows = try output()
    #expect(rows[1].dropFirst(2) == rows[2].dropFirst(2))

    let many = try await command.run(
      Self.words(predict + " --on-error null --max-errors 10%"))
    #expect(many.status == 1 && many.output == "")
    #expect(
      many.complaint.contains("[TOO_MANY_ERRORS]") && many.complaint.contains("lets pass, 10%"),
      "\(many.complaint)")
  }

  @Test("a job that broke goes on, and says how much was there")
  func resumed() async throws {
    let command = try Self.folder(rows: 6)
    defer { command.remove() }
    let predict = "predict digits.onnx --input in.csv --output out --resume id $MAP --keep id "
    let first = try await command.run(Self.words(predict + "--part-rows 2"))
    #expect(first.status == 0 && !first.output.contains("already"), "\(first.complaint)")
    let out = command.folder.appending(path: "out")
    let parts = try FileManager.default.contentsOfDirectory(atPath: out.path)
      .filter { $0.hasPrefix("part-") }.sorted()
    #expect(parts.count == 3)
    try FileManager.default.removeItem(at: out.appending(path: parts[1]))
    let second = try await command.run(Self.words(predict))
    #expect(second.output.hasPrefix("2 rows in "), "\(second.output)")
    #expect(second.output.hasSuffix("4 rows were in the output already\n"), "\(second.output)")
    let other = try await command.run(Self.words(predict + "--argmax probabilities"))
    #expect(other.status == 64)
    #expect(
      other.complaint.contains("'out' was begun with transform probabilities none"),
      "\(other.complaint)")
    let unkept = try await command.run(
      Self.words("predict digits.onnx --input in.csv --output out --resume id $MAP --keep p0"))
    #expect(unkept.complaint.contains("add it to --keep"), "\(unkept.complaint)")
  }

  @Test("positions stand for names, and a file tells what was done")
  func positions() async throws {
    let command = try Self.folder(rows: 6)
    defer { command.remove() }
    let outcome = try await command.run(
      Self.words(
        "predict digits.onnx --input in.csv --output out.csv --map 0=\(Self.header) --keep id "
          + "--output-map 0=digit --argmax 0 --metrics told.json"))
    #expect(outcome.status == 0, "\(outcome.complaint)")
    let lines = try String(contentsOf: command.folder.appending(path: "out.csv"), encoding: .utf8)
    #expect(lines.hasPrefix("id,digit\n"), "\(lines)")
    let told = try #require(
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: command.folder.appending(path: "told.json"))) as? [String: Any])
    #expect(told["rows"] as? Int == 6 && told["failedRows"] as? Int == 0)
    #expect(told["engine"] as? String == "local" && told["model"] as? String == "digits.onnx")
    for name in ["seconds", "rowsPerSecond", "modelLoadSeconds", "modelSeconds"] {
      #expect(told[name] as? Double ?? 0 > 0, "\(name)")
    }
    let beyond = try await command.run(
      Self.words("predict digits.onnx --input in.csv --output new --map 1=p0"))
    #expect(beyond.complaint.contains("--map names the input '1'"), "\(beyond.complaint)")
    let nowhere = try await command.run(
      Self.words("predict digits.onnx --input in.csv --output new $MAP --metrics no/told.json"))
    #expect(nowhere.status == 64, "\(nowhere.complaint)")
    #expect(nowhere.complaint.contains("--metrics 'no/told.json' cannot be written"))
  }

  @Test("classes instead of numbers: the greatest one's position, and the best with their labels")
  func classes() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    try command.write("labels.txt", (0..<10).map { "digit \($0)\n" }.joined())
    try command.write("nine.txt", (0..<9).map { "digit \($0)\n" }.joined())
    let predict =
      "predict digits.onnx --input in.csv --output out.csv --mode overwrite $MAP --keep id "
    func lines(_ options: String) async throws -> [Substring] {
      let outcome = try await command.run(Self.words(predict + options))
      #expect(outcome.status == 0 && outcome.complaint == "", "\(outcome.complaint)")
      return try String(contentsOf: command.folder.appending(path: "out.csv"), encoding: .utf8)
        .split(separator: "\n")
    }
    let argmax = try await lines("--argmax probabilities --output-map probabilities=digit")
    #expect(argmax.first == "id,digit")
    let digits = argmax.dropFirst().compactMap { $0.split(separator: ",").last.map(String.init) }
    #expect(digits.count == 5)
    #expect(digits.allSatisfy { (0..<10).contains(Int($0) ?? -1) }, "\(digits)")
    let best = try await lines("--top-k 2 --labels labels.txt")
    #expect(best.first == "id,probabilities")
    for (line, digit) in zip(best.dropFirst(), digits) {
      let names = line.components(separatedBy: "digit ").dropFirst()
      #expect(names.count == 2 && names.first?.hasPrefix(digit) == true, "\(line)")
    }
    // Rounded probabilities as a vector, which CSV has as a list.
    for options in ["--round 2 --output-as vector", "--round 0=2 --round 9 --output-as 0=array"] {
      let rounded = try await lines("--softmax probabilities " + options)
      for line in rounded.dropFirst() {
        let numbers = line.split(separator: ",").dropFirst().map { part in
          part.filter { $0.isNumber || $0 == "." }
        }
        #expect(numbers.count == 10 && numbers.allSatisfy { $0.count <= 4 }, "\(line)")
      }
    }
    let wrong = try await command.run(Self.words(predict + "--top-k 2 --labels nine.txt"))
    #expect(wrong.status == 1 && wrong.output == "")
    #expect(
      wrong.complaint.contains("the file nine.txt has 9 labels, expected 10"),
      "\(wrong.complaint)")
  }

  @Test("a constant is what a column of it is, and a shape is checked")
  func constants() async throws {
    let command = try Command()
    defer { command.remove() }
    try command.copyModel("two_inputs.onnx")
    try command.copyModel("dynamic_sequence.onnx")
    try command.write(
      "in.csv", "a0,a1,a2,b0,b1\n" + (0..<5).map { "\($0),1,-\($0),0.5,-2\n" }.joined())
    func lines(_ options: String) async throws -> [Substring] {
      let outcome = try await command.run(
        Self.words("predict \(options) --input in.csv --output out.csv --mode overwrite"))
      #expect(outcome.status == 0 && outcome.complaint == "", "\(outcome.complaint)")
      return try String(contentsOf: command.folder.appending(path: "out.csv"), encoding: .utf8)
        .split(separator: "\n")
    }
    let column = try await lines("two_inputs.onnx --map a=a0,a1,a2 --map b=b0,b1")
    #expect(column.count == 6)
    #expect(try await lines("two_inputs.onnx --map a=a0,a1,a2 --constant b=[0.5,-2]") == column)
    let shape = "dynamic_sequence.onnx --map x=a0,a1,a2 --outputs total"
    #expect(try await lines(shape + " --shape x=3") == lines(shape))
    let wrong = try await command.run(
      Self.words("predict \(shape) --shape x=4 --input in.csv --output out.csv --mode overwrite"))
    #expect(wrong.status == 1)
    #expect(wrong.complaint.contains("takes 4 values a row"), "\(wrong.complaint)")
    let predict = "predict two_inputs.onnx --map a=a0,a1,a2 --input in.csv --output new.csv"
    // Only what is called infinity is infinite.
    for value in ["half", "1e400"] {
      let text = try await command.run(Self.words(predict + " --constant b=\(value)"))
      #expect(
        text.complaint.contains("the value \"\(value)\", which is no float32"), "\(text.complaint)")
    }
    let missing = try await command.run(Self.words(predict))
    #expect(
      missing.complaint.contains("(--constant b=VALUE) if it is the same for all rows"),
      "\(missing.complaint)")
  }

  @Test("errors name the column, the row and the file, and leave nothing")
  func failures() async throws {
    let command = try Self.folder()
    defer { command.remove() }
    let gap =
      "id,\(Self.header)\n" + "0," + Array(repeating: "1", count: 64).joined(separator: ",")
      + "\n1,"
      + String(repeating: ",", count: 63) + "\n"
    try command.write("gap.csv", gap)
    let outcome = try await command.run(
      Self.words("predict digits.onnx --input gap.csv --output out.parquet $MAP"))
    #expect(outcome.status == 1)
    #expect(
      outcome.complaint.contains("row 1") && outcome.complaint.contains("gap.csv"),
      "\(outcome.complaint)")
    #expect(outcome.output == "")
    let left = try FileManager.default.contentsOfDirectory(atPath: command.folder.path)
    #expect(left.sorted() == ["digits.onnx", "gap.csv", "in.csv"])
  }
}
