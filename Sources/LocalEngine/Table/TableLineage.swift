import ModelKinds
import Models
import SparkFunctions
import SparkTypes

/// Where the computed columns of a table come from.
struct TableLineage: Sendable {
  /// What was predicted, in the order in which it was asked for.
  private(set) var predictions: [PredictionLineage] = []
  /// Functions of the program that compute columns or rows, by their names.
  var functions: [String] = []
  /// The prediction that a column is of, by its id.
  private var origins: [Int: Int] = [:]
  /// The columns that tell why rows failed, by the number of their prediction.
  private(set) var errorColumns: [Int: Int] = [:]
  /// What was asked of the predictions.
  private(set) var requests: [PredictionRequest] = []

  /// - Parameter columns: the ids of the prediction's columns.
  mutating func add(
    _ prediction: PredictionLineage, columns: [Int], _ request: PredictionRequest
  ) {
    for id in columns { origins[id] = predictions.count }
    if case .column = request.errors, request.structure == nil {
      errorColumns[predictions.count] = columns.last
    }
    predictions.append(prediction)
    requests.append(request)
  }

  /// The lineage of what a function makes of all columns.
  func mapped(by function: String) -> TableLineage {
    var lineage = TableLineage()
    lineage.predictions = predictions
    lineage.requests = requests
    lineage.functions = functions + [function]
    return lineage
  }

  /// The fields of columns, those of predictions with what they come from in their metadata.
  func stored(_ columns: [TableColumn]) -> StructType {
    let metadata = predictions.map(\.columnMetadata)
    return StructType(
      columns.map { column in
        var field = column.field
        if let origin = origins[column.id] { field.metadata = field.metadata ?? metadata[origin] }
        return field
      })
  }
}
