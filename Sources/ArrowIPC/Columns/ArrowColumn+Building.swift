public import Tensors

extension ArrowColumn {
  /// A column of `type` made from single values.
  ///
  /// - Throws: ``ArrowError`` naming the row whose value does not fit the type.
  public init(_ values: [ArrowValue], type: ArrowType) throws {
    self = try ColumnBuilder(values: values, type: type).column()
  }

  /// A string column; `nil` becomes null.
  public static func strings(_ strings: [String?]) -> ArrowColumn {
    variable(strings.map { $0.map { Array($0.utf8) } }, type: .utf8)
  }

  /// A binary column; `nil` becomes null.
  public static func binary(_ values: [[UInt8]?]) -> ArrowColumn { variable(values, type: .binary) }

  /// The strings of `tensor`, in row-major order, as a string column.
  public static func strings(_ tensor: StringTensor) -> ArrowColumn {
    ArrowColumn(
      unchecked: .utf8, count: tensor.count,
      buffers: [
        ArrowBuffer(copying: tensor.offsets.map { Int32($0) }), ArrowBuffer(copying: tensor.bytes),
      ])
  }

  private static func variable(_ values: [[UInt8]?], type: ArrowType) -> ArrowColumn {
    var offsets: [Int32] = [0]
    var bytes: [UInt8] = []
    for value in values {
      bytes.append(contentsOf: value ?? [])
      offsets.append(Int32(bytes.count))
    }
    return ArrowColumn(
      unchecked: type, count: values.count, nullCount: values.count { $0 == nil },
      validity: Bitmap(values.map { $0 != nil }).buffer,
      buffers: [ArrowBuffer(copying: offsets), ArrowBuffer(copying: bytes)])
  }

  /// A boolean column; `nil` becomes null.
  public static func booleans(_ values: [Bool?]) -> ArrowColumn {
    ArrowColumn(
      unchecked: .bool, count: values.count, nullCount: values.count { $0 == nil },
      validity: Bitmap(values.map { $0 != nil }).buffer,
      buffers: [Bitmap(values.map { $0 ?? false }).buffer])
  }

  /// A column of numbers; `nil` becomes null.
  public static func numbers<Element: NumericTensorElement>(_ values: [Element?]) -> ArrowColumn {
    return ArrowColumn(
      unchecked: ArrowType(Element.elementType), count: values.count,
      nullCount: values.count { $0 == nil }, validity: Bitmap(values.map { $0 != nil }).buffer,
      buffers: [ArrowBuffer(copying: values.map { $0 ?? .zero })])
  }

  /// A struct column.
  ///
  /// - Throws: ``ArrowError`` when the columns differ in length.
  public static func structure(
    _ fields: [(name: String, column: ArrowColumn)]
  ) throws -> ArrowColumn {
    try structure(fields.map { ArrowField($0.name, $0.column.type) }, fields.map(\.column))
  }

  /// A struct column with the given fields.
  ///
  /// - Throws: ``ArrowError`` when the columns differ in length.
  public static func structure(
    _ fields: [ArrowField], _ columns: [ArrowColumn], count: Int? = nil
  ) throws -> ArrowColumn {
    let count = count ?? columns.first?.count ?? 0
    for (field, column) in zip(fields, columns) where column.count != count {
      throw ArrowError(
        .invalidArgument,
        "the field '\(field.name)' has \(column.count) rows, the others have \(count)")
    }
    return ArrowColumn(unchecked: .structure(fields), count: count, children: columns)
  }

  /// A column of numbers that shares the memory of `tensor`, whose elements become the rows in
  /// row-major order. Booleans are packed into bits.
  public init<Element: TensorElement>(_ tensor: Tensor<Element>) {
    if let booleans = tensor as? Tensor<Bool> {
      self = .booleans(booleans.scalars)
      return
    }
    if let halves = tensor as? Tensor<BFloat16> {
      self.init(halves.map(\.floatValue))
      return
    }
    let memory = tensor.memory
    let bytes = tensor.count * MemoryLayout<Element>.stride
    self.init(
      unchecked: ArrowType(Element.elementType), count: tensor.count,
      buffers: [
        ArrowBuffer(memory.storage, range: memory.byteOffset..<memory.byteOffset + bytes)
      ])
  }

  /// A list column over the elements of `values`: one list of `width` elements for each of `rows`
  /// rows.
  ///
  /// - Precondition: `values` has `rows * width` rows.
  public static func lists(
    of values: ArrowColumn, rows: Int, width: Int, elementName: String = "element",
    containsNull: Bool = true
  ) -> ArrowColumn {
    precondition(values.count == rows * width, "\(values.count) elements for \(rows) x \(width)")
    let offsets = Tensor<Int32>(shape: [rows + 1]) { output in
      for row in 0...rows { output.initializeElement(at: row, to: Int32(row * width)) }
    }
    return ArrowColumn(
      unchecked: .list(ArrowField(elementName, values.type, isNullable: containsNull)),
      count: rows, buffers: ArrowColumn(offsets).buffers, children: [values])
  }

  /// A list column over the elements of this one: lists of `sizes` elements, one after the other, and this
  /// so many `times`.
  ///
  /// - Precondition: it has as many elements, and starts with the first one of its buffers.
  package func lists(_ sizes: [Int], times: Int) -> ArrowColumn {
    precondition(count == sizes.reduce(0, +) * times, "\(count) elements for \(times) x \(sizes)")
    let count = sizes.count * times
    let offsets = Tensor<Int32>(shape: [count + 1]) { output in
      var end: Int32 = 0
      output.initializeElement(at: 0, to: end)
      for list in 0..<count {
        end += Int32(sizes[list % sizes.count])
        output.initializeElement(at: list + 1, to: end)
      }
    }
    return ArrowColumn(
      unchecked: .list(ArrowField("element", type, isNullable: true)), count: count,
      buffers: ArrowColumn(offsets).buffers, children: [self])
  }
}

extension ArrowType {
  /// The Arrow type of tensor elements; brain floats travel as singles.
  public init(_ element: ElementType) {
    self =
      switch element {
      case .bool: .bool
      case .int8: .int8
      case .int16: .int16
      case .int32: .int32
      case .int64: .int64
      case .uint8: .uint8
      case .uint16: .uint16
      case .uint32: .uint32
      case .uint64: .uint64
      case .float16: .float16
      case .float32, .bfloat16: .float32
      case .float64: .float64
      case .string: .utf8
      }
  }

  /// The element type of tensors over columns of this type; `nil` where there is none.
  public var elementType: ElementType? {
    isString ? .string : ElementType.allCases.first { $0 != .bfloat16 && ArrowType($0) == self }
  }
}
