import Tensors

extension ArrowType {
  /// Whether columns of both types hold the same values, whatever their layout: names of list
  /// elements, nullability and time zones may differ, and so may the widths of offsets.
  package func isExchangeable(with other: ArrowType) -> Bool {
    if isString { return other.isString }
    if isBinary { return other.isBinary }
    if case .fixedSizeList(_, let count) = other {
      guard case .fixedSizeList(_, count) = self else { return false }
    }
    if let element = listElement {
      return other.listElement.map { element.type.isExchangeable(with: $0.type) } ?? false
    }
    switch (self, other) {
    case (.structure(let fields), .structure(let others)):
      return fields.map(\.name) == others.map(\.name)
        && zip(fields, others).allSatisfy { $0.type.isExchangeable(with: $1.type) }
    case (.map(let entries, _), .map(let others, _)):
      return zip(entries.type.childFields, others.type.childFields).allSatisfy {
        $0.type.isExchangeable(with: $1.type)
      }
    case (.timestamp(let unit, let zone), .timestamp(let other, let otherZone)):
      return unit == other && (zone == nil) == (otherZone == nil)
    default: return self == other
    }
  }

  /// The type with 64-bit offsets for strings and binaries at whatever depth: what Spark exchanges
  /// with `spark.sql.execution.arrow.useLargeVarTypes`.
  package var withLargeVariables: ArrowType {
    func field(_ field: ArrowField) -> ArrowField {
      ArrowField(
        field.name, field.type.withLargeVariables, isNullable: field.isNullable,
        metadata: field.metadata)
    }
    return switch self {
    case .utf8: .largeUTF8
    case .binary: .largeBinary
    case .list(let element): .list(field(element))
    case .largeList(let element): .largeList(field(element))
    case .fixedSizeList(let element, let count): .fixedSizeList(field(element), count: count)
    case .structure(let fields): .structure(fields.map(field))
    case .map(let entries, let keysSorted): .map(entries: field(entries), keysSorted: keysSorted)
    default: self
    }
  }
}

extension ArrowColumn {
  /// The same values as a column of `type`, which ``ArrowType/isExchangeable(with:)``: the same memory
  /// where the layouts agree, offsets of another width and copied bytes where they do not.
  ///
  /// - Throws: ``ArrowError`` when the values take more bytes than the layout can address, or it is
  ///   one of views.
  package func relaid(as type: ArrowType) throws -> ArrowColumn {
    if self.type == type { return self }
    switch type {
    case .utf8, .binary: return try variable(type, Int32.self)
    case .largeUTF8, .largeBinary: return try variable(type, Int64.self)
    case .list(let element): return try lists(type, element.type, Int32.self)
    case .largeList(let element): return try lists(type, element.type, Int64.self)
    case .map(let entries, _): return try lists(type, entries.type, Int32.self)
    case .fixedSizeList(let element, _):
      return try with(type, children: [children[0].relaid(as: element.type)])
    case .structure(let fields):
      return try with(type, children: zip(children, fields).map { try $0.relaid(as: $1.type) })
    case .utf8View, .binaryView, .fixedSizeBinary:
      guard sameLayout(as: type) else {
        throw ArrowError(.unsupported, "a column of \(self.type) cannot become one of \(type)")
      }
      return retyped(type)
    default: return retyped(type)
    }
  }

  /// A column of the same rows, null where these are.
  private func with(
    _ type: ArrowType, buffers: [ArrowBuffer]? = nil, children: [ArrowColumn] = []
  ) -> ArrowColumn {
    ArrowColumn(
      unchecked: type, count: count, offset: offset, nullCount: nullCount, validity: validity,
      buffers: buffers ?? self.buffers, children: children)
  }

  private func sameLayout(as other: ArrowType) -> Bool {
    switch (type, other) {
    case (.utf8, .utf8), (.binary, .binary), (.largeUTF8, .largeUTF8), (.largeBinary, .largeBinary),
      (.utf8View, .utf8View), (.binaryView, .binaryView), (.list, .list), (.largeList, .largeList),
      (.map, .map):
      true
    default: false
    }
  }

  /// Strings or binaries with offsets of a width.
  private func variable<Offset: FixedWidthInteger & BitwiseCopyable>(
    _ type: ArrowType, _ width: Offset.Type
  ) throws -> ArrowColumn {
    if sameLayout(as: type) { return retyped(type) }
    switch self.type {
    case .utf8, .binary, .largeUTF8, .largeBinary:
      let (offsets, span) = try offsets(width)
      return with(type, buffers: [offsets, buffers[1].slice(span)])
    default:
      // Views and binaries of fixed width: copied row by row, what is at null rows left out.
      var ends: [Offset] = Array(repeating: 0, count: offset + 1)
      ends.reserveCapacity(offset + count + 1)
      var bytes: [UInt8] = []
      for row in 0..<count {
        if !isNull(row) { withBytes(row) { bytes.append(contentsOf: $0) } }
        ends.append(try Self.offset(bytes.count, type))
      }
      return with(type, buffers: [ArrowBuffer(copying: ends), ArrowBuffer(copying: bytes)])
    }
  }

  /// Lists or maps with offsets of a width.
  private func lists<Offset: FixedWidthInteger & BitwiseCopyable>(
    _ type: ArrowType, _ element: ArrowType, _ width: Offset.Type
  ) throws -> ArrowColumn {
    if sameLayout(as: type) { return try with(type, children: [children[0].relaid(as: element)]) }
    let (offsets, span) = try offsets(width)
    return with(
      type, buffers: [offsets], children: [try children[0].slice(span).relaid(as: element)])
  }

  /// The offsets of the rows in another width, from 0 on, and what the rows span.
  private func offsets<Offset: FixedWidthInteger & BitwiseCopyable>(
    _: Offset.Type
  ) throws -> (ArrowBuffer, span: Range<Int>) {
    let span = span
    _ = try Self.offset(span.count, type) as Offset
    var ends: [Offset] = Array(repeating: 0, count: offset + 1)
    ends.reserveCapacity(offset + count + 1)
    for row in 0..<count { ends.append(Offset(valueRange(row).upperBound - span.lowerBound)) }
    return (ArrowBuffer(copying: ends), span)
  }

  private static func offset<Offset: FixedWidthInteger>(
    _ position: Int, _ type: ArrowType
  ) throws -> Offset {
    guard let offset = Offset(exactly: position) else {
      throw ArrowError(
        .limit,
        "the rows take \(position) bytes or elements, more than one batch of \(type) can hold; use "
          + "smaller batches, or set spark.sql.execution.arrow.useLargeVarTypes")
    }
    return offset
  }
}
