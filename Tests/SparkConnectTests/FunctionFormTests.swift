import Foundation
import NeedletailTesting
import SparkConnectProtocol
import SparkTypes
import SwiftProtobuf
import Synchronization
import Testing

@testable import SparkConnect

/// Calls of functions in the form that a server's executors need.
struct FunctionFormTests {
  private static func function(_ name: String) -> InlineFunction {
    InlineFunction(
      name: name, returnType: .float, evaluationType: 204, command: { _ in Array(name.utf8) },
      check: { _ in })
  }

  private static func call(_ name: String, _ arguments: [Column] = ["x"]) -> Column {
    Column(function(name), arguments)
  }

  /// Notes what it sees in what is sent.
  private static let form = FunctionForm(settings: ["spark.sql.session.timeZone"]) {
    function, settings in
    function.command = Array(
      "\(function.name) \(function.argumentCount) \(function.returnType.ddl) \(settings.count)".utf8
    )
    function.evaluationType = 251
    function.pythonVersion = "3.12"
    function.takesPlaceholder = true
  }

  private static func calls(_ relation: Spark_Connect_Relation) throws -> [SparkSession.Call] {
    var found: [SparkSession.Call] = []
    var plan = Spark_Connect_Plan.with { $0.root = relation }
    plan.mapCalls { call in
      found.append(call)
      return call
    }
    return found
  }

  private static let tables: [(String, Int, @Sendable (DataFrame) -> DataFrame)] = [
    ("a column", 1, { $0.withColumn("p", call("f")) }),
    ("within another call", 2, { $0.select(call("f", [call("g")])) }),
    ("within an expression", 1, { $0.select((call("f") + 1).as("p")) }),
    ("a condition", 1, { $0.filter(call("f") > 0.5) }),
    ("an order", 1, { $0.sort(call("f")) }),
    ("below other tables", 1, { $0.withColumn("p", call("f")).limit(3).select("p") }),
    ("in two tables", 2, { $0.select(call("f")).union($0.select(call("g"))) }),
    ("whole batches", 1, { $0.mapPartitions(function("f"), columns: ["x"]) }),
    ("none", 0, { $0.select("x") }),
  ]

  @Test("every call is sent in the form, wherever it stands", arguments: tables)
  func formed(
    _ place: String, _ count: Int, _ build: @Sendable (DataFrame) -> DataFrame
  ) async throws {
    try await withSession { session, server in
      session.prepareInlineCalls { _, _ in }
      let table = build(session.table("t"))
      let plain = try table.plan()
      #expect(try await session.formed(plain) == plain)
      session.functionForm = Self.form
      let calls = try Self.calls(try await session.formed(plain).root)
      #expect(calls.count == count)
      for call in calls {
        #expect(call.pythonUdf.evalType == 251 && call.pythonUdf.pythonVer == "3.12")
        let arguments = call.arguments.count
        let words = String(decoding: call.pythonUdf.command, as: UTF8.self)
        #expect(words.hasPrefix("\(call.functionName) \(arguments) float "))
      }
    }
  }

  /// A server's form for functions over whole batches alone.
  private static let carrying = FunctionForm(settings: [], carriesColumns: true) { function, _ in
    if function.passing == nil, function.evaluationType != 207 {
      throw SparkError(.invalidArgument, "\(function.name) stays in its place")
    }
    function.command = Array("\(function.name) \(function.passing?.names ?? [])".utf8)
    function.evaluationType = 207
    function.pythonVersion = "3.12"
    function.takesPlaceholder = true
  }

  /// The kinds of tables from the last to the first, where each is made of one.
  private static func kinds(_ relation: Spark_Connect_Relation) -> [String] {
    let name = relation.relType.map { "\($0)".prefix { $0 != "(" } } ?? "none"
    return [String(name)] + (relation.onlyInput.map(kinds) ?? [])
  }

  @Test(
    "where a server takes functions over whole batches alone, the other columns pass by them",
    arguments: [
      ("a column", ["drop", "withColumns", "mapPartitions", "project", "read"], ["x", "y"]),
      (
        "within another call",
        ["toDf", "project"]
          + Array(repeating: ["mapPartitions", "project"], count: 2)
          .flatMap { $0 } + ["read"], ["x", "y"]
      ),
      (
        "within an expression", ["toDf", "project", "mapPartitions", "project", "read"], ["x", "y"]
      ),
      ("a condition", ["drop", "filter", "mapPartitions", "project", "read"], ["x", "y"]),
      ("an order", ["drop", "sort", "mapPartitions", "project", "read"], ["x", "y"]),
    ] as [(String, [String], [String])])
  func carried(_ place: String, _ wanted: [String], _ passing: [String]) async throws {
    try await withSession { session, server in
      server.state.withLock {
        $0.schema = { _ in DataType.struct(["x": .float, "y": .string]).proto }
      }
      session.prepareInlineCalls { _, _ in }
      let build = try #require(Self.tables.first { $0.0 == place }).2
      let plain = try build(session.table("t")).plan()
      session.functionForm = Self.carrying
      let sent = try await session.formed(plain)
      #expect(Self.kinds(sent.root) == wanted)
      // The same again, by which Spark knows a table that it keeps.
      #expect(try await session.formed(plain) == sent)
      for call in try Self.calls(sent.root) {
        #expect(call.pythonUdf.evalType == 207 && call.pythonUdf.pythonVer == "3.12")
      }
      let first = try #require(try Self.calls(sent.root).last)
      let words = String(decoding: first.pythonUdf.command, as: UTF8.self)
      #expect(words.hasSuffix(" \(passing)"))
      let rows = DataType(first.pythonUdf.outputType)
      #expect(rows == .struct(["x": .float, "y": .string, "needletail_carried_0": .float]))
    }
  }

