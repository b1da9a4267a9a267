import NeedletailTesting
import SparkConnectProtocol
import SwiftProtobuf
import Testing

@testable import SparkConnect

/// The messages that calls become, which are those that PySpark 4.3 sends for its calls of the same names
/// (but for what it says of a column being one of metadata).
struct PySparkPlanTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// The JSON of the message, with T for the table and A, B, C for its columns.
    var json: String
    var build: @Sendable (DataFrame) throws -> DataFrame

    init(
      _ name: String, _ json: String, _ build: @escaping @Sendable (DataFrame) throws -> DataFrame
    ) {
      testDescription = name
      self.json = json
      self.build = build
    }
  }

  private static let cases: [Case] = [
    Case(
      "window",
      #"""
      {"project":{"input":T,"expressions":[{"window":{"windowFunction":{\#
      "unresolvedFunction":{"functionName":"sum","arguments":[B]}},\#
      "partitionSpec":[A],"orderSpec":[{"child":B,\#
      "direction":"SORT_DIRECTION_DESCENDING",\#
      "nullOrdering":"SORT_NULLS_LAST"}]}}]}}
      """#
    ) { $0.select(sum("b").over(Window.partitionBy("a").orderBy(col("b").desc))) },
    Case(
      "window rows",
      #"""
      {"project":{"input":T,"expressions":[{"window":{"windowFunction":{\#
      "unresolvedFunction":{"functionName":"sum","arguments":[B]}},\#
      "partitionSpec":[A],"orderSpec":[{"child":B,\#
      "direction":"SORT_DIRECTION_DESCENDING","nullOrdering":"SORT_NULLS_LAST"}],\#
      "frameSpec":{"frameType":"FRAME_TYPE_ROW","lower":{"value":{"literal":{\#
      "integer":-2}}},"upper":{"currentRow":true}}}}]}}
      """#
    ) {
      $0.select(
        sum("b").over(
          Window.partitionBy("a").orderBy(col("b").desc).rowsBetween(-2, Window.currentRow)))
    },
    Case(
      "window unbounded",
      #"""
      {"project":{"input":T,"expressions":[{"window":{"windowFunction":{\#
      "unresolvedFunction":{"functionName":"sum","arguments":[B]}},\#
      "partitionSpec":[A],"frameSpec":{"frameType":"FRAME_TYPE_ROW","lower":{\#
      "unbounded":true},"upper":{"unbounded":true}}}}]}}
      """#
    ) {
      $0.select(
        sum("b").over(
          Window.partitionBy("a").rowsBetween(
            Window.unboundedPreceding, Window.unboundedFollowing)))
    },
    Case(
      "window range",
      #"""
      {"project":{"input":T,"expressions":[{"window":{"windowFunction":{\#
      "unresolvedFunction":{"functionName":"sum","arguments":[B]}},"orderSpec":[{\#
      "child":B,"direction":"SORT_DIRECTION_ASCENDING",\#
      "nullOrdering":"SORT_NULLS_FIRST"}],"frameSpec":{\#
      "frameType":"FRAME_TYPE_RANGE","lower":{"value":{"literal":{"long":"-10"}}},\#
      "upper":{"value":{"literal":{"long":"10"}}}}}}]}}
      """#
    ) { $0.select(sum("b").over(Window.orderBy("b").rangeBetween(-10, 10))) },
    Case(
      "pivot",
      #"""
      {"aggregate":{"input":T,"groupType":"GROUP_TYPE_PIVOT",\#
      "groupingExpressions":[A],"aggregateExpressions":[{"unresolvedFunction":{\#
      "functionName":"max","arguments":[C]}}],"pivot":{"col":B,"values":[{\#
      "string":"x"},{"string":"y"}]}}}
      """#
    ) { $0.groupBy("a").pivot("b", ["x", "y"]).agg(max("c")) },
    Case(
      "rollup",
      #"""
      {"aggregate":{"input":T,"groupType":"GROUP_TYPE_ROLLUP",\#
      "groupingExpressions":[A,B],"aggregateExpressions":[{"unresolvedFunction":{\#
      "functionName":"max","arguments":[C]}}]}}
      """#
    ) { $0.rollup("a", "b").agg(max("c")) },
    Case(
      "cube",
      #"""
      {"aggregate":{"input":T,"groupType":"GROUP_TYPE_CUBE",\#
      "groupingExpressions":[A],"aggregateExpressions":[{"unresolvedFunction":{\#
      "functionName":"max","arguments":[C]}}]}}
      """#
    ) { $0.cube("a").agg(max("c")) },
    Case(
      "hint",
      #"{"hint":{"input":T,"name":"broadcast"}}"#
    ) { $0.hint("broadcast") },
    Case(
      "hint params",
      #"""
      {"hint":{"input":T,"name":"repartition","parameters":[{"literal":{\#
      "integer":4}},{"literal":{"string":"a"}}]}}
      """#
    ) { $0.hint("repartition", 4, "a") },
    Case(
      "na.drop",
      #"{"dropNa":{"input":T}}"#
    ) { $0.na.drop() },
    Case(
      "na.drop all",
      #"{"dropNa":{"input":T,"cols":["a"],"minNonNulls":1}}"#
    ) { $0.na.drop(.withAll, in: "a") },
    Case(
      "na.drop thresh",
      #"{"dropNa":{"input":T,"cols":["a","b"],"minNonNulls":2}}"#
    ) { $0.na.drop(fewerThan: 2, in: "a", "b") },
    Case(
      "na.fill",
      #"{"fillNa":{"input":T,"cols":["a"],"values":[{"long":"0"}]}}"#
    ) { $0.na.fill(0, "a") },
    Case(
      "na.fill dict",
      #"{"fillNa":{"input":T,"cols":["a","b"],"values":[{"long":"1"},{"string":"x"}]}}"#
    ) { $0.na.fill(["a": 1, "b": "x"]) },
    Case(
      "na.replace",
      #"""
      {"replace":{"input":T,"cols":["a"],"replacements":[{"oldValue":{"double":1.0},\#
      "newValue":{"double":2.0}}]}}
      """#
    ) { $0.na.replace(1, with: 2, in: "a") },
    Case(
      "na.replace map",
      #"""
      {"replace":{"input":T,"cols":["a"],"replacements":[{"oldValue":{"string":"x"},\#
      "newValue":{"string":"y"}},{"oldValue":{"string":"z"},"newValue":{"null":{\#
      "null":{}}}}]}}
      """#
    ) { $0.na.replace([("x", with: "y"), ("z", with: nil)], in: "a") },
    Case(
      "stat.freqItems",
      #"{"freqItems":{"input":T,"cols":["a","b"],"support":0.2}}"#
    ) { $0.stat.freqItems(["a", "b"], support: 0.2) },
    Case(
      "stat.sampleBy",
      #"""
      {"sampleBy":{"input":T,"col":A,"fractions":[{"stratum":{"integer":0},\#
      "fraction":0.1},{"stratum":{"integer":1},"fraction":0.5}],"seed":"3"}}
      """#
    ) { $0.stat.sampleBy("a", [0: 0.1, 1: 0.5], seed: 3) },
    Case(
      "stat.crosstab",
      #"{"crosstab":{"input":T,"col1":"a","col2":"b"}}"#
    ) { $0.stat.crosstab("a", "b") },
    Case(
      "observe",
      #"""
      {"collectMetrics":{"input":T,"name":"m","metrics":[{"alias":{"expr":{\#
      "unresolvedFunction":{"functionName":"count","arguments":[{"literal":{\#
      "integer":1}}]}},"name":["rows"]}},{"alias":{"expr":{"unresolvedFunction":{\#
      "functionName":"max","arguments":[A]}},"name":["top"]}}]}}
      """#
    ) { $0.observe(Observation("m"), count().as("rows"), max("a").as("top")) },
    Case(
      "unpivot",
      #"""
      {"unpivot":{"input":T,"ids":[A],"values":{"values":[B,C]},\#
      "variableColumnName":"name","valueColumnName":"value"}}
      """#
    ) { $0.unpivot(["a"], ["b", "c"], variable: "name", value: "value") },
    Case(
      "unpivot all",
      #"""
      {"unpivot":{"input":T,"ids":[A],"variableColumnName":"name",\#
      "valueColumnName":"value"}}
      """#
    ) { $0.unpivot(["a"], variable: "name", value: "value") },
    Case(
      "sampleReplace",
      #"{"sample":{"input":T,"upperBound":0.5,"withReplacement":true,"seed":"3"}}"#
    ) { $0.sample(0.5, withReplacement: true, seed: 3) },
    Case(
      "randomSplit",
      #"""
      {"sample":{"input":T,"lowerBound":0.25,"upperBound":1.0,"withReplacement":false,\#
      "seed":"5","deterministicOrder":true}}
      """#
    ) { $0.randomSplit([1, 3], seed: 5)[1] },
    Case(
      "withWatermark",
      #"""
      {"withWatermark":{"input":T,"eventTime":"time","delayThreshold":"10 minutes"}}
      """#
    ) { $0.withWatermark("time", "10 minutes") },
    Case(
      "readStream",
      #"""
      {"read":{"dataSource":{"format":"parquet","schema":"id bigint",\#
      "options":{"maxFilesPerTrigger":"1"},"paths":["in"]},"isStreaming":true}}
      """#
    ) {
      $0.session.readStream.schema("id bigint").option("maxFilesPerTrigger", 1).parquet("in")
    },
    Case(
      "readStream rate",
      #"""
      {"read":{"dataSource":{"format":"rate","options":{"rowsPerSecond":"5"}},"isStreaming":true}}
      """#
    ) { $0.session.readStream.format("rate").option("rowsPerSecond", 5).load() },
    Case(
      "readStream table",
      #"""
      {"read":{"namedTable":{"unparsedIdentifier":"t","options":{"a":"b"}},"isStreaming":true}}
      """#
    ) { $0.session.readStream.options(["a": "b"]).table("t") },
    Case(
      "unionByName",
      #"""
      {"setOp":{"leftInput":T,"rightInput":T,"setOpType":"SET_OP_TYPE_UNION",\#
      "isAll":true,"byName":true,"allowMissingColumns":true}}
      """#
    ) { $0.unionByName($0, allowMissingColumns: true) },
    Case(
      "intersectAll",
      #"""
      {"setOp":{"leftInput":T,"rightInput":T,"setOpType":"SET_OP_TYPE_INTERSECT",\#
      "isAll":true,"byName":false,"allowMissingColumns":false}}
      """#
    ) { $0.intersectAll($0) },
    Case(
      "exceptAll",
      #"""
      {"setOp":{"leftInput":T,"rightInput":T,"setOpType":"SET_OP_TYPE_EXCEPT",\#
      "isAll":true,"byName":false,"allowMissingColumns":false}}
      """#
    ) { $0.exceptAll($0) },
  ]

  @Test(
    "calls of PySpark's names send its messages",
    arguments: cases)
  func messages(expected: Case) async throws {
    var wanted = expected.json.replacing(
      "T,", with: #"{"read":{"namedTable":{"unparsedIdentifier":"t"}}},"#
    ).replacing("T}", with: #"{"read":{"namedTable":{"unparsedIdentifier":"t"}}}}"#)
    for name in ["a", "b", "c"] {
      let column = #"{"unresolvedAttribute":{"unparsedIdentifier":"\#(name)"}}"#
      for (before, after) in [
        ("[", "]"), ("[", ","), (",", "]"), (",", ","), (":", ","), (":", "}"),
      ] {
        let place = before + name.uppercased() + after
        wanted = wanted.replacing(place, with: before + column + after)
      }
    }
    let sent = try await withSession { session, _ in
      var relation = try expected.build(session.table("t")).plan().root
      relation.forgetPlanIDs()
      return relation
    }
    #expect(sent == (try Spark_Connect_Relation(jsonString: wanted)))
  }

  @Test("views go to the session or to all of the server")
  func views() async throws {
    try await withSession { session, server in
      let table = session.table("t")
      try await table.createTempView("a")
      try await table.createOrReplaceTempView("b")
      try await table.createGlobalTempView("c")
      try await table.createOrReplaceGlobalTempView("d")
      let views = server.log.executions.map(\.plan.command.createDataframeView)
      #expect(views.map(\.name) == ["a", "b", "c", "d"])
      #expect(views.map(\.isGlobal) == [false, false, true, true])
      #expect(views.map(\.replace) == [false, true, false, true])
    }
  }

  @Test("frames of rows count no further than Spark")
  func farFrames() async {
    let column = sum("b").over(Window.orderBy("a").rowsBetween(-1 << 40, 0))
    let error = await sparkError { _ = try column.expression((4, 3)) }
    #expect(error.kind == .invalidArgument && error.message.contains("unboundedPreceding"))
  }

  @Test(
    "frames whose end lies before their beginning are refused",
    arguments: [
      (Window.unboundedFollowing, 0), (0, Window.unboundedPreceding), (3, 2),
      (Window.unboundedFollowing, Window.unboundedPreceding),
    ])
  func turnedFrames(_ start: Int, _ end: Int) async {
    let order = Window.orderBy("a")
    for window in [order.rowsBetween(start, end), order.rangeBetween(start, end)] {
      let column = sum("b").over(window)
      let error = await sparkError { _ = try column.expression((4, 3)) }
      #expect(error.kind == .invalidArgument && error.message.contains("earlier bound first"))
    }
  }

  @Test("two observations of one name are told apart by being refused")
  func observations() async throws {
    try await withSession { session, _ in
      let first = Observation("seen")
      let table = session.table("t")
      _ = try table.observe(first, count().as("rows")).plan()
      // The same one may measure another query.
      _ = try table.limit(3).observe(first, count().as("rows")).plan()
      let second = table.observe(Observation("seen"), count().as("rows"))
      let error = await sparkError { _ = try second.plan() }
      #expect(error.message.contains("called 'seen'"))
      #expect(first.row == nil)
    }
    try await withSession { session, _ in
      // Nobody has the first one any more.
      _ = try session.table("t").observe(Observation("seen"), count().as("rows")).plan()
      _ = try session.table("t").observe(Observation("seen"), count().as("rows")).plan()
    }
  }

  @Test("pivots and replacements take plain values only, and pivots plain groups")
  func plainValues() async throws {
    try await withSession { session, server in
      let table = session.table("t")
      for wrong in [
        table.groupBy("a").pivot("b", [col("c") + 1]).count(),
        table.na.replace(col("a"), with: 1), table.na.fill(["a": col("b")]),
        // What PySpark refuses, too: another result than that of the words would come.
        table.rollup("a").pivot("b", ["x"]).count(), table.cube("a").pivot("b").agg(max("c")),
        table.groupBy("a").pivot("b").pivot("c").count(), table.groupBy("a").max(),
        // Doubles have no such number.
        table.na.replace(9_007_199_254_740_993, with: 1, in: "a"),
      ] {
        let error = await sparkError { _ = try await wrong.collect() }
        #expect(error.kind == .invalidArgument)
      }
      #expect(server.log.executions.isEmpty)
    }
  }

  @Test("a clone has a session of its own on the server, from Spark 4.1 on")
  func clones() async throws {
    try await withSession(on: FakeConnectServer(version: "4.1.0")) { session, _ in
      let clone = try await session.cloneSession()
      #expect(clone.id != session.id)
      #expect(clone.version == session.version)
      await clone.stop()
    }
    try await withSession(on: FakeConnectServer(version: "4.0.1")) { session, _ in
      let error = await sparkError { _ = try await session.cloneSession() }
      #expect(error.message.contains("4.1"))
    }
  }

  @Test("a registered function is sent without the arguments that it will have")
  func registration() async throws {
    let function = InlineFunction(
      name: "score", returnType: .float, evaluationType: 204, isDeterministic: false,
      command: { _ in Array("cmd".utf8) },
      check: { _ in throw SparkError(.invalidArgument, "checked without arguments") })
    try await withSession { session, server in
      session.prepareInlineCalls { _, calls in
        for call in calls { try call.function.check([]) }
      }
      try await session.registerFunction(function, argumentCount: 2)
      let sent = try #require(server.log.executions.first).plan.command.registerFunction
      #expect(sent.functionName == "score" && sent.arguments.isEmpty && !sent.deterministic)
      // A form of the call that depends on the number of arguments learns it.
      session.functionForm = FunctionForm(settings: []) { function, _ in
        function.command = Array("\(function.argumentCount) arguments".utf8)
        function.takesPlaceholder = true
      }
      try await session.registerFunction(function, argumentCount: 2)
      let formed = try #require(server.log.executions.last).plan.command.registerFunction
      #expect(formed.arguments.isEmpty)
      #expect(String(decoding: formed.pythonUdf.command, as: UTF8.self) == "2 arguments")
    }
  }
}

extension Spark_Connect_Relation {
  /// Takes away the numbers of all tables that it is made of.
  fileprivate mutating func forgetPlanIDs() {
    clearCommon()
    if case .setOp = relType {
      setOp.leftInput.forgetPlanIDs()
      setOp.rightInput.forgetPlanIDs()
    } else if case .hint = relType {
      hint.input.forgetPlanIDs()
    } else if case .crosstab = relType {
      crosstab.input.forgetPlanIDs()
    } else if case .freqItems = relType {
      freqItems.input.forgetPlanIDs()
    } else if var input = onlyInput {
      input.forgetPlanIDs()
      onlyInput = input
    }
  }
}
