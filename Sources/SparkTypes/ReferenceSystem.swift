/// The names of spatial reference systems in Spark's JSON of types (`geometry(OGC:CRS84)`), where its own
/// texts have their numbers: those of Parquet's and Iceberg's spatial types.
enum ReferenceSystem {
  /// The name of the system with the number `srid`; `nil` is for values with systems of their own.
  static func name(_ srid: Int?) -> String {
    switch srid {
    case nil: "SRID:ANY"
    case 0: "SRID:0"
    case 4326: "OGC:CRS84"
    case let srid?: "EPSG:\(srid)"
    }
  }

  /// The type that JSON calls `text`; `nil` where that is no spatial type, or of a system without a number.
  static func type(_ text: String) -> DataType? {
    func number(in prefix: String, _ suffix: String) -> Int?? {
      guard text.hasPrefix(prefix), text.hasSuffix(suffix) else { return nil }
      let name = text.dropFirst(prefix.count).dropLast(suffix.count)
      switch name {
      case "SRID:ANY": return .some(nil)
      case "OGC:CRS84": return 4326
      default:
        let parts = name.split(separator: ":")
        guard parts.count == 2, ["SRID", "EPSG"].contains(parts[0]) else { return nil }
        return Int(parts[1]).map { .some($0) }
      }
    }
    if let srid = number(in: "geometry(", ")") { return .geometry(srid: srid) }
    if let srid = number(in: "geography(", ", SPHERICAL)") { return .geography(srid: srid) }
    return nil
  }
}
