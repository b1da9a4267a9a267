package import SparkFunctions
package import SparkTypes

/// The columns of vectors that feed a model, as arrays beside the table's own columns.
///
/// Models take arrays; Spark ML's vectors are a type of their own.
package struct VectorInputs {
  /// Names of the added columns by those of the vectors.
  package private(set) var arrays: [String: String] = [:]

  /// - Parameters:
  ///   - table: the table's schema.
  ///   - inputs: the columns that the user has given for inputs of the model.
  ///   - models: the names of the model's inputs, which take the columns of their names.
  package init(table: StructType, inputs: [String: InputColumns], models: [String]) {
    let unnamed = models.filter { inputs[$0] == nil }
    for name in inputs.values.flatMap(\.names) + unnamed {
      let exact = SQLIdentifier.unquoted(name) ?? name
      guard let field = table[name] ?? table[exact], case .userDefined(let type) = field.type,
        type.isVector
      else { continue }
      var array = "\(field.name) as array"
      while table[array] != nil { array += "'" }
      arrays[field.name] = array
    }
  }

  /// What feeds the inputs of `models`, with the arrays for the vectors.
  package func replaced(
    _ inputs: [String: InputColumns], table: StructType, models: [String]
  ) -> [String: InputColumns] {
    func array(_ name: String) -> String? {
      let exact = SQLIdentifier.unquoted(name) ?? name
      return (table[name] ?? table[exact]).flatMap { arrays[$0.name] }
    }
    var result = inputs.mapValues { InputColumns($0.names.map { array($0) ?? $0 }) }
    for name in models where inputs[name] == nil {
      if let column = array(name) { result[name] = [column] }
    }
    return result
  }
}
