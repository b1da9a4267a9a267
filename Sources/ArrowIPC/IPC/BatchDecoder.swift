import Tensors

/// Turns the body of a record batch message into columns: views over the body, every length and
/// offset checked against it.
struct BatchDecoder {
  /// Most rows of a type that takes no memory: one list may hold them all, and reading its value makes
  /// one of each.
  private static let maximumMemorylessRows = 1 << 24

  private let body: ArrowBuffer
  private let rowCount: Int
  private let nodes: [Int64]
  private let buffers: [Int64]
  private let variadicCounts: [Int64]
  private let compression: BodyCompression?
  private let dictionaries: [Int64: ArrowColumn]
  private var nextNode = 0
  private var nextBuffer = 0
  private var nextVariadic = 0

  /// - Parameters:
  ///   - table: the RecordBatch metadata.
  ///   - body: the message's body.
  ///   - dictionaries: the dictionaries received so far, by id.
  init(
    _ table: FlatbufferTable, body: ArrowBuffer, dictionaries: [Int64: ArrowColumn]
  ) throws {
    let length = try table.number(RecordBatchField.length, default: Int64(0))
    guard length >= 0, length < 1 << 48 else {
      throw ArrowError(.malformed, "a record batch of \(length) rows")
    }
    rowCount = Int(length)
    self.body = body
    self.dictionaries = dictionaries
    nodes = try table.numbers(RecordBatchField.nodes, width: 2)
    buffers = try table.numbers(RecordBatchField.buffers, width: 2)
    variadicCounts = try table.numbers(RecordBatchField.variadicCounts)
    compression = try table.table(RecordBatchField.compression).map { table in
      let codec = try table.number(0, default: Int8(0))
      guard let compression = BodyCompression(rawValue: codec) else {
        throw ArrowError(.unsupported, "the body is compressed with the unknown codec \(codec)")
      }
      return compression
    }
  }

  /// The batch under `schema`.
  ///
  /// - Throws: ``ArrowError`` naming the column that is damaged.
  mutating func batch(_ schema: ArrowSchema) throws -> RecordBatch {
    var columns: [ArrowColumn] = []
    columns.reserveCapacity(schema.fields.count)
    for field in schema.fields {
      do {
        let column = try column(field.type)
        guard column.count == rowCount else {
          throw ArrowError(
            .malformed, "the column has \(column.count) rows, the batch \(rowCount)")
        }
        columns.append(column)
      } catch let error as ArrowError {
        throw ArrowError(error.code, error.message, context: "column '\(field.name)'")
      }
    }
    return RecordBatch(unchecked: schema, columns: columns, rowCount: rowCount)
  }

  private mutating func node() throws -> (count: Int, nullCount: Int) {
    guard nextNode + 2 <= nodes.count else {
      throw ArrowError(.malformed, "the message describes too few columns")
    }
    let (count, nulls) = (nodes[nextNode], nodes[nextNode + 1])
    nextNode += 2
    // The bound keeps all later arithmetic on byte counts far from overflow.
    guard count >= 0, count < 1 << 48, nulls >= -1, nulls <= count else {
      throw ArrowError(.malformed, "a column of \(count) rows with \(nulls) nulls")
    }
    return (Int(count), Int(nulls))
  }

  private mutating func buffer() throws -> ArrowBuffer {
    guard nextBuffer + 2 <= buffers.count else {
      throw ArrowError(.malformed, "the message describes too few buffers")
    }
    let (offset, length) = (buffers[nextBuffer], buffers[nextBuffer + 1])
    nextBuffer += 2
    // Where no bytes lie does not matter.
    if length == 0 { return .empty }
    guard offset >= 0, length >= 0, length <= body.count, offset <= Int64(body.count) - length
    else {
      throw ArrowError(
        .malformed, "a buffer of \(length) bytes at \(offset) in a body of \(body.count) bytes")
    }
    let raw = body.slice(Int(offset)..<Int(offset + length))
    guard let compression else { return raw }
    return try compression.decompress(raw)
  }

  /// A buffer of at least `bytes` bytes, aligned for 64-bit elements.
  private mutating func buffer(atLeast bytes: Int, of what: String) throws -> ArrowBuffer {
    let buffer = try buffer()
    guard buffer.count >= bytes else {
      throw ArrowError(
        .malformed, "the \(what) take \(bytes) bytes, the buffer has \(buffer.count)")
    }
    return buffer.aligned()
  }

