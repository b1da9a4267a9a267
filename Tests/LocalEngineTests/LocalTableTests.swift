import ArrowIPC
import FileTables
import Foundation
import ModelKinds
import Models
import ProgramFunctions
import SparkConnect
import SparkFunctions
import SparkTypes
import Tensors
import Testing

@testable import LocalEngine

/// Tables in memory: the words of a `DataFrame` without Spark.
@Suite(.timeLimit(.minutes(2)))
struct LocalTableTests {
  private struct Person: Codable, Equatable {
    var id: Int
    var name: String?
    var scores: [Double]
  }

  private static let people = [
    Person(id: 1, name: "Ann", scores: [1, 2.5]), Person(id: 2, name: nil, scores: []),
    Person(id: 3, name: "Zoë", scores: [1e10]),
  ]

  private static let sum = PredictBatchUDF("sum", returning: .double, batchSize: 2) { _ in
    { (a: Tensor<Double>, b: Tensor<Double>) -> Tensor<Double> in
      Tensor(zip(a.scalars, b.scalars).map { $0 + $1 })
    }
  }

  private static func pairs(_ count: Int) throws -> LocalTable {
    try LocalTable([
      ("a", .numbers((0..<count).map { Double($0) })),
      ("b", .numbers((0..<count).map { Double($0) * 10 })),
    ])
  }

  @Test("rows of values come back as they were")
  func values() async throws {
    let table = try LocalTable(rows: Self.people)
    #expect(table.schema.ddl == "id bigint, name string, scores array<double>")
    #expect(try await table.collect(as: Person.self) == Self.people)
    #expect(try await table.count() == 3)
    #expect(try await table.limit(2).count() == 2)
    #expect(try await table.limit(2).collect(as: Person.self) == Array(Self.people.prefix(2)))
    #expect(try await table.take(1).count == 1)
  }

