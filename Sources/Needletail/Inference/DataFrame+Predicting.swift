import Logging
public import ModelKinds
public import Models
import ProgramFunctions
public import SparkConnect
public import SparkFunctions
import SparkTypes
public import Tensors

extension DataFrame {
  /// Adds the outputs of a model as columns; no code needed.
  ///
  /// ```swift
  /// try await images.predicting(
  ///   .onnx("digits.onnx"), inputs: ["pixels": "image"], outputs: ["probabilities": "p"])
  /// ```
  ///
  /// Inputs that are not given take the column of their name, in whichever case. Numbers are converted
  /// to the model's element type; several number columns can feed one input (`["features": ["a",
  /// "b"]]`); vectors of Spark ML are taken as arrays. Everything is checked against the model and this
  /// table's schema before a job starts. The new columns' metadata name the model, its revision, the
  /// options and this program's version.
  ///
  /// Spark gives resources to whole batches only. With `resources` the same prediction runs in that
  /// form: all columns of this table then pass through the worker, also those that nothing reads
  /// later, so select those that are needed before.
  ///
  /// - Parameters:
  ///   - source: the model.
  ///   - inputs: the column, or columns, that feed each input of the model.
  ///   - outputs: names of the new columns by output; an output that is not given keeps its name.
  ///   - only: the outputs that are wanted, in the order of their columns; `nil` for all that a column
  ///     can hold. Others are not computed: an output without a part for each row, such as a list of
  ///     boxes, then disturbs nothing.
  ///   - structure: the name of one new column, a struct with the outputs as its fields, instead of a
  ///     column for each.
  ///   - batchSize: the number of rows that the model gets at once; `nil` for 64, 256 for
  ///     pipelines of text, which sort a batch by length and cut it themselves, and 1024 for servers.
  ///     With 1 each row is a run of its own, and gets all that the model gives.
  ///   - batch: the dimension that counts the rows, where the names and positions of the model's
  ///     dimensions do not tell: its name, its positions in the tensors, or ``BatchDimension/none``.
  ///   - rows: what is to be thought of rows that run together; by default made-up rows and some
  ///     batches are compared with rows alone.
  ///   - nulls: what happens to nulls in the input.
  ///   - ragged: what happens to rows that differ in length.
  ///   - errors: what becomes of rows that cannot be predicted; by default the first one ends the job.
  ///   - maxErrors: how many of them may be before the job ends; `nil` for any number. Executors
  ///     know only of their own rows: it is counted in each task, a partition of the table.
  ///   - transforms: what outputs become instead of their numbers: probabilities, the greatest one's
  ///     position, or the best classes with their labels.
  ///   - shapes: the shapes of one row of inputs whose declared ones vary, such as `[3, 224, 224]`.
  ///   - constants: values of inputs that no column feeds, the same for all rows.
  ///   - resources: what the prediction's tasks, and their executors, must have.
  ///   - isDeterministic: whether the model gives equal outputs for equal rows however often it runs.
  ///     Without that Spark computes a prediction once for each row, so that later filters, joins and
  ///     columns all see the same one, and moves no filter in front of it: filter by other columns
  ///     before this call. With it Spark may do so itself, and compute a prediction again where a
  ///     filter uses it.
  ///   - scan: who reads the table's files; `nil` for the session's choice
  ///     (its `scan`), which is ``ScanChoice/automatic``.
  /// - Throws: an error that names the input, output or column that does not fit; ``SparkError`` if
  ///   the server refuses the resources.
  public func predicting(
    _ source: ModelSource, inputs: [String: InputColumns] = [:], outputs: [String: String] = [:],
    only: [String]? = nil, into structure: String? = nil, batchSize: Int? = nil,
    batch: BatchDimension? = nil,
    rows: RowRelation = .checked, nulls: NullPolicy = .fail, ragged: RaggedPolicy = .fail,
    errors: ErrorPolicy = .fail, maxErrors: ErrorLimit? = nil,
    transforms: [String: OutputTransform] = [:], shapes: [String: Shape] = [:],
    constants: [String: InputConstant] = [:],
    resources: ResourceProfile? = nil, isDeterministic: Bool = false, scan: ScanChoice? = nil
  ) async throws -> DataFrame {
    let model = try await source.loadForPlan()
    if only == nil {
      for output in model.omittedOutputs {
        Logger(label: "needletail.predicting").notice(
          "left out: the output \(output)", metadata: ["model": "\(source.path)"])
      }
    }
    return try await predicting(
      source, loaded: model,
      PredictionRequest(
        inputs: inputs, outputs: outputs, only: only, into: structure, batchSize: batchSize,
        batch: batch, rows: rows, nulls: nulls, ragged: ragged, errors: errors,
        maxErrors: maxErrors, transforms: transforms, shapes: shapes, constants: constants),
      as: PredictionForm(resources), isDeterministic: isDeterministic, scan: scan)
  }

