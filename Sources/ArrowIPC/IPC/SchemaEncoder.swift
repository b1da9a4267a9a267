/// Writes schemas in their FlatBuffers form.
struct SchemaEncoder {
  private var builder: FlatbufferBuilder

  /// Appends `schema` to `builder`.
  static func encode(
    _ schema: ArrowSchema, into builder: inout FlatbufferBuilder
  ) -> FlatbufferBuilder.Reference {
    var encoder = SchemaEncoder(builder: builder)
    let fields = schema.fields.map { encoder.field($0) }
    let vector = encoder.builder.vector(fields)
    let metadata = encoder.metadata(schema.metadata)
    let table = encoder.builder.table([nil, .reference(vector), metadata])
    builder = encoder.builder
    return table
  }

  private mutating func metadata(_ entries: [String: String]) -> FlatbufferBuilder.Value? {
    if entries.isEmpty { return nil }
    let pairs = entries.sorted { $0.key < $1.key }.map { entry in
      let key = builder.string(entry.key)
      let value = builder.string(entry.value)
      return builder.table([.reference(key), .reference(value)])
    }
    return .reference(builder.vector(pairs))
  }

  private mutating func field(_ field: ArrowField) -> FlatbufferBuilder.Reference {
    var type = field.type
    var dictionary: FlatbufferBuilder.Value?
    if case .dictionary(let id, let index, let value, let isOrdered) = type {
      let (_, indexFields) = self.type(index)
      let indexTable = builder.table(indexFields)
      let encoding = builder.table([
        .long(id), .reference(indexTable), isOrdered ? .byte(1) : nil,
      ])
      dictionary = .reference(encoding)
      type = value
    }
    let children = type.childFields.map { self.field($0) }
    let childVector = builder.vector(children)
    let (kind, typeFields) = self.type(type)
    let typeTable = builder.table(typeFields)
    let name = builder.string(field.name)
    let metadata = metadata(field.metadata)
    return builder.table([
      .reference(name), field.isNullable ? .byte(1) : nil, .byte(kind.rawValue),
      .reference(typeTable), dictionary, .reference(childVector), metadata,
    ])
  }

  private mutating func type(_ type: ArrowType) -> (TypeKind, [FlatbufferBuilder.Value?]) {
    switch type {
    case .null: return (.null, [])
    case .bool: return (.bool, [])
    case .int8, .int16, .int32, .int64:
      return (.int, [.integer(Int32((type.byteWidth ?? 0) * 8)), .byte(1)])
    case .uint8, .uint16, .uint32, .uint64:
      return (.int, [.integer(Int32((type.byteWidth ?? 0) * 8))])
    case .float16: return (.floatingPoint, [.short(0)])
    case .float32: return (.floatingPoint, [.short(1)])
    case .float64: return (.floatingPoint, [.short(2)])
    case .decimal(let bits, let precision, let scale):
      return (
        .decimal, [.integer(Int32(precision)), .integer(Int32(scale)), .integer(Int32(bits))]
      )
    case .date32: return (.date, [.short(0)])
    case .date64: return (.date, [.short(1)])
    case .time32(let unit): return (.time, [.short(unit.rawValue), .integer(32)])
    case .time64(let unit): return (.time, [.short(unit.rawValue), .integer(64)])
    case .timestamp(let unit, let zone):
      let zone = zone.map { FlatbufferBuilder.Value.reference(builder.string($0)) }
      return (.timestamp, [.short(unit.rawValue), zone])
    case .duration(let unit): return (.duration, [.short(unit.rawValue)])
    case .interval(let unit): return (.interval, [.short(unit.rawValue)])
    case .utf8: return (.utf8, [])
    case .largeUTF8: return (.largeUTF8, [])
    case .utf8View: return (.utf8View, [])
    case .binary: return (.binary, [])
    case .largeBinary: return (.largeBinary, [])
    case .binaryView: return (.binaryView, [])
    case .fixedSizeBinary(let width): return (.fixedSizeBinary, [.integer(Int32(width))])
    case .list: return (.list, [])
    case .largeList: return (.largeList, [])
    case .fixedSizeList(_, let count): return (.fixedSizeList, [.integer(Int32(count))])
    case .structure: return (.structure, [])
    case .map(_, let keysSorted): return (.map, [keysSorted ? .byte(1) : nil])
    case .dictionary(_, _, let value, _): return self.type(value)
    }
  }
}
