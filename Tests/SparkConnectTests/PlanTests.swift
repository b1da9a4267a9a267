import ArrowIPC
import Foundation
import NeedletailTesting
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization
import Testing

@testable import SparkConnect

/// The messages that transformations become.
struct PlanTests {
  private typealias Relation = Spark_Connect_Relation

  /// The message of what `build` makes of a table called `t`, without plan ids, as JSON.
  private func json(_ build: (DataFrame) throws -> DataFrame) async throws -> String {
    try await withSession { session, _ in
      let plan = try build(session.table("t")).plan()
      let text = try plan.root.jsonString()
      let ids = /"common":\{"planId":"\d+"\},?/
      return text.replacing(ids, with: "").replacing(",}", with: "}")
    }
  }

  private static let table = #"{"read":{"namedTable":{"unparsedIdentifier":"t"}}}"#
  private static func name(_ name: String) -> String {
    #"{"unresolvedAttribute":{"unparsedIdentifier":"\#(name)"}}"#
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var build: @Sendable (DataFrame) throws -> DataFrame
    var json: String

    init(
      _ name: String, _ json: String, _ build: @escaping @Sendable (DataFrame) throws -> DataFrame
    ) {
      testDescription = name
      self.build = build
      self.json = json
    }
  }

  @Test(
    "transformations",
    arguments: [
      Case("select", #"{"project":{"input":T,"expressions":[A,{"unresolvedStar":{}}]}}"#) {
        $0.select("a", "*")
      },
      Case(
        "filter",
        #"{"filter":{"input":T,"condition":{"unresolvedFunction":{"functionName":">","arguments":[A,{"literal":{"integer":3}}]}}}}"#
      ) { $0.filter(col("a") > 3) },
      Case("limit", #"{"limit":{"input":T,"limit":5}}"#) { $0.limit(5) },
      Case("drop", #"{"drop":{"input":T,"columnNames":["a"]}}"#) { $0.drop("a") },
      Case("distinct", #"{"deduplicate":{"input":T,"allColumnsAsKeys":true}}"#) { $0.distinct() },
      Case(
        "withColumn",
        #"{"withColumns":{"input":T,"aliases":[{"expr":{"cast":{"expr":A,"typeStr":"float"}},"name":["b"]}]}}"#
      ) { $0.withColumn("b", col("a").cast("float")) },
      Case(
        "orderBy",
        #"{"sort":{"input":T,"order":[{"child":A,"direction":"SORT_DIRECTION_DESCENDING","nullOrdering":"SORT_NULLS_LAST"}],"isGlobal":true}}"#
      ) { $0.orderBy(col("a").desc) },
      Case("repartition", #"{"repartition":{"input":T,"numPartitions":4,"shuffle":true}}"#) {
        $0.repartition(4)
      },
      Case("coalesce", #"{"repartition":{"input":T,"numPartitions":1,"shuffle":false}}"#) {
        $0.coalesce(1)
      },
      Case(
        "groupBy",
        #"{"aggregate":{"input":T,"groupType":"GROUP_TYPE_GROUPBY","groupingExpressions":[A],"aggregateExpressions":[{"unresolvedFunction":{"functionName":"max","arguments":[B]}}]}}"#
      ) { $0.groupBy("a").agg(max("b")) },
      Case(
        "join",
        #"{"join":{"left":T,"right":T,"joinType":"JOIN_TYPE_LEFT_ANTI","usingColumns":["a"]}}"#
      ) { $0.join($0, on: ["a"], .leftAnti) },
      Case(
        "union",
        #"{"setOp":{"leftInput":T,"rightInput":T,"setOpType":"SET_OP_TYPE_UNION","isAll":true,"byName":false,"allowMissingColumns":false}}"#
      ) { $0.union($0) },
      Case(
        "when",
        #"{"project":{"input":T,"expressions":[{"unresolvedFunction":{"functionName":"when","arguments":[A,{"literal":{"integer":1}},B,{"literal":{"integer":2}},{"literal":{"integer":3}}]}}]}}"#
      ) { $0.select(when("a", 1).when("b", 2).otherwise(3)) },
    ])
  func transformations(expected: Case) async throws {
    let json = try await json(expected.build)
    let wanted = expected.json.replacing("T,", with: Self.table + ",")
      .replacing("[A", with: "[" + Self.name("a")).replacing(":A", with: ":" + Self.name("a"))
      .replacing("[B", with: "[" + Self.name("b")).replacing(",B", with: "," + Self.name("b"))
    #expect(try Self.sorted(json) == Self.sorted(wanted))
  }

  /// JSON with its keys in order, and protobuf's defaults left out.
  private static func sorted(_ json: String) throws -> String {
    try Relation(jsonString: json).jsonString()
  }

  @Test("nulls are replaced by values that the server takes")
  func fillna() async throws {
    func literal(_ value: some ColumnConvertible) async throws -> Spark_Connect_Expression.Literal {
      try await withSession { session, _ in
        try session.table("t").fillna(value, "a").plan().root.fillNa.values[0]
      }
    }
    #expect(try await literal(0).literalType == .long(0))
    #expect(try await literal(Int32(-1)).literalType == .long(-1))
    #expect(try await literal(Int64.max).literalType == .long(.max))
    #expect(try await literal(Float(1.5)).literalType == .double(1.5))
    #expect(try await literal(0.25).literalType == .double(0.25))
    #expect(try await literal("x").literalType == .string("x"))
    #expect(try await literal(true).literalType == .boolean(true))
    let error = await sparkError { _ = try await literal(lit([UInt8(1)])) }
    #expect(error.message.contains("coalesce"))
  }

  @Test("conditions and names in words")
  func words() async throws {
    try await withSession { session, _ in
      let table = session.table("t")
      let filter = try table.where("id > 5").plan().root.filter
      #expect(filter.condition.expressionString.expression == "id > 5")
      let join = try table.join(table, on: "id").plan().root.join
      #expect(join.usingColumns == ["id"] && !join.hasJoinCondition)
    }
  }

  @Test("exact names, whatever is in them")
  func exactNames() throws {
    func identifier(_ column: Column) throws -> String {
      try column.expression((4, 3)).unresolvedAttribute.unparsedIdentifier
    }
    #expect(try identifier(column(named: "a.b")) == "`a.b`")
    #expect(try identifier(column(named: "odd`name")) == "`odd``name`")
    #expect(try identifier(column(named: "*")) == "`*`")
    #expect(try identifier(column(path: ["s", "a,b"])) == "`s`.`a,b`")
  }

  @Test("functions that only the planner for Spark Connect knows")
  func planners() throws {
    func function(_ column: Column) throws -> Spark_Connect_Expression.UnresolvedFunction {
      try column.expression((4, 3)).unresolvedFunction
    }
    for column in [vectorToArray("v"), callFunction("vector_to_array", "v")] {
      let message = try function(column)
      #expect(message.functionName == "vector_to_array")
      #expect(message.arguments[1].literal.string == "float64")
    }
    #expect(try function(vectorToArray("v", of: .float)).arguments[1].literal.string == "float32")
    #expect(try function(arrayToVector("a")).functionName == "array_to_vector")
    #expect(
      try function(unresolvedFunction("some_planner_function", "a", lit(1))).arguments.count == 2)
    let other = try callFunction("mine", "a").expression((4, 3))
    #expect(other.callFunction.functionName == "mine")
  }

  @Test("every relation has a plan id of its own")
  func planIDs() async throws {
    try await withSession { session, _ in
      let table = session.range(3)
      let joined = table.join(table.filter(col("id") > 1), on: ["id"])
      let join = joined.relation.join
      #expect(join.left.common.planID != join.right.common.planID)
      #expect(joined.relation.common.planID != join.left.common.planID)
      #expect(join.right.filter.input.common.planID == join.left.common.planID)
    }
  }

  @Test(
    "literals",
    arguments: [
      (lit(1), #"{"integer":1}"#),
      (lit(1 << 40), #"{"long":"1099511627776"}"#),
      (lit(Int64(1)), #"{"long":"1"}"#),
      (lit(1.5), #"{"double":1.5}"#),
      (lit(Float(1.5)), #"{"float":1.5}"#),
      (lit(true), #"{"boolean":true}"#),
      (lit("a"), #"{"string":"a"}"#),
      (lit([UInt8(1), 2]), #"{"binary":"AQI="}"#),
      (lit(Date(timeIntervalSince1970: 1.25)), #"{"timestamp":"1250000"}"#),
      (null(.long), #"{"null":{"long":{}}}"#),
      (
        lit([1.5, 2]),
        #"{"array":{"elementType":{"double":{}},"elements":[{"double":1.5},{"double":2}]}}"#
      ),
    ] as [(Column, String)])
  func literals(column: Column, json: String) throws {
    let message = try column.expression((4, 3))
    #expect(message.literal == (try Spark_Connect_Expression.Literal(jsonString: json)))
  }

  @Test(
    "a date that no timestamp holds is an error of the query",
    arguments: [1e13, -1e30, .infinity, .nan] as [Double])
  func hugeDates(seconds: Double) async {
    let column = lit(Date(timeIntervalSince1970: seconds))
    let error = await sparkError { _ = try column.expression((4, 3)) }
    #expect(error.kind == .invalidArgument)
    #expect(error.message.contains("\(seconds) seconds from 1970"))
  }

  @Test("columns describe themselves")
  func descriptions() {
    #expect("\(col("a").cast(.array(.float)))" == "CAST(a AS array<float>)")
    #expect("\(sqrt(col("a") + 1))" == "sqrt(+(a, 1))")
    #expect("\(col("a").as("b"))" == "b")
  }

  @Test("inline functions carry name, type, command and the server's version")
  func inlineFunctions() async throws {
    let function = InlineFunction(
      name: "score", returnType: .array(.float), evaluationType: 204, isDeterministic: false,
      command: { Array("cmd:\($0.joined(separator: "+"))".utf8) }, check: { _ in })
    let server = FakeConnectServer(version: "4.1.2")
    try await withSession(on: server) { session, _ in
      let prepared = Mutex<[String]>([])
      session.prepareInlineCalls { _, calls in
        prepared.withLock { $0 = calls.map { "\($0.function.name)\($0.arguments.map(\.label))" } }
      }
      let table = session.table("t").withColumn("s", Column(function, [col("a"), col("b")]))
      let message = try table.plan().root.withColumns.aliases[0].expr
        .commonInlineUserDefinedFunction
      #expect(message.functionName == "score")
      #expect(message.deterministic == false)
      #expect(message.arguments.map(\.unresolvedAttribute.unparsedIdentifier) == ["a", "b"])
      #expect(message.pythonUdf.outputType == DataType.array(.float).proto)
      #expect(message.pythonUdf.evalType == 204)
      #expect(message.pythonUdf.command == Data("cmd:a+b".utf8))
      #expect(message.pythonUdf.pythonVer == "native/4.1")

      // The function is prepared also where it stands deep in the plan.
      _ = try await table.filter(col("s").isNotNull).union(session.table("u")).collect()
      #expect(prepared.withLock { $0 } == [#"score["a", "b"]"#])

      let mapped = session.table("t").mapPartitions(function, isBarrier: true, profileID: 4)
      let map = try mapped.plan().root.mapPartitions
      #expect(map.isBarrier && map.profileID == 4)
      #expect(map.func.arguments.isEmpty)
    }
  }

  @Test("a function in a session without a program is refused before anything is sent")
  func unprepared() async throws {
    let function = InlineFunction(
      name: "score", returnType: .float, evaluationType: 204, command: { _ in [] },
      check: { _ in })
    try await withSession { session, server in
      let error = await sparkError {
        _ = try await session.range(1).select(Column(function, ["id"])).collect()
      }
      #expect(error.message.contains("'score'"))
      #expect(server.log.executions.isEmpty)
    }
  }

  @Test("what goes wrong in building a plan is told by the action")
  func failures() async throws {
    try await withSession { session, server in
      let table = session.table("t").fillna(col("a") + 1).limit(3)
      let error = await sparkError { _ = try await table.collect() }
      #expect(error.kind == .invalidArgument && error.message.contains("fillna"))
      #expect(server.log.executions.isEmpty)
    }
  }

  @Test("writes")
  func writes() async throws {
    try await withSession { session, server in
      let table = session.table("t")
      try await table.write.mode(.overwrite).partitionBy("a").option("header", true).csv("out")
      try await table.write.format("noop").mode(.append).save()
      try await table.write.mode(.ignore).saveAsTable("u")
      try await table.write.insertInto("u")
      let writes = server.log.executions.map(\.plan.command.writeOperation)
      #expect(writes.map(\.mode) == [.overwrite, .append, .ignore, .errorIfExists])
      #expect(writes[0].path == "out" && writes[0].source == "csv")
      #expect(writes[0].partitioningColumns == ["a"] && writes[0].options == ["header": "true"])
      #expect(writes[1].source == "noop" && writes[1].saveType == nil)
      #expect(writes[2].table.saveMethod == .saveAsTable)
      #expect(writes[3].table.saveMethod == .insertInto && writes[3].table.tableName == "u")
    }
  }

  @Test("small local tables travel in the plan, large ones once as an artifact")
  func localTables() async throws {
    try await withSession { session, server in
      let small = try await session.createDataFrame([
        ("id", .numbers([Int32(1), nil])), ("name", .strings(["a", nil])),
      ])
      let local = small.relation.localRelation
      #expect(local.schema == "id int, name string")
      let batches = try ArrowStreamReader(Array(local.data)).readAll()
      #expect(batches[0].columns.map { $0.value(at: 0) } == [.int(1), .string("a")])
      #expect(batches[0].columns.map { $0.value(at: 1) } == [.null, .null])

      let batch = try numbers(0..<200_000)
      let first = try await session.createDataFrame([batch])
      let second = try await session.createDataFrame([batch])
      #expect(first.relation.cachedLocalRelation.hash.count == 64)
      #expect(first.relation.cachedLocalRelation == second.relation.cachedLocalRelation)
      #expect(
        server.log.artifacts.map(\.name) == ["cache/\(first.relation.cachedLocalRelation.hash)"])
      let sent = try Spark_Connect_LocalRelation(serializedBytes: server.log.artifacts[0].bytes)
      #expect(sent.schema == "id bigint")
      #expect(try ArrowStreamReader(Array(sent.data)).readAll().map(\.rowCount) == [200_000])
    }
  }
}