  /// The same with the model at hand, which this process has loaded already.
  package func predicting(
    _ source: ModelSource, loaded model: any Model, _ request: PredictionRequest,
    as form: PredictionForm = .columns, isDeterministic: Bool = false, scan: ScanChoice? = nil,
    lineage: PredictionLineage? = nil
  ) async throws -> DataFrame {
    let lineage = lineage ?? PredictionLineage(source, request)
    let table = try await schema()
    let names = model.inputs.map(\.name).filter { request.constants[$0] == nil }
    let vectors = VectorInputs(table: table, inputs: request.inputs, models: names)
    if !vectors.arrays.isEmpty {
      var arrays = request
      arrays.inputs = vectors.replaced(request.inputs, table: table, models: names)
      return try await adding(vectors).predicting(
        source, loaded: model, arrays, as: form, isDeterministic: isDeterministic, scan: scan,
        lineage: lineage
      ).drop(Array(vectors.arrays.values))
    }
    let origin = PredictionOrigin(lineage, request)
    let packed = try await source.packed(for: self)
    let plan = try await source.plan(
      model, reference: packed.reference, table: table, request)
    switch form {
    case .columns:
      try await packed.send(to: session)
      return withPredictions(
        plan, into: request.structure, origin: origin, isDeterministic: isDeterministic, scan: scan)
    case .batches(let resources):
      // Refused resources cost no upload.
      let profile: Int? =
        if let resources { try await session.resourceProfileID(resources) } else { nil }
      try await packed.send(to: session)
      return try mappedPredictions(
        plan, table: table, into: request.structure, origin: origin, profileID: profile, scan: scan)
    }
  }

  /// The predictions as columns that a function of columns gives.
  private func withPredictions(
    _ plan: PredictionPlan, into structure: String?, origin: PredictionOrigin,
    isDeterministic: Bool, scan: ScanChoice?
  ) -> DataFrame {
    let function = ModelPrediction(kinds: .ofExecutors)
    let metadata = origin.lineage.columnMetadata
    let predictions = planned(
      plan, function, isDeterministic: isDeterministic, scan: scan, origin: origin)
    if let structure { return withColumn(structure, predictions, metadata: metadata) }
    // The struct of all outputs is computed once; its fields become the columns.
    let results = "needletail.predictions"
    let table = withColumn(results, predictions)
    let fields = plan.returnType.map {
      column(named: results).getField($0.name).as($0.name, metadata: metadata)
    }
    return table.select(["*"] + fields).drop(results)
  }

  /// The predictions in batches with all columns of this table, whose schema is `table`.
  private func mappedPredictions(
    _ plan: PredictionPlan, table: StructType, into structure: String?, origin: PredictionOrigin,
    profileID: Int?, scan: ScanChoice?
  ) throws -> DataFrame {
    let metadata = origin.lineage.columnMetadata
    let parameters = try plan.batchParameters(table: table, into: structure)
    let returned = plan.batchReturnType(table: table, into: structure)
    let function = BatchModelPrediction(kinds: .ofExecutors)
    let folded = Set(table.names.map { $0.lowercased() })
    // Spark finds columns by name, in whichever case: where two are the same, here their places are the
    // names.
    let isUnique = folded.count == table.names.count
    let names = isUnique ? returned.names : returned.indices.map { "_\($0)" }
    let renamed = StructType(
      zip(names, returned).map { name, field in
        var field = field
        field.name = name
        return field
      })
    let columns = Array(names.prefix(table.count))
    return (isUnique ? self : toDF(columns)).mapped(
      function, parameters, columns: columns, returning: renamed, profileID: profileID,
      scan: scan, origin: origin
    ).select(
      zip(names, returned).enumerated().map { place, entry in
        let (name, field) = entry
        if place >= table.count {
          return column(named: name).as(field.name, metadata: metadata)
        }
        return isUnique ? column(named: name) : column(named: name).as(field.name)
      })
  }
}

/// How Spark runs a prediction.
package enum PredictionForm: Sendable {
  /// As a function of columns.
  case columns
  /// As a function of whole batches, the only ones that have resources.
  case batches(ResourceProfile?)

  package init(_ resources: ResourceProfile?) {
    self = resources.map { .batches($0) } ?? .columns
  }
}
