import ArrowIPC
import Models
import SparkTypes
import Tensors

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
        throw request.failure("the result cannot be encoded: \(error)", row: row, cause: error)
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
    case (.array(let element, let containsNull), .list(let list)):
      var inner = request
      inner.type = element
      let values = try list.map { try value($0, inner, row) }
      if !containsNull, let index = values.firstIndex(of: .null) {
        throw request.failure(
          "element \(index) is null, the array is declared without nulls", row: row)
      }
      return .list(values)
    case (.array, _):
      throw request.failure(
        "Prediction results for ArrayType must be one-dimensional. Got: \(encoded.kind)", row: row)
    case (.binary, .list(let list)):
      return .binary(
        try list.map { element in
          guard case .leaf(.int(let number), _) = element, let byte = UInt8(exactly: number) else {
            throw wrong(encoded, request, row)
          }
          return byte
        })
    case (.boolean, .leaf(.bool(let truth), _)): return .bool(truth)
    case (_, .leaf(.string(let text), _)) where request.type.isString: return .string(text)
    case (.float, .leaf(.float(let number), _)), (.double, .leaf(.float(let number), _)):
      return .float(number)
    case (.float, .leaf(.int(let number), _)), (.double, .leaf(.int(let number), _)):
      return .int(number)
    case (.float, .leaf(.uint(let number), _)), (.double, .leaf(.uint(let number), _)):
      return .uint(number)
    case (.byte, .leaf(.int(let number), _)) where Int8(exactly: number) != nil,
      (.short, .leaf(.int(let number), _)) where Int16(exactly: number) != nil,
      (.integer, .leaf(.int(let number), _)) where Int32(exactly: number) != nil,
      (.long, .leaf(.int(let number), _)):
      return .int(number)
    case (.byte, .leaf(.uint(let number), _)): return try whole(number, Int8.self, request, row)
    case (.short, .leaf(.uint(let number), _)): return try whole(number, Int16.self, request, row)
    case (.integer, .leaf(.uint(let number), _)): return try whole(number, Int32.self, request, row)
    case (.long, .leaf(.uint(let number), _)): return try whole(number, Int64.self, request, row)
    case (.byte, .leaf(.int(let number), _)): return try whole(number, Int8.self, request, row)
    case (.short, .leaf(.int(let number), _)): return try whole(number, Int16.self, request, row)
    case (.integer, .leaf(.int(let number), _)): return try whole(number, Int32.self, request, row)
    case (.byte, .leaf(.float(let number), _)): return try whole(number, Int8.self, request, row)
    case (.short, .leaf(.float(let number), _)): return try whole(number, Int16.self, request, row)
    case (.integer, .leaf(.float(let number), _)):
      return try whole(number, Int32.self, request, row)
    case (.long, .leaf(.float(let number), _)): return try whole(number, Int64.self, request, row)
    default: throw wrong(encoded, request, row)
    }
  }

  private func whole<Source: NumericTensorElement, Target: NumericTensorElement>(
    _ number: Source, _: Target.Type, _ request: OutputRequest, _ row: Int
  ) throws -> ArrowValue {
    do {
      return ArrowColumn(try Tensor([number]).converted(to: Target.self)).value(at: 0)
    } catch {
      throw request.misfit(error, row: row)
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

extension EncodedValue {
  /// The value's kind for messages.
  fileprivate var kind: String {
    switch self {
    case .null: "null"
    case .leaf(.bool(let truth), _): "the boolean \(truth)"
    case .leaf(.int(let number), _): "the number \(number)"
    case .leaf(.uint(let number), _): "the number \(number)"
    case .leaf(.float(let number), _): "the number \(number)"
    case .leaf: "a string"
    case .list(let list): "a list of \(list.count) elements"
    case .object(let object): "an object with \(object.map(\.name))"
    case .map(let entries): "a map of \(entries.count) entries"
    }
  }
}
