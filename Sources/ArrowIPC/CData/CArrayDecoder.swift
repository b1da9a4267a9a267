import CArrow
import Tensors

/// Turns an array of the C data interface into a column: views of its memory, which they keep alive.
///
/// The interface says where buffers begin and not how long they are: a producer has made them long
/// enough for `length + offset` values. What the layout tells of a buffer's length is therefore taken for
/// it, and everything that refers to another buffer or a child is checked, as in messages of a stream.
/// A buffer's pointer may be NULL only if the buffer has no bytes, or holds the validity of rows of which
/// none is null ("The ArrowArray structure" in
/// https://arrow.apache.org/docs/format/CDataInterface.html).
struct CArrayDecoder {
  /// Rows and bytes beyond this are no array's. The bound keeps arithmetic on them from overflowing.
  private static let maximum = 1 << 47
  private let owner: COwner<ArrowCArray>

  init(_ owner: COwner<ArrowCArray>) { self.owner = owner }

  /// The base array as a column of `type`.
  ///
  /// - Throws: ``ArrowError`` if the array is damaged or of another type.
  func column(_ type: ArrowType) throws(ArrowError) -> ArrowColumn {
    try column(owner.pointer, type)
  }

  private func column(
    _ pointer: UnsafeMutablePointer<ArrowCArray>?, _ type: ArrowType
  ) throws(ArrowError) -> ArrowColumn {
    guard let array = pointer?.pointee, !array.isReleased else {
      throw ArrowError(.malformed, "the array is NULL or released")
    }
    let rows = try rows(of: array)
    try checkParts(of: array, type)
    if type == .null {
      return ArrowColumn(unchecked: .null, count: rows.count, nullCount: rows.count)
    }
    let (validity, nulls) = try validity(array, rows)
    func made(
      _ buffers: [ArrowBuffer], _ children: [ArrowColumn] = [], dictionary: [ArrowColumn] = []
    ) -> ArrowColumn {
      ArrowColumn(
        unchecked: type, count: rows.count, offset: rows.lowerBound, nullCount: nulls,
        validity: validity, buffers: buffers, children: children, dictionary: dictionary)
    }
    switch type {
    case .bool:
      return made([try buffer(array, 1, bytes: (rows.upperBound + 7) / 8, of: "values")])
    case .utf8, .binary, .largeUTF8, .largeBinary:
      let (offsets, end) = try offsets(array, rows, type)
      return made([offsets, try buffer(array, 2, bytes: end, of: "values", isAligned: false)])
    case .utf8View, .binaryView: return made(try views(array, rows, validity))
    case .list(let element), .map(let element, _), .largeList(let element):
      let (offsets, end) = try offsets(array, rows, type)
      return made([offsets], [try elements(array, element, end)])
    case .fixedSizeList(let element, let width):
      let end = try product(rows.upperBound, width, of: "elements")
      return made([], [try elements(array, element, end)])
    case .structure(let fields):
      return made([], try children(array, fields, rows.upperBound))
    case .dictionary(_, let index, let value, _):
      let width = index.byteWidth ?? 1
      let codes = try buffer(
        array, 1, bytes: try product(rows.upperBound, width, of: "bytes"), of: "codes")
      let values = try column(array.dictionary, value)
      try LayoutChecks.checkCodes(
        codes, index, rows, validity: validity, valueCount: values.count)
      return made([codes], dictionary: [values])
    default:
      let bytes = try product(rows.upperBound, type.byteWidth ?? 0, of: "bytes")
      return made([try buffer(array, 1, bytes: bytes, of: "values")])
    }
  }

  /// The places of the array's rows in its buffers; those of no rows are the first.
  private func rows(of array: ArrowCArray) throws(ArrowError) -> Range<Int> {
    guard (0...Int64(Self.maximum)).contains(array.length),
      (0...Int64(Self.maximum)).contains(array.offset), array.null_count >= -1,
      array.null_count <= array.length
    else {
      throw ArrowError(
        .malformed,
        "an array of \(array.length) rows from \(array.offset) on, \(array.null_count) of them null"
      )
    }
    if array.length == 0 { return 0..<0 }
    return Int(array.offset)..<Int(array.offset) + Int(array.length)
  }

