import Needletail

// The table of inputs and outputs of `predict_batch_udf` on a real Spark. What a function should
// give is written in Spark SQL, so that Spark computes both sides.

/// The number of dimensions times 1000, and the sum of each row.
private func rowSums(_ x: Tensor<Float>) -> Tensor<Double> {
  let width = x.rowCount == 0 ? 0 : x.count / x.rowCount
  let scalars = x.scalars
  return Tensor(
    (0..<x.rowCount).map { row in
      let sum = scalars[row * width..<(row + 1) * width].reduce(0) { $0 + Double($1) }
      return Double(x.shape.rank) * 1000 + sum
    })
}

private func sum(
  _ name: String, _ shapes: InputTensorShapes = .none, nulls: NullPolicy = .fail,
  ragged: RaggedPolicy = .fail
) -> PredictBatchUDF<NoParameters, Tensor<Float>, Tensor<Double>> {
  PredictBatchUDF(
    "case " + name, returning: .double, batchSize: 4, inputTensorShapes: shapes, nulls: nulls,
    ragged: ragged
  ) { _ in { (x: Tensor<Float>) -> Tensor<Double> in rowSums(x) } }
}

private func sums(
  _ name: String, _ shapes: InputTensorShapes = .none
) -> PredictBatchUDF<NoParameters, Tensor<Float>, Tensor<Float>, Tensor<Double>> {
  PredictBatchUDF("case " + name, returning: .double, batchSize: 4, inputTensorShapes: shapes) {
    _ in
    { (a: Tensor<Float>, b: Tensor<Float>) -> Tensor<Double> in
      let (first, second) = (rowSums(a), rowSums(b))
      return Tensor((0..<first.count).map { first[$0] + 10_000 * second[$0] })
    }
  }
}

/// The length of each text.
private func lengths(_ name: String) -> PredictBatchUDF<NoParameters, [String], [Int64]> {
  PredictBatchUDF("case lengths \(name)", returning: .long, batchSize: 4) { _ in
    { (texts: [String]) -> [Int64] in texts.map { Int64($0.count) } }
  }
}

private func give<Output: PredictOutput>(
  _ name: String, _ type: DataType, _ output: @escaping @Sendable (Tensor<Float>) throws -> Output
) -> PredictBatchUDF<NoParameters, Tensor<Float>, Output> {
  PredictBatchUDF("case " + name, returning: type, batchSize: 4) { _ in
    { (x: Tensor<Float>) -> Output in try output(x) }
  }
}

private struct Part: Encodable, Sendable { var id: Int, parts: [Float], note: String? }

private let partType: DataType = .struct(["id": .long, "parts": .array(.float), "note": .string])

/// `[rows, 2]`: each number and its double.
private func doubled(_ x: Tensor<Float>) -> Tensor<Float> {
  Tensor(shape: [x.count, 2]) { output in
    for row in 0..<x.count {
      output.initializeElement(at: row * 2, to: x[row])
      output.initializeElement(at: row * 2 + 1, to: x[row] * 2)
    }
  }
}

enum Semantics {
  struct Case: Sendable {
    var function: any DriverCheckedFunction
    var apply: @Sendable () -> Column
    /// What each row should be, as SQL, or the text that an error should have.
    var expected: Expected

    enum Expected: Sendable {
      case sql(String)
      case failure(String)
    }
  }

  private static func gives<each Input, Output>(
    _ function: PredictBatchUDF<NoParameters, repeat each Input, Output>, _ arguments: [String],
    _ sql: String
  ) -> Case {
    Case(
      function: function, apply: { function(arguments.map { expr($0) }) },
      expected: .sql(sql))
  }

  private static func fails<each Input, Output>(
    _ function: PredictBatchUDF<NoParameters, repeat each Input, Output>, _ arguments: [String],
    _ text: String
  ) -> Case {
    Case(
      function: function, apply: { function(arguments.map { expr($0) }) },
      expected: .failure(text))
  }

