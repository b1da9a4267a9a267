public import CArrow

// Arrow's C data interface: how libraries in one process hand each other types, columns and tables
// without copying them (https://arrow.apache.org/docs/format/CDataInterface.html). Who consumes a
// structure releases it; who exports one keeps what it points at alive until then.

extension ArrowField {
  /// The field that a structure of the C data interface describes. The structure is released, also when
  /// this fails.
  ///
  /// Dictionaries, which have no ids there, are numbered from 0 on. Text that is no UTF-8 is repaired
  /// with U+FFFD.
  ///
  /// - Throws: ``ArrowError`` if the structure is damaged or released, or the type is not handled.
  public init(consuming schema: UnsafeMutablePointer<ArrowCSchema>) throws(ArrowError) {
    let owner = try COwner(moving: schema, "schema")
    defer { withExtendedLifetime(owner) {} }
    var decoder = CSchemaDecoder()
    self = try decoder.field(owner.pointer)
  }

  /// Describes the field in a structure of the C data interface, which must be released after use. What
  /// was there before is overwritten. A name that holds a NUL character ends before it.
  public func export(to schema: UnsafeMutablePointer<ArrowCSchema>) {
    var flags = isNullable ? ARROW_C_FLAG_NULLABLE : 0
    var children = type.childFields
    var dictionary: ArrowField?
    switch type {
    case .map(_, let keysSorted): if keysSorted { flags |= ARROW_C_FLAG_MAP_KEYS_SORTED }
    case .dictionary(_, _, let value, let isOrdered):
      if isOrdered { flags |= ARROW_C_FLAG_DICTIONARY_ORDERED }
      dictionary = ArrowField("", value)
      children = []
    default: break
    }
    CSchemaMemory.write(
      format: type.cFormat, name: name, metadata: metadata, flags: flags, children: children,
      dictionary: dictionary, to: schema)
  }
}

extension ArrowSchema {
  /// The fields and metadata of a table, which a structure of the C data interface describes as a struct.
  /// The structure is released, also when this fails.
  ///
  /// - Throws: ``ArrowError`` naming the column whose description is damaged or whose type is not
  ///   handled; or if the structure describes no struct, or is released.
  public init(consuming schema: UnsafeMutablePointer<ArrowCSchema>) throws(ArrowError) {
    let owner = try COwner(moving: schema, "schema")
    defer { withExtendedLifetime(owner) {} }
    var decoder = CSchemaDecoder()
    self = try decoder.schema(owner.pointer.pointee)
  }

  /// Describes the table as a struct in a structure of the C data interface, which must be released after
  /// use. What was there before is overwritten.
  public func export(to schema: UnsafeMutablePointer<ArrowCSchema>) {
    CSchemaMemory.write(
      format: ArrowType.structure(fields).cFormat, name: "", metadata: metadata, children: fields,
      to: schema)
  }
}

extension ArrowColumn {
  /// The column of `type` that a structure of the C data interface holds. Its memory is not copied (but
  /// for buffers that are not aligned for 8 bytes), and released once, when the last view of it goes;
  /// also when this fails.
  ///
  /// - Throws: ``ArrowError`` if the structure is damaged, of another type, or released.
  public init(
    consuming array: UnsafeMutablePointer<ArrowCArray>, type: ArrowType
  ) throws(ArrowError) {
    let owner = try COwner(moving: array, "array")
    defer { withExtendedLifetime(owner) {} }
    self = try CArrayDecoder(owner).column(type)
  }

  /// Puts the column into a structure of the C data interface, which shares its memory and must be
  /// released after use. What was there before is overwritten.
  public func export(to array: UnsafeMutablePointer<ArrowCArray>) {
    CArrayMemory.write(self, to: array)
  }
}

extension RecordBatch {
  /// The batch under `schema` that a structure of the C data interface holds as an array of structs. Its
  /// memory is not copied (but for buffers that are not aligned for 8 bytes), and released once, when the
  /// last column goes; also when this fails.
  ///
  /// - Throws: ``ArrowError`` naming the column that is damaged or of another type; or if the structure is
  ///   released, or rows are null as a whole.
  public init(
    consuming array: UnsafeMutablePointer<ArrowCArray>, schema: ArrowSchema
  ) throws(ArrowError) {
    let owner = try COwner(moving: array, "array")
    defer { withExtendedLifetime(owner) {} }
    self = try CArrayDecoder(owner).batch(schema)
  }

  /// Puts the batch as an array of structs into a structure of the C data interface, which shares its
  /// memory and must be released after use. What was there before is overwritten.
  public func export(to array: UnsafeMutablePointer<ArrowCArray>) {
    CArrayMemory.write(self, to: array)
  }
}