  private mutating func column(_ type: ArrowType) throws -> ArrowColumn {
    let (count, declaredNulls) = try node()
    // Rows of such types take no bytes, so the message's size does not bound their number.
    guard count <= Self.maximumMemorylessRows || type.takesMemory else {
      throw ArrowError(
        .limit, "\(count) rows of \(type); at most \(Self.maximumMemorylessRows) are taken")
    }
    if type == .null {
      return ArrowColumn(unchecked: .null, count: count, nullCount: count)
    }
    let validity = try validity(count, declaredNulls)
    let nulls = validity.map { count - Bitmap($0, count: count).setCount } ?? 0
    func made(
      _ buffers: [ArrowBuffer], _ children: [ArrowColumn] = [], dictionary: [ArrowColumn] = []
    ) -> ArrowColumn {
      ArrowColumn(
        unchecked: type, count: count, nullCount: nulls, validity: validity, buffers: buffers,
        children: children, dictionary: dictionary)
    }
    switch type {
    case .bool: return made([try buffer(atLeast: (count + 7) / 8, of: "values")])
    case .utf8, .binary, .largeUTF8, .largeBinary:
      let (offsets, end) = try offsets(count, type)
      return made([offsets, try buffer(atLeast: end, of: "values")])
    case .utf8View, .binaryView: return made(try views(count, validity))
    case .list, .map, .largeList:
      let (offsets, end) = try offsets(count, type)
      let child = try column(type.childFields[0].type)
      guard child.count >= end else {
        throw ArrowError(.malformed, "the lists take \(end) elements, there are \(child.count)")
      }
      return made([offsets], [child])
    case .fixedSizeList(let element, let width):
      let child = try column(element.type)
      let (needed, overflow) = count.multipliedReportingOverflow(by: width)
      guard !overflow, child.count >= needed else {
        throw ArrowError(
          .malformed, "\(count) lists of \(width) elements, but \(child.count) elements")
      }
      return made([], [child])
    case .structure(let fields):
      var children: [ArrowColumn] = []
      for field in fields {
        let child = try column(field.type)
        guard child.count >= count else {
          throw ArrowError(
            .malformed,
            "the field '\(field.name)' has \(child.count) rows, its struct has \(count)")
        }
        children.append(child)
      }
      return made([], children)
    case .dictionary(let id, let index, let value, _):
      let codes = try buffer(atLeast: count * (index.byteWidth ?? 1), of: "codes")
      let values = try dictionary(id, value, isUsed: nulls < count)
      try LayoutChecks.checkCodes(
        codes, index, 0..<count, validity: validity, valueCount: values.count)
      return made([codes], dictionary: [values])
    default:
      let (bytes, overflow) = count.multipliedReportingOverflow(by: type.byteWidth ?? 0)
      guard !overflow else { throw ArrowError(.malformed, "\(count) values of \(type)") }
      return made([try buffer(atLeast: bytes, of: "values")])
    }
  }

  private mutating func validity(_ count: Int, _ declaredNulls: Int) throws -> ArrowBuffer? {
    if declaredNulls == 0, nextBuffer + 2 <= buffers.count {
      nextBuffer += 2
      return nil
    }
    let bitmap = try buffer()
    if declaredNulls < 0, bitmap.count == 0 { return nil }
    guard bitmap.count >= (count + 7) / 8 else {
      throw ArrowError(
        .malformed,
        "the validity of \(count) rows takes \((count + 7) / 8) bytes, the buffer has "
          + "\(bitmap.count)")
    }
    return bitmap
  }

  /// The offsets of `count` rows, checked to begin at 0 or later and never to descend, and the last.
  private mutating func offsets(
    _ count: Int, _ type: ArrowType
  ) throws -> (ArrowBuffer, end: Int) {
    type.isLarge ? try offsets(count, Int64.self) : try offsets(count, Int32.self)
  }

  private mutating func offsets<Offset: FixedWidthInteger & BitwiseCopyable>(
    _ count: Int, _: Offset.Type
  ) throws -> (ArrowBuffer, end: Int) {
    let buffer = try buffer()
    // A column without rows may come without even its first offset.
    if count == 0, buffer.count < MemoryLayout<Offset>.size {
      return (ArrowBuffer(copying: [Offset(0)]), 0)
    }
    guard buffer.count / MemoryLayout<Offset>.size > count else {
      throw ArrowError(
        .malformed, "\(count) rows take \(count + 1) offsets, the buffer has \(buffer.count) bytes")
    }
    let aligned = buffer.aligned()
    return (aligned, try LayoutChecks.end(of: aligned, Offset.self, 0..<count))
  }

  private mutating func views(_ count: Int, _ validity: ArrowBuffer?) throws -> [ArrowBuffer] {
    let views = try buffer(atLeast: count * 16, of: "views")
    guard nextVariadic < variadicCounts.count else {
      throw ArrowError(.malformed, "a view column without a count of its buffers")
    }
    let variadic = variadicCounts[nextVariadic]
    nextVariadic += 1
    guard variadic >= 0, variadic <= (buffers.count - nextBuffer) / 2 else {
      throw ArrowError(.malformed, "a view column of \(variadic) buffers")
    }
    var data: [ArrowBuffer] = []
    for _ in 0..<variadic { data.append(try buffer()) }
    try LayoutChecks.checkViews(views, 0..<count, validity: validity, data: data)
    return [views] + data
  }

  private func dictionary(
    _ id: Int64, _ value: ArrowType, isUsed: Bool
  ) throws -> ArrowColumn {
    let dictionary = dictionaries[id] ?? ArrowColumn.empty(value)
    guard dictionary.type == value else {
      throw ArrowError(
        .malformed, "the dictionary \(id) holds \(dictionary.type), the column needs \(value)")
    }
    guard dictionaries[id] != nil || !isUsed else {
      throw ArrowError(.malformed, "the dictionary \(id) did not come before the batch")
    }
    return dictionary
  }
}

extension ArrowType {
  /// Whether rows of this type take bytes in some buffer.
  fileprivate var takesMemory: Bool {
    switch self {
    case .null, .fixedSizeBinary(byteWidth: 0), .fixedSizeList(_, count: 0): false
    case .fixedSizeList(let element, _): element.type.takesMemory
    case .structure(let fields): fields.contains { $0.type.takesMemory }
    default: true
    }
  }
}

extension ArrowBuffer {
  /// This buffer if its address is a multiple of `alignment`, else an aligned copy.
  func aligned(to alignment: Int = 8) -> ArrowBuffer {
    let address = Int(bitPattern: storage.baseAddress) + byteOffset
    return address.isMultiple(of: alignment) ? self : ArrowBuffer(concatenating: [self])
  }
}
