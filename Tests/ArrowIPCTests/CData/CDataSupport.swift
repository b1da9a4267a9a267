import ArrowIPC
import CArrow

/// Counts, in callbacks of C too.
final class Counter: @unchecked Sendable {
  private(set) var count = 0

  func add() { count += 1 }
}

/// A structure whose release is counted before it is done.
private final class Counted<Structure> {
  var structure: Structure
  let counter: Counter

  init(_ structure: Structure, _ counter: Counter) {
    self.structure = structure
    self.counter = counter
  }
}

/// Lets `counter` count the releases of the structure.
func count(_ array: inout ArrowCArray, _ counter: Counter) {
  array.private_data = Unmanaged.passRetained(Counted(array, counter)).toOpaque()
  array.release = { array in
    guard let array, let data = array.pointee.private_data else { return }
    let counted = Unmanaged<Counted<ArrowCArray>>.fromOpaque(data).takeRetainedValue()
    counted.counter.add()
    counted.structure.release(&counted.structure)
    array.pointee.release = nil
  }
}

/// Lets `counter` count the releases of the structure.
func count(_ schema: inout ArrowCSchema, _ counter: Counter) {
  schema.private_data = Unmanaged.passRetained(Counted(schema, counter)).toOpaque()
  schema.release = { schema in
    guard let schema, let data = schema.pointee.private_data else { return }
    let counted = Unmanaged<Counted<ArrowCSchema>>.fromOpaque(data).takeRetainedValue()
    counted.counter.add()
    counted.structure.release(&counted.structure)
    schema.pointee.release = nil
  }
}

/// The column after an export and an import, by its own type.
func exchanged(_ column: ArrowColumn) throws -> ArrowColumn {
  var array = ArrowCArray()
  column.export(to: &array)
  return try ArrowColumn(consuming: &array, type: column.type)
}

/// The batch after an export and an import, schema and all.
func exchanged(_ batch: RecordBatch) throws -> RecordBatch {
  var schema = ArrowCSchema()
  batch.schema.export(to: &schema)
  var array = ArrowCArray()
  batch.export(to: &array)
  return try RecordBatch(consuming: &array, schema: ArrowSchema(consuming: &schema))
}

extension ArrowSchema {
  /// The schema with the number 0 for each dictionary: the C data interface has no numbers.
  var unnumbered: ArrowSchema { ArrowSchema(fields.map(\.unnumbered), metadata: metadata) }
}

extension ArrowField {
  /// The field with the number 0 for each dictionary.
  var unnumbered: ArrowField {
    ArrowField(name, type.unnumbered, isNullable: isNullable, metadata: metadata)
  }
}

extension ArrowType {
  /// The type with the number 0 for each dictionary. An empty time zone is none.
  var unnumbered: ArrowType {
    switch self {
    case .dictionary(_, let index, let value, let isOrdered):
      .dictionary(id: 0, index: index, value: value.unnumbered, isOrdered: isOrdered)
    case .timestamp(let unit, ""): .timestamp(unit, timeZone: nil)
    case .list(let element): .list(element.unnumbered)
    case .largeList(let element): .largeList(element.unnumbered)
    case .fixedSizeList(let element, let count): .fixedSizeList(element.unnumbered, count: count)
    case .structure(let fields): .structure(fields.map(\.unnumbered))
    case .map(let entries, let keysSorted):
      .map(entries: entries.unnumbered, keysSorted: keysSorted)
    default: self
    }
  }
}