  static let functions = cases.map { $0.function as any UserDefinedFunction }

  static let cases: [Case] = [
    // Inputs.
    gives(sum("scalar"), ["f"], "1000 + f"),
    gives(sum("scalarOfOne", [[1]]), ["f"], "2000 + f"),
    gives(sum("scalarConverted"), ["id"], "1000 + id"),
    gives(sum("structOfScalars"), ["struct(f, g)"], "2000 + f + g"),
    gives(sum("structWithShape", [[2]]), ["struct(f, g)"], "2000 + f + g"),
    gives(sum("array", [[3]]), ["array(f, g, f)"], "2000 + f + g + f"),
    gives(sum("arrayDeep", [[2, 2]]), ["array(f, g, f, g)"], "3000 + 2 * f + 2 * g"),
    gives(sum("arrayOpen", [[-1, 2]]), ["array(f, g, f, g)"], "3000 + 2 * f + 2 * g"),
    gives(
      sum("arrayNested", [[2, 2]]), ["array(array(f, g), array(f, g))"], "3000 + 2 * f + 2 * g"),
    gives(sum("arrayOfDoubles", [[2]]), ["array(double(f), double(g))"], "2000 + f + g"),
    gives(lengths("structOfText"), ["struct(repeat('a', cast(id as int)) as t)"], "id"),
    gives(lengths("text"), ["repeat('a', cast(id as int))"], "id"),
    gives(sums("two"), ["f", "g"], "1000 + f + 10000 * (1000 + g)"),
    gives(sums("twoOfStruct"), ["struct(f, g)"], "1000 + f + 10000 * (1000 + g)"),
    gives(
      sums("twoShapes", [[2], [1]]), ["array(f, f)", "g"], "2000 + 2 * f + 10000 * (2000 + g)"),
    gives(sums("twoByMap", [1: [2]]), ["g", "array(f, f)"], "1000 + g + 10000 * (2000 + 2 * f)"),
    gives(
      sum("nullsFilled", nulls: .fill(-1)), ["if(id % 5 = 2, null, f)"],
      "1000 + if(id % 5 = 2, -1, f)"),
    gives(
      sum("nullsSkipped", [[2]], nulls: .skip), ["if(id % 5 = 2, null, array(f, g))"],
      "if(id % 5 = 2, null, 2000 + f + g)"),
    gives(
      sum("raggedFilled", [[4]], ragged: .pad(with: 7)), ["array_repeat(f, cast(id % 5 as int))"],
      "2000 + f * (id % 5) + 7 * (4 - id % 5)"),
    // Results.
    gives(give("byte", .byte) { $0.map { Int32($0) % 100 } }, ["f"], "cast(id % 100 as tinyint)"),
    gives(give("short", .short) { $0.map { Int32($0) } }, ["f"], "cast(id as smallint)"),
    gives(give("integer", .integer) { $0 }, ["f"], "cast(id as int)"),
    gives(give("long", .long) { $0.map { Int64($0) } }, ["f"], "id"),
    gives(give("float", .float) { try $0.reshaped(to: [$0.count, 1]) }, ["f"], "f"),
    gives(give("boolean", .boolean) { $0.scalars.map { $0 > 5 } }, ["f"], "f > 5"),
    gives(
      give("string", .string) { $0.scalars.map { $0 > 5 ? "\(Int($0))" : nil } as [String?] },
      ["f"], "if(f > 5, cast(id as string), null)"),
    gives(
      give("binary", .binary) { $0.scalars.map { [UInt8($0), 0] } }, ["f"],
      "unhex(lpad(hex(id), 2, '0') || '00')"),
    gives(give("list", .array(.double)) { doubled($0) }, ["f"], "array(double(f), double(2 * f))"),
    gives(
      give("columnar", partType) { x -> NamedOutputs in
        [
          "note": x.scalars.map { $0 > 5 ? "n" : nil } as [String?],
          "parts": doubled(x), "id": x.map { Int64($0) },
        ]
      }, ["f"],
      "named_struct('id', id, 'parts', array(f, 2 * f), 'note', if(f > 5, 'n', null))"),
    gives(
      give("rows", partType) { x in
        x.scalars.map { Part(id: Int($0), parts: [$0], note: nil) }
      }, ["f"],
      "named_struct('id', id, 'parts', array(f), 'note', cast(null as string))"),
    // Errors in the input: on the driver where types tell, else on the executor.
    fails(sum("many"), ["f", "g"], "Multiple input columns found, but model expected a single"),
    fails(sum("shapeOfScalar", [[4]]), ["f"], "Invalid input_tensor_shape for scalar column."),
    fails(sum("structShape", [[3]]), ["struct(f, g)"], "Input data does not match expected shape."),
    fails(sum("noShape"), ["array(f, g)"], "Tensor columns require input_tensor_shapes"),
    fails(sums("three"), ["f", "g", "f"], "Model expected 2 inputs, but received 3 columns"),
    fails(sums("shapesCount", [[1]]), ["f", "g"], "input_tensor_shapes must match columns"),
    fails(
      sum("manyShapes", [[2], [2]]), ["array(f, g)"],
      "Multiple input_tensor_shapes found, but model expected one input"),
    fails(sum("reshape", [[3]]), ["array(f, g)"], "Input data does not match expected shape."),
    fails(sum("ragged", [[2]]), ["if(id = 7, array(f), array(f, g))"], "row "),
    fails(sum("null"), ["if(id = 7, null, f)"], "row "),
    fails(sum("text"), ["cast(f as string)"], "the column is string"),
    // Errors in the result.
    fails(
      give("shorter", .double) { $0.rows(1..<$0.count) }, ["f"],
      "Prediction results must have same length as input data."),
    fails(
      give("wide", .double) { doubled($0) }, ["f"], "Invalid shape for scalar prediction result."),
    fails(
      give("narrow", .array(.float)) { $0 }, ["f"],
      "Prediction results for ArrayType must be two-dimensional."),
    fails(
      give("names", .struct(["a": .float])) { x -> NamedOutputs in ["b": x] }, ["f"],
      "Prediction result columns did not match expected return_type columns"),
    fails(
      give("noStruct", .struct(["a": .float])) { $0 }, ["f"],
      "Prediction results for StructType must be a dictionary or a list of dictionary"),
    fails(give("date", .date) { $0 }, ["f"], "Unsupported return type"),
    fails(give("overflow", .byte) { $0.map { $0 + 1000 } }, ["f"], "does not fit"),
  ]