  @Test("stars are the columns that were there")
  func stars() async throws {
    try await withSession { session, server in
      server.state.withLock {
        $0.schema = { _ in DataType.struct(["x": .float, "a`b.c": .string]).proto }
      }
      session.functionForm = Self.carrying
      let table = session.table("t").select("*", Self.call("f"))
      let sent = try await session.formed(try table.plan()).root.toDf.input.project.expressions
      let names = sent.map(\.unresolvedAttribute.unparsedIdentifier)
      #expect(names == ["`x`", "`a``b.c`", "`needletail_carried_0`"])
    }
  }

  @Test("columns of one name pass under names of their own, and have theirs again behind it")
  func twins() async throws {
    try await withSession { session, server in
      server.state.withLock {
        $0.schema = { _ in
          DataType.struct([
            StructField("x", .float), StructField("y", .string), StructField("X", .float),
          ]).proto
        }
      }
      session.functionForm = Self.carrying
      let table = session.table("t").withColumn("p", Self.call("f", ["y"]))
      let sent = try await session.formed(try table.plan()).root
      let kinds = ["toDf", "drop", "withColumns", "mapPartitions", "project", "toDf", "read"]
      #expect(Self.kinds(sent) == kinds)
      #expect(sent.toDf.columnNames == ["x", "y", "X"])
      let rows = sent.toDf.input.drop.input.withColumns.input.mapPartitions
      let passing = ["needletail_passing_0", "y", "needletail_passing_2"]
      #expect(rows.input.project.input.toDf.columnNames == passing)
      guard case .struct(let given) = DataType(rows.func.pythonUdf.outputType) else {
        Issue.record("\(rows.func)")
        return
      }
      #expect(given.names == passing + ["needletail_carried_0"])
      let replacing = session.table("t").withColumn("x", Self.call("f", ["y"]))
      let error = await sparkError { _ = try await session.formed(try replacing.plan()) }
      #expect(error.message.contains("'f' is called where column 'x' is replaced"))
    }
  }

  @Test("stars within SQL are the columns that were there; other stars stay")
  func starsInSQL() {
    for (sql, wanted) in [
      ("struct(*)", "struct(`x`, `y`)"), ("to_json(struct( * ))", "to_json(struct( `x`, `y` ))"),
      ("struct(1, *)", "struct(1, `x`, `y`)"), ("count(*) * 2", "count(*) * 2"),
      ("count(ALL *)", "count(ALL *)"),
      ("count(DISTINCT *)", "count(DISTINCT `x`, `y`)"), ("a * 2", "a * 2"),
      ("(a) * 2", "(a) * 2"), ("struct(s.*)", "struct(s.*)"),
      ("'(*' || hash(*)", "'(*' || hash(`x`, `y`)"),
      ("'\\'(*'", "'\\'(*'"), ("`(*`", "`(*`"), ("f(/* (* */ 1)", "f(/* (* */ 1)"),
      ("(/* a */ *", "(/* a */ `x`, `y`"), ("-- (*\n1", "-- (*\n1"), ("'open (*", "'open (*"),
      ("/*", "/*"),
    ] {
      #expect(SQLStars.expanded(sql, ["`x`", "`y`"]) == wanted)
    }
  }

  @Test(
    "a call is carried once, also with stars and with what does not equal itself",
    .timeLimit(.minutes(1)))
  func carriedOnce() async throws {
    try await withSession { session, server in
      server.state.withLock {
        $0.schema = { _ in DataType.struct(["x": .float, "y": .string]).proto }
      }
      session.prepareInlineCalls { _, _ in }
      session.functionForm = Self.carrying
      for arguments: [Column] in [[structure("*")], [lit(Double.nan)]] {
        let table = session.table("t").withColumn("p", Self.call("f", arguments))
        let sent = try await session.formed(try table.plan())
        #expect(
          Self.kinds(sent.root) == ["drop", "withColumns", "mapPartitions", "project", "read"])
      }
    }
  }

  @Test("a function without arguments is given a column to count the rows by")
  func placeholder() async throws {
    try await withSession { session, _ in
      session.functionForm = Self.form
      let table = session.table("t").select(Self.call("f", []))
      let call = try #require(try Self.calls(try await session.formed(try table.plan()).root).first)
      #expect(call.arguments.map(\.literal.integer) == [0])
    }
  }

  @Test("a query runs in the form that its preparation chose")
  func chosenLate() async throws {
    try await withSession { session, server in
      session.prepareInlineCalls { session, _ in session.functionForm = Self.form }
      _ = try? await session.table("t").select(Self.call("f")).collect()
      let sent = try #require(server.log.executions.last).plan.root
      #expect(try Self.calls(sent).map(\.pythonUdf.pythonVer) == ["3.12"])
    }
  }

  @Test("words of the program that Spark's own Python tells are told without Python's frames")
  func words() {
    let traceback = """
      Traceback (most recent call last):
        File "needletail_shim.py", line 168, in answers
      RuntimeError: Needletail worker: [MODEL_LOAD_FAILED] no file model.onnx
      (partition 0)
      """
    let error = SparkError(
      .server,
      "[PYTHON_EXCEPTION] An exception was thrown from the Python worker: \(traceback)\n\tat Java")
    #expect(
      error.workerMessage
        == "Needletail worker: [MODEL_LOAD_FAILED] no file model.onnx\n(partition 0)")
  }
}