  /// Checks that the array has as many buffers and children as its type says.
  private func checkParts(of array: ArrowCArray, _ type: ArrowType) throws(ArrowError) {
    let isView = type == .utf8View || type == .binaryView
    let wanted = type.cBufferCount
    guard isView ? array.n_buffers >= 3 : array.n_buffers == Int64(wanted),
      array.n_buffers < 1 << 31
    else {
      throw ArrowError(
        .malformed,
        "\(array.n_buffers) buffers; an array of \(type) has \(wanted)\(isView ? " or more" : "")")
    }
    guard array.n_buffers == 0 || array.buffers != nil else {
      throw ArrowError(.malformed, "the pointer to \(array.n_buffers) buffers is NULL")
    }
    let children = type.childFields.count
    let found = array.children == nil ? min(array.n_children, 0) : array.n_children
    guard found == Int64(children) else {
      throw ArrowError(.malformed, "\(found) children; an array of \(type) has \(children)")
    }
    var isDictionary = false
    if case .dictionary = type { isDictionary = true }
    guard isDictionary == (array.dictionary != nil) else {
      throw ArrowError(
        .malformed,
        isDictionary ? "an array of codes without a dictionary" : "a dictionary, but no codes")
    }
  }

  private func product(_ rows: Int, _ width: Int, of what: String) throws(ArrowError) -> Int {
    let (product, overflow) = rows.multipliedReportingOverflow(by: width)
    guard !overflow, product <= Self.maximum else {
      throw ArrowError(
        .malformed, "\(rows) rows of \(width) \(what) each are more than there is memory")
    }
    return product
  }

  /// The first `bytes` bytes of a buffer; a copy if it is not aligned for 64-bit elements although
  /// `isAligned` asks for it.
  private func buffer(
    _ array: ArrowCArray, _ index: Int, bytes: Int, of what: String, isAligned: Bool = true
  ) throws(ArrowError) -> ArrowBuffer {
    if bytes == 0 { return .empty }
    guard let start = array.buffers[index] else {
      throw ArrowError(.malformed, "the \(what) take \(bytes) bytes, and their pointer is NULL")
    }
    let storage = TensorStorage(
      foreign: UnsafeMutableRawPointer(mutating: start), byteCount: bytes
    ) { [owner] in withExtendedLifetime(owner) {} }
    let buffer = ArrowBuffer(storage)
    return isAligned ? buffer.aligned() : buffer
  }

  /// The bits of rows that are not null, and how many are null; a producer need not have counted them.
  private func validity(
    _ array: ArrowCArray, _ rows: Range<Int>
  ) throws(ArrowError) -> (ArrowBuffer?, nulls: Int) {
    if array.null_count == 0 || rows.isEmpty { return (nil, 0) }
    if array.null_count < 0, array.buffers[0] == nil { return (nil, 0) }
    let bits = try buffer(
      array, 0, bytes: (rows.upperBound + 7) / 8, of: "bits of nulls", isAligned: false)
    let valid = Bitmap(bits, offset: rows.lowerBound, count: rows.count).setCount
    return (bits, rows.count - valid)
  }

  private func offsets(
    _ array: ArrowCArray, _ rows: Range<Int>, _ type: ArrowType
  ) throws(ArrowError) -> (ArrowBuffer, end: Int) {
    type.isLarge ? try offsets(array, rows, Int64.self) : try offsets(array, rows, Int32.self)
  }

  /// The offsets of the rows, and where the last row ends.
  private func offsets<Offset: FixedWidthInteger & BitwiseCopyable>(
    _ array: ArrowCArray, _ rows: Range<Int>, _: Offset.Type
  ) throws(ArrowError) -> (ArrowBuffer, end: Int) {
    // Without rows the one offset may be left out too.
    if rows.isEmpty { return (ArrowBuffer(copying: [Offset(0)]), 0) }
    let bytes = try product(rows.upperBound + 1, MemoryLayout<Offset>.size, of: "bytes")
    let offsets = try buffer(array, 1, bytes: bytes, of: "offsets")
    return (offsets, try LayoutChecks.end(of: offsets, Offset.self, rows))
  }

