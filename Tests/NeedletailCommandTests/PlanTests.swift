import Foundation
import Testing

/// What `needletail plan` tells of a model and a table's columns.
@Suite(.timeLimit(.minutes(5)))
struct PlanTests {
  private struct Case {
    var arguments: [String]
    var output = ""
    var complaint = ""
    var status: Int32 = 0
  }

  private static let cases: [Case] = [
    Case(
      arguments: ["--schema", "id bigint, pixels array<float>"],
      output: """
        digits.onnx takes:
          pixels: float32[?, 64] from pixels
        It gives:
          probabilities array<float>

        """),
    Case(
      arguments: [
        "--schema", "s struct<`odd name`:array<double>>", "--map", "pixels=s.odd name", "--into",
        "all of it",
        "--argmax", "probabilities", "--output-map", "probabilities=best one", "--on-error",
        "column",
      ],
      output: """
        digits.onnx takes:
          pixels: float32[?, 64] from s.`odd name`
        It gives `all of it`, with the fields:
          `best one` int
          error string

        """),
    Case(
      arguments: [
        "--schema", "pixels array<float>", "--softmax", "probabilities", "--round", "2",
        "--output-as", "vector",
      ],
      output: """
        digits.onnx takes:
          pixels: float32[?, 64] from pixels
        It gives:
          probabilities vector

        """),
    Case(
      arguments: ["--schema", "id bigint, pixels arr"],
      complaint:
        "error: --schema: the type 'id bigint, pixels arr' is not understood: expected a Spark SQL type at character 19, found 'a'\n",
      status: 64),
    Case(
      arguments: ["--schema", "{\"type\":\"struct\"}", "--map", "pixels=p"],
      complaint:
        "error: [INVALID_INPUT] digits.onnx: the table has no columns, which the model's input pixels: float32[?, 64] needs\n",
      status: 1),
    Case(
      arguments: ["--schema", "pixels array<float>", "--json"],
      complaint: "error: --json needs a folder for what executors need: --files FOLDER",
      status: 64),
    Case(
      arguments: [
        "--schema", "pixels array<float>", "--json", "--files", "plans", "--spark-version", "3.5.1",
      ],
      complaint: "error: --spark-version is 3.5.1, and functions run on Spark 4.0 and later",
      status: 64),
  ]

  @Test("the plan is told, or what is wrong with it", arguments: cases.indices)
  func told(index: Int) async throws {
    let command = try Command()
    defer { command.remove() }
    let expected = Self.cases[index]
    let outcome = try await command.run(["plan", "digits.onnx"] + expected.arguments)
    #expect(outcome.status == expected.status, "\(outcome.complaint)")
    #expect(outcome.output == expected.output)
    let complaint =
      expected.complaint.hasSuffix("\n")
      ? outcome.complaint : String(outcome.complaint.prefix { $0 != "\n" })
    #expect(complaint == expected.complaint)
  }

  /// The parts of a plan that a session of another process needs.
  private struct Plan: Decodable {
    struct File: Decodable {
      var path: String
      var folder: String?
    }
    struct Setting: Decodable, Equatable {
      var name: String
      var value: String
      var replaces: String?
    }
    struct Vector: Decodable, Equatable {
      var column: String
      var array: String
    }
    struct Function: Decodable {
      var name: String
      var evaluationType: Int
      var pythonVersion: String
      var isDeterministic: Bool
      var command: Data
      var returnType: String
      var arguments: [String]
    }

    struct Shim: Decodable {
      struct Call: Decodable {
        struct Specification: Decodable {
          var table: Bool
          var passing: Int?
          var evaluation: Int
          var columns: [Int]
          var settings: [String: String]?
          var program: String
        }
        var evaluationType: Int
        var returnType: String
        var specification: Specification
      }
      var expression: String
      var names: [String: String]
      var settings: [String]
      var probe: Call
      var function: Call?
      var refusal: String?
    }

    var format: Int
    var worker: String
    var workerSetting: String
    var files: [File]
    var settings: [Setting]
    var vectors: [Vector]
    var function: Function
    var probe: Function
    var shim: Shim
    var metadata: String
    var structure: String?
    var columns: [String]
    var omitted: [String]
  }

