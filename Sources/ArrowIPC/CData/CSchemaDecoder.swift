import CArrow

/// Reads types from the structures of the C data interface.
struct CSchemaDecoder {
  private var size = SchemaSize()
  /// The interface has no ids of dictionaries; streams want one for each.
  private var nextDictionary: Int64 = 0

  /// The field that `schema` describes, which is not released.
  ///
  /// - Throws: ``ArrowError`` for damaged descriptions and types that are not handled.
  mutating func field(
    _ schema: UnsafePointer<ArrowCSchema>?, depth: Int = 0
  ) throws(ArrowError) -> ArrowField {
    guard let schema = schema?.pointee else {
      throw ArrowError(.malformed, "a pointer to a schema is NULL")
    }
    let given: UnsafePointer<CChar>? = schema.name
    let name = given.map { String(cString: $0) } ?? ""
    do throws(ArrowError) {
      return ArrowField(
        name, try type(schema, depth: depth),
        isNullable: schema.flags & Int64(ARROW_C_FLAG_NULLABLE) != 0,
        metadata: try metadata(schema.metadata))
    } catch {
      throw error.within(name, isColumn: depth == 0)
    }
  }

  /// The fields of a table, which `schema` describes as a struct.
  mutating func schema(_ schema: ArrowCSchema) throws(ArrowError) -> ArrowSchema {
    guard schema.dictionary == nil, let format = schema.format, String(cString: format) == "+s"
    else {
      let format: UnsafePointer<CChar>? = schema.format
      throw ArrowError(
        .malformed,
        "a table is described by a struct, whose format is '+s', not by "
          + (format.map { "'\(String(cString: $0))'" } ?? "NULL"))
    }
    let metadata = try metadata(schema.metadata)
    var fields: [ArrowField] = []
    for child in try children(schema) { fields.append(try field(child)) }
    return ArrowSchema(fields, metadata: metadata)
  }

  private mutating func children(
    _ schema: ArrowCSchema
  ) throws(ArrowError) -> [UnsafePointer<ArrowCSchema>] {
    guard let count = Int(exactly: schema.n_children), count >= 0 else {
      throw ArrowError(.malformed, "a schema of \(schema.n_children) children")
    }
    if count == 0 { return [] }
    try size.count(min(count, SchemaSize.maximumFields + 1))
    guard let pointers = schema.children else {
      throw ArrowError(
        .malformed, "the schema has \(count) children, and the pointer to them is NULL")
    }
    var found: [UnsafePointer<ArrowCSchema>] = []
    for index in 0..<count {
      guard let child = pointers[index], !child.pointee.isReleased else {
        throw ArrowError(.malformed, "the child \(index) of the schema is NULL or released")
      }
      found.append(UnsafePointer(child))
    }
    return found
  }

  private mutating func type(
    _ schema: ArrowCSchema, depth: Int
  ) throws(ArrowError) -> ArrowType {
    try SchemaSize.check(depth: depth)
    guard let format = schema.format else {
      throw ArrowError(.malformed, "the schema has no format string")
    }
    var fields: [ArrowField] = []
    for child in try children(schema) { fields.append(try field(child, depth: depth + 1)) }
    let type = try ArrowType(
      cFormat: String(cString: format), children: fields,
      keysSorted: schema.flags & Int64(ARROW_C_FLAG_MAP_KEYS_SORTED) != 0)
    guard let dictionary = schema.dictionary else { return type }
    guard !dictionary.pointee.isReleased else {
      throw ArrowError(.malformed, "the schema of the dictionary is released")
    }
    try size.count(1)
    switch type {
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: break
    default: throw ArrowError(.malformed, "dictionary codes of type \(type); they are integers")
    }
    let value = try self.type(dictionary.pointee, depth: depth + 1)
    if case .dictionary = value {
      throw ArrowError(.unsupported, "a dictionary of dictionaries; decode one of them")
    }
    defer { nextDictionary += 1 }
    return .dictionary(
      id: nextDictionary, index: type, value: value,
      isOrdered: schema.flags & Int64(ARROW_C_FLAG_DICTIONARY_ORDERED) != 0)
  }

  /// The pairs in a binary string: their number, then length and bytes of each key and value. All
  /// lengths are `Int32`s in the machine's byte order; the string ends where they say, so that its own
  /// length cannot be checked.
  private mutating func metadata(
    _ text: UnsafePointer<CChar>?
  ) throws(ArrowError) -> [String: String] {
    guard let text else { return [:] }
    var next = UnsafeRawPointer(text)
    func number(_ what: String) throws(ArrowError) -> Int {
      let number = next.loadUnaligned(as: Int32.self)
      guard number >= 0 else { throw ArrowError(.malformed, "metadata with \(number) \(what)") }
      next += MemoryLayout<Int32>.size
      return Int(number)
    }
    func string() throws(ArrowError) -> String {
      let count = try number("bytes")
      defer { next += count }
      return String(
        decoding: UnsafeRawBufferPointer(start: next, count: count), as: UTF8.self)
    }
    let pairs = try number("pairs")
    try size.count(pairs)
    var entries: [String: String] = [:]
    for _ in 0..<pairs {
      let key = try string()
      entries[key] = try string()
    }
    return entries
  }
}

extension ArrowError {
  /// The error with `name` before the names in its context, which lead to what is damaged.
  func within(_ name: String, isColumn: Bool) -> ArrowError {
    let path = context.map { "\(name).\($0)" } ?? name
    return ArrowError(code, message, context: isColumn ? "column '\(path)'" : path)
  }
}
