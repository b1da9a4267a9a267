/// A tensor whose element type is known at run time.
public enum AnyTensor: Sendable, Equatable {
  case bool(Tensor<Bool>)
  case int8(Tensor<Int8>)
  case int16(Tensor<Int16>)
  case int32(Tensor<Int32>)
  case int64(Tensor<Int64>)
  case uint8(Tensor<UInt8>)
  case uint16(Tensor<UInt16>)
  case uint32(Tensor<UInt32>)
  case uint64(Tensor<UInt64>)
  case float16(Tensor<Float16>)
  case bfloat16(Tensor<BFloat16>)
  case float32(Tensor<Float>)
  case float64(Tensor<Double>)
  case string(StringTensor)

  /// Wraps a tensor of any fixed-width element.
  public init<Element: TensorElement>(_ tensor: Tensor<Element>) {
    self =
      switch tensor {
      case let tensor as Tensor<Bool>: .bool(tensor)
      case let tensor as Tensor<Int8>: .int8(tensor)
      case let tensor as Tensor<Int16>: .int16(tensor)
      case let tensor as Tensor<Int32>: .int32(tensor)
      case let tensor as Tensor<Int64>: .int64(tensor)
      case let tensor as Tensor<UInt8>: .uint8(tensor)
      case let tensor as Tensor<UInt16>: .uint16(tensor)
      case let tensor as Tensor<UInt32>: .uint32(tensor)
      case let tensor as Tensor<UInt64>: .uint64(tensor)
      case let tensor as Tensor<Float16>: .float16(tensor)
      case let tensor as Tensor<BFloat16>: .bfloat16(tensor)
      case let tensor as Tensor<Float>: .float32(tensor)
      case let tensor as Tensor<Double>: .float64(tensor)
      default: preconditionFailure("\(Element.self) is not one of the package's element types")
      }
  }

  /// The fixed-width tensor inside, for code that treats all element types alike; `nil` for strings.
  public var fixedWidth: (any FixedWidthTensor)? {
    switch self {
    case .bool(let tensor): tensor
    case .int8(let tensor): tensor
    case .int16(let tensor): tensor
    case .int32(let tensor): tensor
    case .int64(let tensor): tensor
    case .uint8(let tensor): tensor
    case .uint16(let tensor): tensor
    case .uint32(let tensor): tensor
    case .uint64(let tensor): tensor
    case .float16(let tensor): tensor
    case .bfloat16(let tensor): tensor
    case .float32(let tensor): tensor
    case .float64(let tensor): tensor
    case .string: nil
    }
  }

  /// The kind of the elements.
  public var elementType: ElementType {
    if case .string = self { return .string }
    return fixedWidth?.elementType ?? .string
  }

  /// The dimensions, the batch first.
  public var shape: Shape {
    if case .string(let tensor) = self { return tensor.shape }
    return fixedWidth?.shape ?? []
  }

  /// The size of the first dimension; 1 for a scalar.
  public var rowCount: Int { shape.dimensions.first ?? 1 }

  /// The tensor inside as `Tensor<Element>`.
  ///
  /// - Throws: ``TensorError`` when the element type is another.
  public func typed<Element: TensorElement>(as type: Element.Type = Element.self) throws -> Tensor<
    Element
  > {
    if let tensor = fixedWidth as? Tensor<Element> { return tensor }
    throw TensorError("the tensor holds \(elementType), not \(Element.elementType)")
  }

  /// The same elements in another shape.
  ///
  /// - Throws: ``TensorError`` when the numbers of elements differ.
  public func reshaped(to shape: Shape) throws -> AnyTensor {
    if case .string(let tensor) = self { return .string(try tensor.reshaped(to: shape)) }
    guard let fixedWidth else { return self }
    return try fixedWidth.erasedReshape(to: shape)
  }
}

/// A ``Tensor`` of whatever element type; only ``Tensor`` conforms.
public protocol FixedWidthTensor: Sendable {
  /// What the elements are.
  var elementType: ElementType { get }
  /// The lengths of the dimensions.
  var shape: Shape { get }
  /// The memory that has the elements, and where in it they begin.
  var memory: (storage: TensorStorage, byteOffset: Int) { get }
  /// The same elements under another shape.
  ///
  /// - Throws: ``TensorError`` when the numbers of elements differ.
  func erasedReshape(to shape: Shape) throws -> AnyTensor
}

extension Tensor: FixedWidthTensor {
  public var elementType: ElementType { Element.elementType }

  public func erasedReshape(to shape: Shape) throws -> AnyTensor {
    AnyTensor(try reshaped(to: shape))
  }
}