  @Test("a plan has what another program's session needs", arguments: [true, false])
  func json(isNamedByOption: Bool) async throws {
    let command = try Command()
    defer { command.remove() }
    let schema =
      #"{"type":"struct","fields":[{"name":"v","type":{"type":"udt","#
      + #""class":"org.apache.spark.ml.linalg.VectorUDT"}},{"name":"q","type":"quaternion"}]}"#
    let arguments = [
      "plan", "digits.onnx", "--schema", schema, "--map", "pixels=v", "--output-map",
      "probabilities=p", "--json", "--files", "plans", "--spark-version", "4.1.1",
    ]
    // The operator's program is on the executors: nothing of this one is packed.
    let installed = ["NEEDLETAIL_WORKER": isNamedByOption ? "/opt/another" : "/opt/needletail"]
    let option = ["--worker-executable", "installed:/opt/needletail"]
    let outcome = try await command.run(arguments + (isNamedByOption ? option : []), installed)
    #expect(outcome.status == 0 && outcome.complaint == "", "\(outcome.complaint)")
    let plan = try JSONDecoder().decode(Plan.self, from: Data(outcome.output.utf8))
    #expect(plan.format == 2 && plan.structure == nil && plan.omitted == [])
    #expect(plan.worker == "/opt/needletail")
    #expect(plan.workerSetting == "spark.sql.execution.pyspark.python")
    #expect(plan.vectors == [Plan.Vector(column: "v", array: "v as array")])
    #expect(plan.columns == ["p"])
    #expect(
      plan.settings == [
        Plan.Setting(
          name: "spark.sql.execution.arrow.maxBytesPerBatch", value: "16777216b",
          replaces: "67108864b")
      ])
    #expect(plan.function.name == "needletail.predict" && plan.function.evaluationType == 204)
    #expect(plan.function.pythonVersion == "native/4.1" && !plan.function.isDeterministic)
    #expect(plan.function.command.starts(with: Data("NDLT".utf8)))
    #expect(plan.function.arguments == ["`v as array`"])
    #expect(
      plan.function.returnType.contains(
        #""name":"p","type":{"type":"array","elementType":"float""#),
      "\(plan.function.returnType)")

    let model = try Data(contentsOf: command.folder.appending(path: "digits.onnx"))
    #expect(plan.files.map(\.folder) == [nil])
    let sent = try #require(plan.files.first).path
    #expect(sent.hasSuffix("-digits.onnx"))
    #expect(try Data(contentsOf: command.folder.appending(path: sent)) == model)
    // The worker looks for the file under the name that is sent.
    let bytes = String(decoding: plan.function.command, as: UTF8.self)
    #expect(bytes.contains("needletail.predict"))
    #expect(plan.probe.name == "needletail.echo" && plan.probe.evaluationType == 207)
    #expect(plan.probe.arguments == ["id"] && plan.probe.command.starts(with: Data("NDLT".utf8)))
    #expect(
      plan.metadata.hasPrefix(#"{"needletail":{"model":"digits.onnx","format":"onnx","#),
      "\(plan.metadata)")
    #expect(
      plan.metadata.contains(#""prediction":{"map pixels":"v","output-map probabilities":"p"}"#),
      "\(plan.metadata)")
  }

  @Test(
    "a plan has the calls through Spark's own Python, and on 4.0 columns pass by",
    arguments: [
      ("4.1", "i int", 251, nil, nil), ("4.0", "i int", 207, 2, nil),
      ("4.1", "i interval year to month", 251, nil, nil),
      ("4.0", "i interval year to month", 0, nil, "gives 'i', values of"),
    ] as [(String, String, Int, Int?, String?)])
  func shim(
    version: String, column: String, evaluationType: Int, passing: Int?, refusal: String?
  ) async throws {
    let command = try Command()
    defer { command.remove() }
    let outcome = try await command.run(
      [
        "plan", "digits.onnx", "--schema", "\(column), pixels array<float>", "--json", "--files",
        "plans", "--spark-version", version,
      ], ["NEEDLETAIL_WORKER": "/opt/needletail"])
    let shim = try JSONDecoder().decode(Plan.self, from: Data(outcome.output.utf8)).shim
    #expect(shim.expression.contains("make(spec, command, kind)"))
    #expect(shim.names["source"]?.contains("def make(") == true)
    #expect(shim.settings.contains("spark.sql.session.timeZone"))
    let probe = shim.probe.specification
    #expect(shim.probe.evaluationType == 207 && probe.table && probe.passing == nil)
    #expect(shim.function?.evaluationType ?? 0 == evaluationType)
    #expect(shim.function?.specification.passing == passing)
    if let specification = shim.function?.specification {
      #expect(!specification.table && specification.evaluation == 204)
      #expect(specification.columns == [0] && specification.settings == nil)
      #expect(specification.program == "/opt/needletail")
    }
    #expect((shim.refusal == nil) == (refusal == nil))
    #expect(shim.refusal?.contains(refusal ?? "") ?? true, "\(shim.refusal ?? "")")
  }
}
