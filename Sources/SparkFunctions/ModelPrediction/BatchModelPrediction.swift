import ArrowIPC
import Models
public import SparkTypes
import Tensors

/// The built-in function that predicts whole batches: it gives a table's columns and beside them the
/// outputs that ``ModelPrediction`` computes.
///
/// Spark takes resource profiles for stages of whole batches only. The columns of the table pass
/// through as they came, also where a batch of the model spans several of Spark's: only the columns
/// that the model reads are put together.
public struct BatchModelPrediction: UserDefinedFunction {
  /// The function's name in every program.
  public static let name = "needletail.predictBatches"

  /// What the driver sends to the executors.
  public struct Parameters: Codable, Hashable, Sendable {
    /// The model and how it is fed.
    public var prediction: ModelPrediction.Parameters
    /// Where in the table's batches the arguments of the prediction are found.
    public var arguments: [Argument]
    /// The name of the struct that has the outputs as its fields; `nil` if each becomes a column.
    public var structure: String?
  }

  /// A column of the table, or a field within one, that the model reads.
  public struct Argument: Codable, Hashable, Sendable {
    /// The name in messages.
    public var name: String
    /// The position of the table's column, then those of fields within structs.
    public var path: [Int]

    package init(name: String, path: [Int]) {
      self.name = name
      self.path = path
    }
  }

  private let prediction: ModelPrediction

  public var name: String { Self.name }
  public var kind: FunctionKind { .batches }

  /// - Parameters:
  ///   - loaders: what loads the models of each format.
  ///   - placement: what says where they are loaded; by default all tasks share one model.
  public init(
    loaders: [ModelFormat: ModelLoader], placement: @escaping ModelPlacement = { _, _, _ in nil }
  ) {
    prediction = ModelPrediction(loaders: loaders, placement: placement)
  }

  public func evaluate(
    _ input: any BatchSource, invocation: FunctionInvocation, worker: WorkerContext
  ) async throws -> any BatchSource {
    let parameters = try invocation.decodeParameters(as: Parameters.self)
    let table = PassedTable(input, arguments: parameters.arguments)
    var inner = invocation
    inner.function = prediction.name
    inner.parameters = try FunctionInvocation.encode(parameters.prediction)
    inner.argumentNames = parameters.arguments.map(\.name)
    let predictions = try await prediction.evaluate(table, invocation: inner, worker: worker)
    var outputs: RecordBatch?
    return BatchGenerator {
      let predicted: RecordBatch
      if let outputs {
        predicted = outputs
      } else {
        // The table has handed out all its rows when the predictions end, one for each row.
        guard let batch = try await predictions.next() else { return nil }
        predicted = try batch.columns[0].outputs(in: parameters.structure)
      }
      let (result, rest) = try table.beside(predicted)
      outputs = rest
      return result
    }
  }
}

extension ArrowColumn {
  /// A struct of predictions as the columns that the table gets.
  fileprivate func outputs(in structure: String?) throws -> RecordBatch {
    if let structure { return try RecordBatch([(structure, self)]) }
    let fields = type.childFields
    return try RecordBatch(
      schema: ArrowSchema(fields), columns: fields.indices.map { nullableField($0) },
      rowCount: count)
  }
}

extension PredictionPlan {
  /// The parameters of ``BatchModelPrediction`` for the table that this plan was made for.
  ///
  /// - Parameters:
  ///   - table: the table's schema.
  ///   - structure: the name of the new column, as the plan was made with it.
  /// - Throws: ``InferenceError`` if the table does not have a column of the plan.
  public func batchParameters(
    table: StructType, into structure: String? = nil
  ) throws -> BatchModelPrediction.Parameters {
    let arguments = try zip(argumentPaths, argumentColumns).map { path, name in
      BatchModelPrediction.Argument(name: name, path: try table.positions(of: path, name))
    }
    return BatchModelPrediction.Parameters(
      prediction: parameters, arguments: arguments, structure: structure)
  }

  /// The columns that ``BatchModelPrediction`` gives for `table`.
  public func batchReturnType(
    table: StructType, into structure: String? = nil
  ) -> StructType {
    guard let structure else { return StructType(table.fields + returnType.fields) }
    return StructType(table.fields + [StructField(structure, .struct(returnType))])
  }
}

extension StructType {
  fileprivate func positions(of path: [String], _ name: String) throws -> [Int] {
    var positions: [Int] = []
    var fields: StructType? = self
    for part in path {
      guard let known = fields,
        let position = known.fields.firstIndex(where: { $0.name.isExactly(part) })
      else {
        throw InferenceError(
          .invalidInput, "the table has no column '\(name)'; its columns are \(ddl)",
          function: ModelPrediction.name)
      }
      positions.append(position)
      if case .struct(let inner) = known.fields[position].type {
        fields = inner
      } else {
        fields = nil
      }
    }
    return positions
  }
}
