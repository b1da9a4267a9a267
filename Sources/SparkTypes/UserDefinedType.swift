/// A type that a library adds to Spark: a class whose objects are stored in the form of another type.
public struct UserDefinedType: Sendable, Hashable, Codable {
  /// The class on the JVM, for example `org.apache.spark.ml.linalg.VectorUDT`.
  public var jvmClass: String?
  /// The class in Python.
  public var pythonClass: String?
  /// The pickled class, of types that are defined in Python alone.
  public var serializedPythonClass: String?
  /// The type of the stored values, where the server tells it.
  public var sqlType: DataType?

  public init(
    jvmClass: String? = nil, pythonClass: String? = nil, serializedPythonClass: String? = nil,
    sqlType: DataType? = nil
  ) {
    self.jvmClass = jvmClass
    self.pythonClass = pythonClass
    self.serializedPythonClass = serializedPythonClass
    self.sqlType = sqlType
  }

  /// Spark's short name: `vector` and `matrix` for those of its machine learning, else `udt`.
  public var simpleName: String {
    switch className {
    case "VectorUDT": "vector"
    case "MatrixUDT": "matrix"
    default: "udt"
    }
  }

  /// The name in messages: that of the class.
  public var name: String { jvmClass ?? pythonClass ?? "udt" }

  /// Whether values are Spark ML's vectors.
  public var isVector: Bool { simpleName == "vector" }

  /// The type of the stored values. Servers do not tell it of Spark ML's own types, which have been
  /// the same since Spark 2 (`VectorUDT` and `MatrixUDT`, their `sqlType`).
  public var storedType: DataType? {
    if let sqlType { return sqlType }
    let indices = DataType.array(.integer, containsNull: false)
    let values = DataType.array(.double, containsNull: false)
    switch className {
    case "VectorUDT":
      return .struct([
        StructField("type", .byte, isNullable: false), StructField("size", .integer),
        StructField("indices", indices), StructField("values", values),
      ])
    case "MatrixUDT":
      return .struct([
        StructField("type", .byte, isNullable: false),
        StructField("numRows", .integer, isNullable: false),
        StructField("numCols", .integer, isNullable: false),
        StructField("colPtrs", indices), StructField("rowIndices", indices),
        StructField("values", values), StructField("isTransposed", .boolean, isNullable: false),
      ])
    default: return nil
    }
  }

  /// The last part of the name, of Spark's own packages only.
  private var className: Substring? {
    guard let jvmClass, jvmClass.hasPrefix("org.apache.spark.ml") else { return nil }
    return jvmClass.split(separator: ".").last
  }
}

/// A type that this package does not know, as the server described it.
public struct UnknownDataType: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The number of the kind in `DataType` of Spark's protocol; `nil` if the server named none.
  public var kind: Int?
  /// The description in the protocol's form, which goes back to the server as it came.
  public var message: [UInt8]

  public init(kind: Int?, message: [UInt8]) {
    self.kind = kind
    self.message = message
  }

  public var description: String {
    "a type that is unknown to this version of Needletail (kind \(kind.map(String.init) ?? "missing") "
      + "of Spark Connect's types)"
  }
}

extension DataType {
  /// Spark ML's vectors.
  public static let vector = DataType.userDefined(
    UserDefinedType(
      jvmClass: "org.apache.spark.ml.linalg.VectorUDT",
      pythonClass: "pyspark.ml.linalg.VectorUDT"))

  /// Stands for any reference system of spatial types in Spark's protocol.
  package static let anySRID = -1

  /// The type whose form values of this type have in results: structs for variants (`value`,
  /// `metadata`), spatial objects (`srid`, `wkb`) and Spark ML's vectors; itself for all others.
  public var storedType: DataType {
    switch self {
    case .variant:
      .struct([
        StructField("value", .binary, isNullable: false),
        StructField("metadata", .binary, isNullable: false),
      ])
    case .geometry, .geography:
      .struct([
        StructField("srid", .integer, isNullable: false),
        StructField("wkb", .binary, isNullable: false),
      ])
    case .userDefined(let type): type.storedType ?? self
    default: self
    }
  }
}
