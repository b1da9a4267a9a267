import Foundation
import NeedletailTesting
import SparkConnectProtocol
import SparkTypes
import Testing

@testable import SparkConnect

/// Where predictions are computed, so that each row has one.
struct CallPlacementTests {
  private static func score(
    _ arguments: [Column] = ["x"], isDeterministic: Bool = false
  ) -> Column {
    Column(
      InlineFunction(
        name: "score", returnType: .struct(["a": .float, "b": .float]), evaluationType: 204,
        isDeterministic: isDeterministic, command: { _ in [1] }, check: { _ in }), arguments)
  }

  private func relation(
    _ build: (DataFrame) -> DataFrame
  ) async throws -> Spark_Connect_Relation {
    try await withSession { session, _ in
      session.prepareInlineCalls { _, _ in }
      return try build(session.table("t")).plan().root
    }
  }

  @Test("a call that stands once stays where it is")
  func once() async throws {
    let project = try await relation { $0.select("id", Self.score().as("p")) }.project
    #expect(
      project.expressions[1].alias.expr.commonInlineUserDefinedFunction.functionName == "score")
    let filter = try await relation { $0.filter(Self.score().getField("a") > 0.5) }.filter
    #expect(filter.input.read.namedTable.unparsedIdentifier == "t")
  }

  @Test("equal calls are one column of the table below, which goes away again")
  func equalCalls() async throws {
    let drop = try await relation {
      $0.select("*", Self.score().getField("a"), Self.score().getField("b").as("q"))
    }.drop
    let project = drop.input.project
    let below = project.input.withColumns
    #expect(below.aliases.count == 1)
    #expect(below.aliases[0].expr.commonInlineUserDefinedFunction.functionName == "score")
    let name = below.aliases[0].name[0]
    #expect(drop.columnNames == [name])
    #expect(below.input.read.namedTable.unparsedIdentifier == "t")
    // The column that had no name keeps the one that it would have had.
    #expect(project.expressions[1].alias.name == ["score(x).a"])
    for index in 1...2 {
      let part = project.expressions[index].alias.expr.unresolvedExtractValue
      #expect(part.child.unresolvedAttribute.unparsedIdentifier == "`\(name)`")
    }
    #expect(project.expressions[2].alias.name == ["q"])
  }

  @Test("calls with other arguments are other calls")
  func otherCalls() async throws {
    let project = try await relation { $0.select(Self.score(["x"]), Self.score(["y"])) }.project
    #expect(project.expressions.count == 2)
  }

  @Test("a deterministic function is left to Spark")
  func deterministic() async throws {
    let call = Self.score(isDeterministic: true)
    let project = try await relation { $0.select(call.getField("a"), call.getField("b")) }.project
    #expect(
      project.expressions[0].unresolvedExtractValue.child.commonInlineUserDefinedFunction
        .deterministic)
    let join = try await relation { $0.join($0, on: call.getField("a") > 0.5) }.join
    #expect(join.hasJoinCondition)
    let sums = try await relation { $0.agg(sum(call.getField("a"))) }.aggregate
    #expect(sums.input.read.namedTable.unparsedIdentifier == "t")
  }

  @Test("aggregates see columns computed before, keys the same ones")
  func aggregates() async throws {
    let half = (Self.score().getField("a") > 0.5).as("half")
    let aggregate = try await relation {
      $0.groupBy(half).agg(sum(Self.score().getField("a")), max(Self.score().getField("b")).as("m"))
    }.aggregate
    let below = aggregate.input.withColumns
    #expect(below.aliases.count == 1)
    let name = "`\(below.aliases[0].name[0])`"
    let key = aggregate.groupingExpressions[0].alias.expr.unresolvedFunction.arguments[0]
    #expect(key.unresolvedExtractValue.child.unresolvedAttribute.unparsedIdentifier == name)
    #expect(aggregate.aggregateExpressions[0].alias.name == ["sum(score(x).a)"])
    #expect(aggregate.aggregateExpressions[1].alias.name == ["m"])
  }

  @Test("a join's condition cannot predict, and says what to do")
  func joins() async throws {
    let error = await sparkError {
      _ = try await relation { $0.join($0, on: Self.score().getField("a") > 0.5) }
    }
    #expect(error.kind == .invalidArgument)
    #expect(error.message.contains("'score'") && error.message.contains("withColumn"))
  }

  @Test("generators keep the names that Spark gives their columns")
  func generators() async throws {
    let drop = try await relation { $0.select(explode(array(Self.score(), Self.score()))) }.drop
    #expect(drop.input.project.expressions[0].unresolvedFunction.functionName == "explode")
  }
}