  /// The views and the buffers behind them, whose lengths stand in one more buffer, the last.
  private func views(
    _ array: ArrowCArray, _ rows: Range<Int>, _ validity: ArrowBuffer?
  ) throws(ArrowError) -> [ArrowBuffer] {
    let bytes = try product(rows.upperBound, 16, of: "bytes")
    let views = try buffer(array, 1, bytes: bytes, of: "views")
    let count = Int(array.n_buffers) - 3
    var data: [ArrowBuffer] = []
    if count > 0 {
      let size = MemoryLayout<Int64>.size
      let sizes = try buffer(
        array, count + 2, bytes: count * size, of: "sizes of buffers", isAligned: false)
      for index in 0..<count {
        let length = sizes.withUnsafeBytes {
          $0.loadUnaligned(fromByteOffset: index * size, as: Int64.self)
        }
        guard (0...Int64(Self.maximum)).contains(length) else {
          throw ArrowError(.malformed, "a buffer of \(length) bytes")
        }
        data.append(
          try buffer(array, index + 2, bytes: Int(length), of: "values", isAligned: false))
      }
    }
    try LayoutChecks.checkViews(views, rows, validity: validity, data: data)
    return [views] + data
  }

  /// The child of lists, which has at least `end` rows.
  private func elements(
    _ array: ArrowCArray, _ field: ArrowField, _ end: Int
  ) throws(ArrowError) -> ArrowColumn {
    let child = try self.child(array, 0, field)
    guard child.count >= end else {
      throw ArrowError(.malformed, "the lists take \(end) elements, there are \(child.count)")
    }
    return child
  }

  /// The fields of structs, each of at least `end` rows.
  private func children(
    _ array: ArrowCArray, _ fields: [ArrowField], _ end: Int
  ) throws(ArrowError) -> [ArrowColumn] {
    var children: [ArrowColumn] = []
    for (index, field) in fields.enumerated() {
      let child = try self.child(array, index, field)
      guard child.count >= end else {
        throw ArrowError(
          .malformed,
          "the field '\(field.name)' has \(child.count) rows, its struct has \(end)")
      }
      children.append(child)
    }
    return children
  }

  private func child(
    _ array: ArrowCArray, _ index: Int, _ field: ArrowField
  ) throws(ArrowError) -> ArrowColumn {
    do throws(ArrowError) {
      return try column(array.children[index], field.type)
    } catch {
      throw error.within(field.name, isColumn: false)
    }
  }

  /// The base array, of structs, as a batch: rows that are structs cannot be null there.
  ///
  /// - Throws: ``ArrowError`` naming the column that is damaged.
  func batch(_ schema: ArrowSchema) throws(ArrowError) -> RecordBatch {
    let array = owner.pointer.pointee
    let type = ArrowType.structure(schema.fields)
    let rows = try rows(of: array)
    try checkParts(of: array, type)
    guard try validity(array, rows).nulls == 0 else {
      throw ArrowError(
        .unsupported, "rows of the batch are null as a whole; a batch has nulls in columns only")
    }
    var columns: [ArrowColumn] = []
    for (index, field) in schema.fields.enumerated() {
      do throws(ArrowError) {
        let column = try column(array.children[index], field.type)
        guard column.count >= rows.upperBound else {
          throw ArrowError(
            .malformed, "the column has \(column.count) rows, the batch \(rows.upperBound)")
        }
        columns.append(column.slice(rows))
      } catch {
        throw error.within(field.name, isColumn: true)
      }
    }
    return RecordBatch(unchecked: schema, columns: columns, rowCount: rows.count)
  }
}

extension ArrowType {
  /// How many buffers an array of the type has in the C data interface; those of views have one more for
  /// each buffer of bytes.
  fileprivate var cBufferCount: Int {
    switch self {
    case .null: 0
    case .structure, .fixedSizeList: 1
    case .utf8, .binary, .largeUTF8, .largeBinary, .utf8View, .binaryView: 3
    default: 2
    }
  }
}
