/// Builds a column of any type from single values.
struct ColumnBuilder {
  let values: [ArrowValue]
  let type: ArrowType

  func column() throws -> ArrowColumn {
    let nulls = values.count { $0 == .null }
    func made(
      _ buffers: [ArrowBuffer], _ children: [ArrowColumn] = [], dictionary: [ArrowColumn] = []
    ) -> ArrowColumn {
      ArrowColumn(
        unchecked: type, count: values.count, nullCount: nulls,
        validity: nulls == 0 || type == .null ? nil : Bitmap(values.map { $0 != .null }).buffer,
        buffers: buffers, children: children, dictionary: dictionary)
    }
    switch type {
    case .null:
      _ = try collect { _ in nil as Int? }
      return made([])
    case .bool:
      let bits = try collect { if case .bool(let bit) = $0 { bit } else { nil } }
      return made([Bitmap(bits.map { $0 ?? false }).buffer])
    case .int8: return made([try integers(Int8.self)])
    case .int16: return made([try integers(Int16.self)])
    case .int32, .date32, .time32: return made([try integers(Int32.self)])
    case .int64, .date64, .time64, .timestamp, .duration: return made([try integers(Int64.self)])
    case .uint8: return made([try integers(UInt8.self)])
    case .uint16: return made([try integers(UInt16.self)])
    case .uint32: return made([try integers(UInt32.self)])
    case .uint64: return made([try integers(UInt64.self)])
    case .float16: return made([try floats(Float16.self)])
    case .float32: return made([try floats(Float.self)])
    case .float64: return made([try floats(Double.self)])
    case .decimal(let bits, _, let scale):
      let bytes = try collect { value -> [UInt8]? in
        guard case .decimal(let decimal) = value, decimal.scale == scale else { return nil }
        return Self.resized(decimal.bytes, bits / 8)
      }
      let zero = [UInt8](repeating: 0, count: bits / 8)
      return made([ArrowBuffer(copying: bytes.flatMap { $0 ?? zero })])
    case .interval(let unit):
      let bytes = try collect { value -> [UInt8]? in
        guard case .interval(let months, let days, let nanoseconds) = value else { return nil }
        switch unit {
        case .yearMonth: return Self.bytes(months)
        case .dayTime:
          return Int32(exactly: nanoseconds / 1_000_000).map {
            Self.bytes(days) + Self.bytes($0)
          }
        case .monthDayNano:
          return Self.bytes(months) + Self.bytes(days) + Self.bytes(nanoseconds)
        }
      }
      let zero = [UInt8](repeating: 0, count: type.byteWidth ?? 0)
      return made([ArrowBuffer(copying: bytes.flatMap { $0 ?? zero })])
    case .utf8, .binary, .largeUTF8, .largeBinary:
      let items = try bytes()
      return made([try offsets(items), ArrowBuffer(copying: items.flatMap { $0 ?? [] })])
    case .utf8View, .binaryView: return made(Self.views(try bytes()))
    case .fixedSizeBinary(let width):
      let items = try collect { value -> [UInt8]? in
        if case .binary(let bytes) = value, bytes.count == width { bytes } else { nil }
      }
      let zero = [UInt8](repeating: 0, count: width)
      return made([ArrowBuffer(copying: items.flatMap { $0 ?? zero })])
    case .list(let element), .largeList(let element):
      let lists = try collect { if case .list(let list) = $0 { list } else { nil } }
      let child = try ArrowColumn(lists.flatMap { $0 ?? [] }, type: element.type)
      return made([try offsets(lists)], [child])
    case .fixedSizeList(let element, let width):
      let lists = try collect { value -> [ArrowValue]? in
        if case .list(let list) = value, list.count == width { list } else { nil }
      }
      let absent = [ArrowValue](repeating: .null, count: width)
      return made([], [try ArrowColumn(lists.flatMap { $0 ?? absent }, type: element.type)])
    case .structure(let fields):
      let rows = try collect { value -> [ArrowValue]? in
        if case .structure(let row) = value, row.count == fields.count { row } else { nil }
      }
      return made(
        [],
        try fields.indices.map { index in
          try ArrowColumn(rows.map { $0?[index] ?? .null }, type: fields[index].type)
        })
    case .map(let entries, _):
      let maps = try collect { value -> [ArrowValue]? in
        guard case .map(let pairs) = value else { return nil }
        return pairs.map { .structure([$0.key, $0.value]) }
      }
      let child = try ArrowColumn(maps.flatMap { $0 ?? [] }, type: entries.type)
      return made([try offsets(maps)], [child])
    case .dictionary(_, let index, let value, _):
      var codes: [ArrowValue: Int64] = [:]
      var distinct: [ArrowValue] = []
      for item in values where item != .null && codes[item] == nil {
        codes[item] = Int64(distinct.count)
        distinct.append(item)
      }
      let coded = values.map { codes[$0].map { ArrowValue.int($0) } ?? .int(0) }
      return made(
        try ArrowColumn(coded, type: index).buffers,
        dictionary: [try ArrowColumn(distinct, type: value)])
    }
  }

