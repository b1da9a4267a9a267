import ArrowIPC

/// Columns as files have them in the types in which Spark would send them.
enum ColumnConversion {
  /// The values of `column` as `type`, which ``TypeReading`` has found to fit.
  static func converted(
    _ column: ArrowColumn, to type: ArrowType
  ) throws(FileTableError) -> ArrowColumn {
    if column.type == type { return column }
    switch (column.type, type) {
    case (.null, _): return try nulls(column.count, type)
    case (.structure(let fields), .structure(let wanted)):
      return try structure(column, fields, wanted, type)
    case (.map, .map(let entries, _)):
      let pairs = column.children[0]
      let fields = entries.type.childFields
      guard pairs.children.count == 2, fields.count == 2 else { break }
      // Keys come first, whatever the file calls them.
      let made = [
        try converted(pairs.children[0], to: fields[0].type),
        try converted(pairs.children[1], to: fields[1].type),
      ]
      return rebuilt(column, type, [rebuilt(pairs, entries.type, made)])
    case (.list, .list(let element)):
      return rebuilt(column, type, [try converted(column.children[0], to: element.type)])
    case (.largeList, .list(let element)), (.fixedSizeList, .list(let element)):
      let child = try converted(column.children[0], to: element.type)
      return try lists(column, child, element)
    case (.timestamp(let unit, _), .timestamp(let wanted, _)) where unit == wanted:
      return column.retyped(type)
    case (.int32, .date32), (.duration(_), .int64), (.int64, .duration(.microsecond)),
      (.int32, .interval(.yearMonth)):
      return column.retyped(type)
    default:
      if isSimple(column.type), column.type.isExchangeable(with: type) {
        return try wrapped { try column.relaid(as: type) }
      }
    }
    return try cast(column, type)
  }

  private static func isSimple(_ type: ArrowType) -> Bool { type.isString || type.isBinary }

  /// A column of `count` nulls.
  static func nulls(_ count: Int, _ type: ArrowType) throws(FileTableError) -> ArrowColumn {
    try constant(.null, count, type)
  }

  static func constant(
    _ value: ArrowValue, _ count: Int, _ type: ArrowType
  ) throws(FileTableError) -> ArrowColumn {
    try wrapped { try ArrowColumn(Array(repeating: value, count: count), type: type) }
  }

  /// What Arrow's own casts do, on one column.
  private static func cast(
    _ column: ArrowColumn, _ type: ArrowType
  ) throws(FileTableError) -> ArrowColumn {
    var source = column
    var target = type
    // The zone of a timestamp is no part of its values, which are instants.
    if case .timestamp(_, nil) = column.type, case .timestamp(let unit, _) = type {
      target = .timestamp(unit, timeZone: nil)
    } else if case .timestamp(let unit, _) = column.type, case .timestamp(let wanted, nil) = type {
      source = column.retyped(.timestamp(unit, timeZone: nil))
      target = .timestamp(wanted, timeZone: nil)
    } else if case .timestamp(_, .some) = column.type, case .timestamp(let unit, let zone) = type {
      source = column
      target = .timestamp(unit, timeZone: zone)
    }
    let batch = try wrapped { try RecordBatch([("", source)]) }
    let result = try FileTables.cast(batch, to: ArrowSchema([ArrowField("", target)]))
    return result.columns[0].retyped(type)
  }

  private static func structure(
    _ column: ArrowColumn, _ fields: [ArrowField], _ wanted: [ArrowField], _ type: ArrowType
  ) throws(FileTableError) -> ArrowColumn {
    var children: [ArrowColumn] = []
    for field in wanted {
      if let index = try FieldMatching.field(field.name, in: fields, file: "the file") {
        children.append(try converted(column.children[index], to: field.type))
      } else {
        children.append(try nulls(column.offset + column.count, field.type))
      }
    }
    return rebuilt(column, type, children)
  }

  private static func rebuilt(
    _ column: ArrowColumn, _ type: ArrowType, _ children: [ArrowColumn]
  ) -> ArrowColumn {
    ArrowColumn(
      unchecked: type, count: column.count, offset: column.offset, nullCount: column.nullCount,
      validity: column.validity, buffers: column.buffers, children: children)
  }

  private static func lists(
    _ column: ArrowColumn, _ child: ArrowColumn, _ element: ArrowField
  ) throws(FileTableError) -> ArrowColumn {
    let inner = ArrowField("element", child.type)
    let source: ArrowType =
      switch column.type {
      case .fixedSizeList(_, let count): .fixedSizeList(inner, count: count)
      default: .largeList(inner)
      }
    return try wrapped { try rebuilt(column, source, [child]).relaid(as: .list(element)) }
  }

  static func wrapped<Value>(
    _ body: () throws -> Value
  ) throws(FileTableError) -> Value {
    do {
      return try body()
    } catch let error as FileTableError {
      throw error
    } catch {
      throw FileTableError(.schema, "\(error)")
    }
  }
}
