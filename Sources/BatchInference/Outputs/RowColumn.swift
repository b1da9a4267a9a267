import ArrowIPC
import SparkTypes

/// Rows of `Encodable` values as a column: the row form of results. Every row is checked.
struct RowColumn {
  private let request: OutputRequest

  init(_ request: OutputRequest) { self.request = request }

  func column(_ rows: [some Encodable]) throws -> ArrowColumn {
    var values: [ArrowValue] = []
    values.reserveCapacity(rows.count)
    for (row, element) in rows.enumerated() {
      do {
        values.append(try value(RowEncoder.encode(element), request, row))
      } catch let error as EncodingError {
        throw request.failure("the result cannot be encoded: \(error)", row: row)
      }
    }
    return try ArrowColumn(values, type: request.arrowType())
  }

  /// `encoded` as a value of the type that `request` asks for.
  private func value(
    _ encoded: EncodedValue, _ request: OutputRequest, _ row: Int
  ) throws -> ArrowValue {
    switch (request.type, encoded) {
    case (_, .null): return .null
    case (.struct(let fields), .object(let object)):
      let names = object.map(\.name)
      // A missing optional is not encoded at all.
      let missing = fields.fields.filter { !names.contains($0.name) && !$0.isNullable }
      let isKnown = names.allSatisfy { fields.names.contains($0) }
      let isEmpty = object.isEmpty && !fields.isEmpty
      if !isKnown || !missing.isEmpty || isEmpty {
        throw request.wrongNames(expected: fields.names, found: names, row: row)
      }
      return .structure(
        try fields.fields.map { field in
          let encoded = object.first { $0.name == field.name }?.value ?? .null
          let result = try value(encoded, request.field(field), row)
          if result == .null, !field.isNullable {
            throw request.field(field).failure(
              "the value is null, the field is declared without nulls", row: row)
          }
          return result
        })
    case (.struct, _): throw request.mismatch(encoded.kind)
    case (.array(let element, _), .list(let list)):
      var inner = request
      inner.type = element
      return .list(try list.map { try value($0, inner, row) })
    case (.array, _):
      throw request.failure(
        "Prediction results for ArrayType must be one-dimensional. Got: \(encoded.kind)", row: row)
    case (.binary, .list(let list)):
      return .binary(
        try list.map { element in
          guard case .integer(let number) = element, let byte = UInt8(exactly: number) else {
            throw wrong(encoded, request, row)
          }
          return byte
        })
    case (.boolean, .bool(let truth)): return .bool(truth)
    case (_, .string(let text)) where request.type.isString: return .string(text)
    case (.float, .float(let number)), (.double, .float(let number)): return .float(number)
    case (.float, .integer(let number)), (.double, .integer(let number)):
      return .float(Double(number))
    case (.byte, .integer(let number)) where Int8(exactly: number) != nil: return .int(number)
    case (.short, .integer(let number)) where Int16(exactly: number) != nil: return .int(number)
    case (.integer, .integer(let number)) where Int32(exactly: number) != nil: return .int(number)
    case (.long, .integer(let number)): return .int(number)
    case (.byte, .float(let number)), (.short, .float(let number)), (.integer, .float(let number)),
      (.long, .float(let number)):
      guard let integer = Int64(exactly: number.rounded(.towardZero)) else {
        throw wrong(encoded, request, row)
      }
      return try value(.integer(integer), request, row)
    default: throw wrong(encoded, request, row)
    }
  }

  private func wrong(
    _ encoded: EncodedValue, _ request: OutputRequest, _ row: Int
  ) -> InferenceError {
    request.failure(
      "Invalid scalar prediction result. The declared type is \(request.type), got: "
        + encoded.kind, row: row)
  }
}