  /// What `extract` finds in each value that is not null.
  private func collect<Item>(_ extract: (ArrowValue) throws -> Item?) throws -> [Item?] {
    try values.enumerated().map { row, value in
      if value == .null { return nil }
      guard let item = try extract(value) else {
        throw ArrowError(
          .invalidArgument, "row \(row) has the value \(value), which is no \(type)")
      }
      return item
    }
  }

  private func integers<Number: FixedWidthInteger & BitwiseCopyable>(
    _: Number.Type
  ) throws -> ArrowBuffer {
    let numbers = try collect { value -> Number? in
      switch value {
      case .int(let number): Number(exactly: number)
      case .uint(let number): Number(exactly: number)
      default: nil
      }
    }
    return ArrowBuffer(copying: numbers.map { $0 ?? 0 })
  }

  private func floats<Number: BinaryFloatingPoint & BitwiseCopyable>(
    _: Number.Type
  ) throws -> ArrowBuffer {
    let numbers = try collect { value -> Number? in
      switch value {
      case .float(let number): Number(number)
      // Not by way of doubles, which would round twice.
      case .int(let number): Number(number)
      case .uint(let number): Number(number)
      default: nil
      }
    }
    return ArrowBuffer(copying: numbers.map { $0 ?? 0 })
  }

  private func bytes() throws -> [[UInt8]?] {
    try collect { value in
      switch value {
      case .string(let string) where type.isString: Array(string.utf8)
      case .binary(let bytes) where !type.isString: bytes
      default: nil
      }
    }
  }

  private func offsets(_ items: [(some Collection)?]) throws -> ArrowBuffer {
    let counts = items.map { $0?.count ?? 0 }
    return type.isLarge
      ? try Self.offsets(counts, Int64.self) : try Self.offsets(counts, Int32.self)
  }

  private static func offsets<Offset: FixedWidthInteger & BitwiseCopyable>(
    _ counts: [Int], _: Offset.Type
  ) throws -> ArrowBuffer {
    var offsets: [Offset] = [0]
    var end = 0
    for count in counts {
      end += count
      guard let offset = Offset(exactly: end) else {
        throw ArrowError(.limit, "the values take \(end) bytes or more; use a large type")
      }
      offsets.append(offset)
    }
    return ArrowBuffer(copying: offsets)
  }

  private static func views(_ items: [[UInt8]?]) -> [ArrowBuffer] {
    var views: [UInt8] = []
    var data: [UInt8] = []
    for item in items.map({ $0 ?? [] }) {
      views += bytes(Int32(item.count))
      if item.count <= 12 {
        views += item + [UInt8](repeating: 0, count: 12 - item.count)
      } else {
        views += item[..<4] + bytes(Int32(0)) + bytes(Int32(data.count))
        data += item
      }
    }
    return [ArrowBuffer(copying: views)] + (data.isEmpty ? [] : [ArrowBuffer(copying: data)])
  }

  private static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  /// The two's complement integer in `bytes` in `width` bytes.
  private static func resized(_ bytes: [UInt8], _ width: Int) -> [UInt8]? {
    let fill: UInt8 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : 0xFF
    if bytes.count <= width {
      return bytes + [UInt8](repeating: fill, count: width - bytes.count)
    }
    return bytes[width...].allSatisfy { $0 == fill } ? Array(bytes[..<width]) : nil
  }
}