  @Sendable static func run(_ spark: SparkSession) async throws {
    let table = spark.range(0, 23, partitions: 3)
      .withColumn("f", col("id").cast(.float)).withColumn("g", expr("cast(id * 3 + 1 as float)"))
    // The functions that should give something are computed by one query, several in a stage.
    var columns: [Column] = []
    var wrong: [Column] = []
    for (index, example) in cases.enumerated() {
      switch example.expected {
      case .sql(let sql):
        columns.append(example.apply().as("got\(index)"))
        wrong.append(
          expr("sum(if(got\(index) <=> (\(sql)), 0, 1))").as(example.function.name))
      case .failure(let text):
        let said = await IntegrationProgram.failure {
          _ = try await table.select(example.apply()).collect()
        }
        try IntegrationProgram.expect(
          said.contains(text), "\(example.function.name) should say '\(text)', but: \(said)")
      }
    }
    let counts = try await table.select([col("*")] + columns).select(wrong).collect()
    let names = counts[0].schema.names
    try IntegrationProgram.expect(counts.count == 1 && names.count == wrong.count, "\(counts)")
    for name in names {
      let rows = try counts[0].get(name, as: Int.self)
      try IntegrationProgram.expect(rows == 0, "\(name): \(rows) rows of 23 differ")
    }
  }
}
