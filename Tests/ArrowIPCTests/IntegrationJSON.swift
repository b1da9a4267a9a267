import ArrowIPC

/// Arrow's JSON integration format: schemas, and columns as lists of validity, offsets and data.
struct IntegrationJSON {
  let schema: ArrowSchema
  private let root: JSON
  private let dictionaries: [Int64: JSON]

  init(_ root: JSON) {
    self.root = root
    schema = ArrowSchema(
      root["schema"]["fields"].array.map(Self.field), metadata: Self.metadata(root["schema"]))
    dictionaries = Dictionary(
      root["dictionaries"].array.map { ($0["id"].int, $0["data"]["columns"].array[0]) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The values of all columns of all batches.
  func batches() -> [[[ArrowValue]]] {
    root["batches"].array.map { batch in
      zip(schema.fields, batch["columns"].array).map { values($1, $0.type) }
    }
  }

  private static func metadata(_ json: JSON) -> [String: String] {
    Dictionary(
      json["metadata"].array.map { ($0["key"].string, $0["value"].string) },
      uniquingKeysWith: { _, last in last })
  }

  private static func field(_ json: JSON) -> ArrowField {
    var type = type(json["type"], json["children"].array.map(field))
    let encoding = json["dictionary"]
    if encoding.exists {
      type = .dictionary(
        id: encoding["id"].int, index: self.type(encoding["indexType"], []), value: type,
        isOrdered: encoding["isOrdered"].bool)
    }
    return ArrowField(
      json["name"].string, type, isNullable: json["nullable"].bool, metadata: metadata(json))
  }

  private static func type(_ json: JSON, _ children: [ArrowField]) -> ArrowType {
    let bits = json["bitWidth"].int
    let unit: ArrowType.TimeUnit =
      switch json["unit"].string {
      case "SECOND": .second
      case "MILLISECOND": .millisecond
      case "MICROSECOND": .microsecond
      default: .nanosecond
      }
    switch json["name"].string {
    case "null": return .null
    case "bool": return .bool
    case "int":
      let signed: [Int64: ArrowType] = [8: .int8, 16: .int16, 32: .int32, 64: .int64]
      let unsigned: [Int64: ArrowType] = [8: .uint8, 16: .uint16, 32: .uint32, 64: .uint64]
      return (json["isSigned"].bool ? signed[bits] : unsigned[bits]) ?? .null
    case "floatingpoint":
      return switch json["precision"].string {
      case "HALF": .float16
      case "SINGLE": .float32
      default: .float64
      }
    case "decimal":
      return .decimal(
        bitWidth: bits == 0 ? 128 : Int(bits), precision: Int(json["precision"].int),
        scale: Int(json["scale"].int))
    case "date": return json["unit"].string == "DAY" ? .date32 : .date64
    case "time": return bits == 32 ? .time32(unit) : .time64(unit)
    case "timestamp":
      return .timestamp(
        unit, timeZone: json["timezone"].exists ? json["timezone"].string : nil)
    case "duration": return .duration(unit)
    case "interval":
      return switch json["unit"].string {
      case "YEAR_MONTH": .interval(.yearMonth)
      case "DAY_TIME": .interval(.dayTime)
      default: .interval(.monthDayNano)
      }
    case "utf8": return .utf8
    case "largeutf8": return .largeUTF8
    case "utf8view": return .utf8View
    case "binary": return .binary
    case "largebinary": return .largeBinary
    case "binaryview": return .binaryView
    case "fixedsizebinary": return .fixedSizeBinary(byteWidth: Int(json["byteWidth"].int))
    case "list": return .list(children[0])
    case "largelist": return .largeList(children[0])
    case "fixedsizelist": return .fixedSizeList(children[0], count: Int(json["listSize"].int))
    case "struct": return .structure(children)
    case "map": return .map(entries: children[0], keysSorted: json["keysSorted"].bool)
    default: return .null
    }
  }

  private func values(_ json: JSON, _ type: ArrowType) -> [ArrowValue] {
    let count = Int(json["count"].int)
    if type == .null { return Array(repeating: .null, count: count) }
    let validity = json["VALIDITY"].array
    let present = presentValues(json, type, count)
    return (0..<count).map { validity[$0].bool ? present[$0] : .null }
  }

  /// The values of all rows, whatever stands in those that are null.
  private func presentValues(_ json: JSON, _ type: ArrowType, _ count: Int) -> [ArrowValue] {
    let data = json["DATA"].array
    let offsets = json["OFFSET"].array.map { Int($0.int) }
    let children = zip(type.childFields, json["children"].array).map { values($1, $0.type) }
    switch type {
    case .list, .largeList:
      return (0..<count).map { .list(Array(children[0][offsets[$0]..<offsets[$0 + 1]])) }
    case .fixedSizeList(_, let width):
      return (0..<count).map { .list(Array(children[0][$0 * width..<($0 + 1) * width])) }
    case .structure:
      return (0..<count).map { row in .structure(children.map { $0[row] }) }
    case .map(let entries, _):
      let pair = zip(entries.type.childFields, json["children"].array[0]["children"].array)
        .map { values($1, $0.type) }
      return (0..<count).map { row in
        .map((offsets[row]..<offsets[row + 1]).map { (pair[0][$0], pair[1][$0]) })
      }
    case .dictionary(let id, _, let value, _):
      guard let column = dictionaries[id] else { return Array(repeating: .null, count: count) }
      let entries = values(column, value)
      return data.map { entries.indices.contains(Int($0.int)) ? entries[Int($0.int)] : .null }
    case .utf8View, .binaryView:
      let buffers = json["VARIADIC_DATA_BUFFERS"].array.map(\.hex)
      return json["VIEWS"].array.map { view in
        if view["INLINED"].exists {
          return type == .utf8View
            ? .string(view["INLINED"].string) : .binary(view["INLINED"].hex)
        }
        let start = Int(view["OFFSET"].int)
        let bytes = Array(
          buffers[Int(view["BUFFER_INDEX"].int)][start..<start + Int(view["SIZE"].int)])
        return type == .utf8View ? .string(String(decoding: bytes, as: UTF8.self)) : .binary(bytes)
      }
    default: return data.map { scalar($0, type) }
    }
  }

  private func scalar(_ json: JSON, _ type: ArrowType) -> ArrowValue {
    switch type {
    case .bool: return .bool(json.bool)
    case .uint8, .uint16, .uint32, .uint64: return .uint(json.uint)
    case .float16: return .float(Double(Float16(json.double)))
    case .float32: return .float(Double(Float(json.double)))
    case .float64: return .float(json.double)
    case .decimal(let bits, _, let scale):
      var decimal = ArrowDecimal(json.string, byteWidth: bits / 8, scale: 0)
      decimal?.scale = scale
      return decimal.map { .decimal($0) } ?? .null
    case .interval(.yearMonth):
      return .interval(months: Int32(json.int), days: 0, nanoseconds: 0)
    case .interval(.dayTime):
      return .interval(
        months: 0, days: Int32(json["days"].int),
        nanoseconds: json["milliseconds"].int * 1_000_000)
    case .interval(.monthDayNano):
      return .interval(
        months: Int32(json["months"].int), days: Int32(json["days"].int),
        nanoseconds: json["nanoseconds"].int)
    case .utf8, .largeUTF8: return .string(json.string)
    case .binary, .largeBinary, .fixedSizeBinary: return .binary(json.hex)
    default: return .int(json.int)
    }
  }
}