  @Test("columns are selected, renamed, dropped and replaced by name, in whichever case")
  func columns() async throws {
    let table = try Self.pairs(2)
    #expect(try table.select("B", "a").schema.names == ["b", "a"])
    #expect(try table.select("*", col("a").as("again")).schema.names == ["a", "b", "again"])
    #expect(table.drop("A", "nothing").schema.names == ["b"])
    #expect(table.withColumnRenamed("a", "x").schema.names == ["x", "b"])
    #expect(table.withColumnRenamed("nothing", "x").schema.names == ["a", "b"])
    #expect(try table.toDF("p", "q").schema.names == ["p", "q"])
    let replaced = try table.withColumn("A", col("b"))
    #expect(replaced.schema.names == ["A", "b"])
    #expect(
      try await replaced.rows().map(\.values) == [
        [.float(0), .float(0)], [.float(10), .float(10)],
      ])
    let swapped = try table.toDF("b", "a")
    #expect(try await swapped.select("a").rows().map(\.values) == [[.float(0)], [.float(10)]])
  }

  @Test("fields of structs are columns, too")
  func fields() async throws {
    let table = try LocalTable([
      ("s", .structure([("x", .numbers([Int64(1), 2])), ("y.z", .strings(["a", nil]))]))
    ])
    let rows = try await table.select("s.x", "s.`y.z`").rows()
    #expect(rows.map(\.values) == [[.int(1), .string("a")], [.int(2), .null]])
    #expect(rows[0].schema.names == ["x", "y.z"])
  }

  @Test("functions of a program are computed as on a DataFrame")
  func functions() async throws {
    let table = try Self.pairs(5).withColumn("c", Self.sum("a", "b"))
    #expect(table.schema.ddl == "a double, b double, c double")
    #expect(
      try await table.select("c").rows().map { $0[0] } == [0, 11, 22, 33, 44].map { .float($0) })
    // Calls within calls, and names that queries make.
    let nested = try Self.pairs(2).select(Self.sum(Self.sum("a", "b"), "b"))
    #expect(nested.schema.names == ["sum(sum(a, b), b)"])
    #expect(try await nested.rows().map { $0[0] } == [.float(0), .float(21)])
  }

  @Test("a closure loads its model once for all rows, and only if somebody wants its column")
  func loads() async throws {
    let loads = Log<Int>()
    let function = PredictBatchUDF("f", returning: .double, batchSize: 3) { _ in
      loads.append(1)
      return { (a: Tensor<Double>) -> Tensor<Double> in a }
    }
    let batches = try (0..<40).map { start in
      try RecordBatch([("a", .numbers((0..<10).map { Double(start * 10 + $0) }))])
    }
    let table = try LocalTable(batches).withColumn("p", function("a")).running(threads: 4)
    #expect(try await table.select("a").rows().count == 400)
    #expect(loads.entries.isEmpty)
    #expect(try await table.rows().map { $0[1] } == (0..<400).map { .float(Double($0)) })
    _ = try await table.rows()
    #expect(loads.entries == [1])
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var says: String
    var make: @Sendable (LocalTable) throws -> LocalTable
    var testDescription: String { says }
  }

  static let refusals: [Refusal] = [
    Refusal(says: "the table has no column 'c'; its columns are a double, b double") {
      try $0.select("c")
    },
    Refusal(
      says:
        "'upper(a)' is computed by Spark only; a LocalTable has columns by their names and functions of "
        + "the program. Compute it in one of these, or use a DataFrame (spark.read ...)"
    ) { try $0.withColumn("u", upper(col("a"))) },
    Refusal(
      says:
        "'upper(a)' is computed by Spark only; functions take columns of a LocalTable by their names"
    ) { try $0.withColumn("u", sum(upper(col("a")), "b")) },
    Refusal(says: "withColumn(\"x\"): '*' is 2 columns, not one") { try $0.withColumn("x", "*") },
    Refusal(says: "toDF: 1 names were given for 2 columns") { try $0.toDF("x") },
    Refusal(
      says:
        "[INVALID_INPUT] sum: Model expected 2 inputs, but received 1 columns; give one column for each "
        + "parameter of the predict closure"
    ) { try $0.withColumn("x", sum("a")) },
    Refusal(
      says: "'A' may be any of several columns; rename one of them"
    ) { try $0.select("a", col("b").as("a")).select("A") },
    Refusal(
      says:
        "mapBatches(\"all\"): its tasks run at the same time and wait for each other, which Spark "
        + "arranges; use a DataFrame (spark.read ...)"
    ) {
      try $0.mapBatches(
        MapBatchesFunction("all", returning: ["n": .long], isBarrier: true) { batches in batches })
    },
  ]

  @Test("what cannot be is refused at once", arguments: refusals)
  func refused(_ item: Refusal) async throws {
    let table = try Self.pairs(2)
    #expect(await message { _ = try item.make(table) } == item.says)
  }

  @Test("errors of functions name the row of the table")
  func rowErrors() async throws {
    var a: [Double?] = (0..<30).map { Double($0) }
    a[17] = nil
    let b: [Double?] = a.map { _ in 1 }
    let first = try RecordBatch([
      ("a", .numbers(Array(a[..<10]))), ("b", .numbers(Array(b[..<10]))),
    ])
    let rest = try RecordBatch([("a", .numbers(Array(a[10...]))), ("b", .numbers(Array(b[10...])))])
    let table = try LocalTable([first, rest]).withColumn("c", Self.sum("a", "b"))
    let said = await message { _ = try await table.rows() }
    #expect(said.contains("sum: column 'a', row 17: the value is null"), "\(said)")
  }

  @Test("functions over batches see each split as a partition")
  func mapping() async throws {
    let batches = try (0..<3).map { try numbers($0 * 10..<$0 * 10 + 10) }
    let evens = MapBatchesFunction("evens", returning: ["n": .long]) { batches in
      batches.map { batch in
        let kept = batch.columns[0].values.filter { $0.isEven }
        return try RecordBatch([("n", try ArrowColumn(kept, type: .int64))])
      }
    }
    let table = try LocalTable(batches).mapBatches(evens)
    #expect(table.schema.ddl == "n bigint")
    #expect(try await table.rows().map { $0[0] } == stride(from: 0, to: 30, by: 2).map { .int($0) })
    #expect(try await table.count() == 15)
    #expect(try await table.limit(7).count() == 7)
    #expect(try await LocalTable(batches).limit(11).mapBatches(evens).count() == 6)
    // A closure may capture here what it likes.
    let factor: Int64 = 3
    let inline = try LocalTable(batches).mapBatches("triple", returning: ["n": .long]) { batches in
      batches.map { batch in
        let values = batch.columns[0].values.map { value -> ArrowValue in
          if case .int(let number) = value { .int(number * factor) } else { value }
        }
        return try RecordBatch([("n", try ArrowColumn(values, type: .int64))])
      }
    }
    #expect(try await inline.rows().last?[0] == .int(87))
  }

  @Test("a model predicts as on a DataFrame, whatever is selected behind it")
  func predicting() async throws {
    let sizes = Log<Int>()
    let model = StubModel.doubling(sizes)
    let table = try LocalTable([
      ("id", .numbers((0..<100).map { Int64($0) })), ("v", .numbers((0..<100).map { Float($0) })),
    ])
    let source = ModelSource.onnx("stub.onnx")
    let predicted = try await table.predicting(
      source, loaded: model,
      PredictionRequest(inputs: ["x": "v"], outputs: ["y": "p"], batchSize: 8))
    #expect(predicted.schema.ddl == "id bigint, v float, p float")
    let rows = try await predicted.select("p", "id").running(threads: 3).rows()
    let doubles: [ArrowValue] = (0..<100).map { .float(Double($0) * 2) }
    let ids: [ArrowValue] = (0..<100).map { .int($0) }
    #expect(rows.map { $0[0] } == doubles)
    #expect(rows.map { $0[1] } == ids)
    // Full batches, but for the last.
    #expect(sizes.entries.count { $0 == 8 } == 12 && sizes.entries.contains(4))
    let structure = try await table.predicting(
      source, loaded: model, PredictionRequest(inputs: ["x": "v"], into: "preds"))
    #expect(structure.schema.ddl == "id bigint, v float, preds struct<y:float>")
    #expect(try await structure.select("preds.y").rows()[3][0] == .float(6))
    let said = await message {
      _ = try await table.predicting(source, loaded: model, PredictionRequest())
    }
    #expect(said.contains("no column is named like the model's input x: float32[?]"), "\(said)")
  }

  @Test("a classifier's best classes, as on a DataFrame", arguments: [1, 8])
  func classes(_ batchSize: Int) async throws {
    let model = StubModel(
      inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1])],
      outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 2])]
    ) { inputs in
      let x: Tensor<Float> = try inputs["x"].map { try $0.typed() } ?? Tensor([])
      let numbers = x.scalars.flatMap { number -> [Float] in [number, 10] }
      return ["y": .float32(try Tensor(numbers, shape: [x.rowCount, 2]))]
    }
    let table = try LocalTable([("x", .numbers((0..<20).map { Float($0) }))])
    func predicted(_ transform: OutputTransform) async throws -> LocalTable {
      try await table.predicting(
        .onnx("stub.onnx"), loaded: model,
        PredictionRequest(batchSize: batchSize, transforms: ["y": transform]))
    }
    let best = try await predicted(.topK(1, labels: ["x", "ten"]))
    #expect(best.schema.ddl == "x float, y array<struct<label:string,score:float>>")
    for (x, row) in try await best.rows().enumerated() {
      let (label, score) = x < 10 ? ("ten", 10) : ("x", Double(x))
      #expect(row[1] == .list([.structure([.string(label), .float(score)])]), "row \(x)")
    }
    let argmax = try await predicted(.argmax)
    #expect(argmax.schema.ddl == "x float, y int")
    #expect(try await argmax.rows().map { $0[1] } == (0..<20).map { .int($0 < 10 ? 1 : 0) })
  }

  @Test("a constant feeds a model beside a column, and a column of its name is left alone")
  func constants() async throws {
    let model = StubModel(
      inputs: [
        TensorSpecification(name: "x", elementType: .float32, shape: [-1]),
        TensorSpecification(name: "factor", elementType: .float32, shape: []),
      ], outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1])]
    ) { inputs in
      let x: Tensor<Float> = try #require(inputs["x"]).typed()
      let factor: Tensor<Float> = try #require(inputs["factor"]).typed()
      return ["y": .float32(x.map { $0 * factor.scalars[0] })]
    }
    let table = try LocalTable([
      ("x", .numbers((0..<20).map { Float($0) })),
      ("factor", .strings(Array(repeating: "a", count: 20))),
    ])
    let predicted = try await table.predicting(
      .onnx("stub.onnx"), loaded: model,
      PredictionRequest(batchSize: 8, constants: ["factor": 3]))
    #expect(predicted.schema.ddl == "x float, factor string, y float")
    #expect(
      try await predicted.select("y").rows().map { $0[0] }
        == (0..<20).map { .float(Double(3 * $0)) })
  }

  @Test("vectors of Spark ML feed models as arrays")
  func vectors() async throws {
    let stored: DataType = .struct([
      StructField("type", .byte, isNullable: false), StructField("size", .integer),
      StructField("indices", .array(.integer, containsNull: false)),
      StructField("values", .array(.double, containsNull: false)),
    ])
    let vector = DataType.userDefined(
      UserDefinedType(jvmClass: "org.apache.spark.ml.linalg.VectorUDT", sqlType: stored))
    let rows: [[ArrowValue]] = [
      [.structure([.int(1), .null, .null, .list([.float(1), .float(2), .float(3)])])],
      [.structure([.int(0), .int(3), .list([.int(1)]), .list([.float(5)])])],
    ]
    let table = try LocalTable(rows: rows, schema: [StructField("v", vector)])
    let model = StubModel(
      inputs: [TensorSpecification(name: "x", elementType: .float64, shape: [-1, 3])],
      outputs: [TensorSpecification(name: "y", elementType: .float64, shape: [-1, 3])]
    ) { ["y": try #require($0["x"])] }
    let predicted = try await table.predicting(
      .onnx("stub.onnx"), loaded: model, PredictionRequest(inputs: ["x": "v"]))
    #expect(predicted.schema.names == ["v", "y"])
    #expect(
      try await predicted.select("y").rows().map { $0[0] } == [
        .list([.float(1), .float(2), .float(3)]), .list([.float(0), .float(5), .float(0)]),
      ])
  }

  @Test("vectors of Spark ML come out, and are shown and written as in Spark", arguments: [1, 8])
  func vectorOutputs(_ batchSize: Int) async throws {
    let table = try LocalTable([("x", .numbers([0.26, nil, 2] as [Float?]))])
    let model = StubModel(
      inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1])],
      outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 2])]
    ) { inputs in
      let x: Tensor<Float> = try #require(inputs["x"]).typed()
      return ["y": .float32(try Tensor(x.scalars.flatMap { [$0, 0] }, shape: [x.rowCount, 2]))]
    }
    let predicted = try await table.predicting(
      .onnx("stub.onnx"), loaded: model,
      PredictionRequest(
        batchSize: batchSize, nulls: .skip, transforms: ["y": .rounded(1).as(.vector)]))
    #expect(predicted.schema.ddl == "x float, y vector")
    #expect(
      try await predicted.select("y").showString() == """
        +---------+
        |        y|
        +---------+
        |[0.3,0.0]|
        |     NULL|
        |[2.0,0.0]|
        +---------+

        """)
    let json = try await predicted.withNestedAsJSON().rows().map { $0[1] }
    #expect(json == [.string("[0.3,0.0]"), .null, .string("[2.0,0.0]")])
  }

  @Test("show draws what Spark draws")
  func show() async throws {
    let table = try LocalTable(rows: Self.people)
    #expect(
      try await table.showString(2) == """
        +---+----+----------+
        | id|name|    scores|
        +---+----+----------+
        |  1| Ann|[1.0, 2.5]|
        |  2|NULL|        []|
        +---+----+----------+
        only showing top 2 rows

        """)
    let long = try LocalTable([("text", .strings(["a long text that is cut\n"]))])
    #expect(
      try await long.showString() == """
        +--------------------+
        |                text|
        +--------------------+
        |a long text that ...|
        +--------------------+

        """)
    #expect(
      try await long.showString(truncate: 0) == """
        +-------------------------+
        |text                     |
        +-------------------------+
        |a long text that is cut\\n|
        +-------------------------+

        """)
  }

  @Test("nested values become JSON for formats without them")
  func json() async throws {
    let table = try LocalTable(rows: Self.people).withNestedAsJSON()
    #expect(table.schema.ddl == "id bigint, name string, scores string")
    #expect(
      try await table.select("scores").rows().map { $0[0] } == [
        .string("[1.0,2.5]"), .string("[]"), .string("[1.0E10]"),
      ])
  }
}

extension ArrowValue {
  fileprivate var isEven: Bool {
    if case .int(let number) = self { number.isMultiple(of: 2) } else { false }
  }
}
