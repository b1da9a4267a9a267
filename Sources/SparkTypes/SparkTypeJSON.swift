import JSONText

/// Schemas in Spark's JSON: in the footers of its Parquet files, and as PySpark's `schema.json()`.
package enum SparkTypeJSON {
  /// The schema that `text` is.
  ///
  /// - Parameter keepsUnknown: whether a type that is not known here stays by its name, for tables of
  ///   which not every column is read.
  /// - Returns: `nil` for text that is no schema, or has a type that is not known and not kept.
  package static func schema(_ text: String, keepsUnknown: Bool = false) -> StructType? {
    guard let json = try? JSONValue(parsing: Array(text.utf8), rules: .strict),
      case .struct(let fields)? = Reading(keepsUnknown: keepsUnknown).type(json)
    else { return nil }
    return fields
  }

  /// The text of `schema`.
  package static func text(_ schema: StructType) -> String {
    String(decoding: json(.struct(schema)).encoded(), as: UTF8.self)
  }

  /// The text of `type` as PySpark reads it on a server without classes of the type's own: a collated,
  /// fixed or bounded string is a string, and a user-defined type is what it is stored as.
  package static func plainText(_ type: DataType) -> String {
    String(decoding: json(type.plain).encoded(), as: UTF8.self)
  }

  private static func json(_ type: DataType) -> JSONValue {
    switch type {
    case .struct(let fields):
      return .object([
        ("type", .string("struct")), ("fields", .array(fields.fields.map(json))),
      ])
    case .array(let element, let containsNull):
      return .object([
        ("type", .string("array")), ("elementType", json(element)),
        ("containsNull", .bool(containsNull)),
      ])
    case .map(let key, let value, let containsNull):
      return .object([
        ("type", .string("map")), ("keyType", json(key)), ("valueType", json(value)),
        ("valueContainsNull", .bool(containsNull)),
      ])
    case .userDefined(let type):
      var members: [(String, JSONValue)] = [("type", .string("udt"))]
      if let name = type.jvmClass { members.append(("class", .string(name))) }
      if let name = type.pythonClass { members.append(("pyClass", .string(name))) }
      if let text = type.serializedPythonClass {
        members.append(("serializedClass", .string(text)))
      }
      if let stored = type.storedType { members.append(("sqlType", json(stored))) }
      return .object(members)
    // JSON has names of its own for these.
    case .byte: return .string("byte")
    case .short: return .string("short")
    case .integer: return .string("integer")
    case .long: return .string("long")
    // By the names of their reference systems, and with the shape of the globe.
    case .geometry(let srid): return .string("geometry(\(ReferenceSystem.name(srid)))")
    case .geography(let srid):
      return .string("geography(\(ReferenceSystem.name(srid)), SPHERICAL)")
    default: return .string(type.ddl)
    }
  }

  private static func json(_ field: StructField) -> JSONValue {
    let metadata = field.metadata.flatMap {
      try? JSONValue(parsing: Array($0.utf8), rules: .strict)
    }
    return .object([
      ("name", .string(field.name)), ("type", json(field.type)),
      ("nullable", .bool(field.isNullable)), ("metadata", metadata ?? .object([])),
    ])
  }
}

extension DataType {
  /// The type without what a table declares only, or what Python has classes for.
  fileprivate var plain: DataType {
    switch self {
    case .collatedString, .char, .varchar: .string
    case .userDefined(let type): type.storedType.map(\.plain) ?? .unparsed(type.name)
    case .array(let element, let containsNull): .array(element.plain, containsNull: containsNull)
    case .map(let key, let value, let containsNull):
      .map(key.plain, value.plain, valueContainsNull: containsNull)
    case .struct(let fields):
      .struct(
        StructType(
          fields.map { StructField($0.name, $0.type.plain, isNullable: $0.isNullable) }))
    default: self
    }
  }
}

/// What reads one text.
private struct Reading {
  let keepsUnknown: Bool

  func type(_ json: JSONValue) -> DataType? {
    if let name = json.string {
      return (try? DataType(ddl: name)) ?? ReferenceSystem.type(name)
        ?? (keepsUnknown ? .unparsed(name) : nil)
    }
    switch json["type"]?.string {
    case "struct":
      var fields: [StructField] = []
      for field in json["fields"]?.elements ?? [] {
        guard let name = field["name"]?.string, let type = field["type"].flatMap(type) else {
          return nil
        }
        let metadata = field["metadata"].flatMap { json in
          json.members?.isEmpty ?? true ? nil : String(decoding: json.encoded(), as: UTF8.self)
        }
        fields.append(
          StructField(
            name, type, isNullable: field["nullable"]?.boolean ?? true, metadata: metadata))
      }
      return .struct(StructType(fields))
    case "array":
      return json["elementType"].flatMap(type).map {
        .array($0, containsNull: json["containsNull"]?.boolean ?? true)
      }
    case "map":
      guard let key = json["keyType"].flatMap(type), let value = json["valueType"].flatMap(type)
      else { return nil }
      return .map(key, value, valueContainsNull: json["valueContainsNull"]?.boolean ?? true)
    case "udt":
      let stored = json["sqlType"].flatMap(type)
      guard stored != nil || keepsUnknown else { return nil }
      return .userDefined(
        UserDefinedType(
          jvmClass: json["class"]?.string, pythonClass: json["pyClass"]?.string,
          serializedPythonClass: json["serializedClass"]?.string, sqlType: stored))
    default: return nil
    }
  }
}
