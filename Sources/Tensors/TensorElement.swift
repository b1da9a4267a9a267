/// A fixed-width type that a ``Tensor`` can hold without boxing.
///
/// The memory layout of a conforming type is the little-endian layout that Arrow buffers and the
/// inference runtimes use, so tensors pass between them without conversion. `Bool` is one byte, 0
/// or 1 (Arrow's bit-packed booleans are unpacked on the way in).
public protocol TensorElement: BitwiseCopyable, Sendable, Hashable {
  /// The element type at run time.
  static var elementType: ElementType { get }
}

extension Bool: TensorElement { public static var elementType: ElementType { .bool } }

/// A tensor element that is a number and converts to and from every other numeric element.
public protocol NumericTensorElement: TensorElement {
  /// The value as a double; 64-bit integers beyond 2^53 are rounded.
  var doubleValue: Double { get }
  /// `value` itself; floating-point types round it to the nearest. `nil` for an integer type that
  /// cannot hold it: it is out of range, has a fraction, or is not a number.
  init?(converting value: Double)
  /// `value` itself; floating-point types round it to the nearest. `nil` for an integer type whose
  /// range it is beyond.
  init?(converting value: Int64)
  /// No bits set: zero.
  static var zero: Self { get }
}

extension NumericTensorElement where Self: FixedWidthInteger {
  public var doubleValue: Double { Double(self) }
  public init?(converting value: Double) { self.init(exactly: value) }
  public init?(converting value: Int64) { self.init(exactly: value) }
}

extension NumericTensorElement where Self: BinaryFloatingPoint {
  public var doubleValue: Double { Double(self) }
  public init?(converting value: Double) { self = Self(value) }
  public init?(converting value: Int64) { self = Self(value) }
}

extension Int8: NumericTensorElement { public static var elementType: ElementType { .int8 } }
extension Int16: NumericTensorElement { public static var elementType: ElementType { .int16 } }
extension Int32: NumericTensorElement { public static var elementType: ElementType { .int32 } }
extension Int64: NumericTensorElement { public static var elementType: ElementType { .int64 } }
extension UInt8: NumericTensorElement { public static var elementType: ElementType { .uint8 } }
extension UInt16: NumericTensorElement { public static var elementType: ElementType { .uint16 } }
extension UInt32: NumericTensorElement { public static var elementType: ElementType { .uint32 } }
extension UInt64: NumericTensorElement { public static var elementType: ElementType { .uint64 } }
extension Float16: NumericTensorElement { public static var elementType: ElementType { .float16 } }
extension Float: NumericTensorElement { public static var elementType: ElementType { .float32 } }
extension Double: NumericTensorElement { public static var elementType: ElementType { .float64 } }
extension BFloat16: NumericTensorElement {
  public static var elementType: ElementType { .bfloat16 }
  public static var zero: BFloat16 { BFloat16(bitPattern: 0) }
  public var doubleValue: Double { Double(floatValue) }
  public init?(converting value: Double) { self.init(nearest: value) }
  public init?(converting value: Int64) { self.init(nearest: value) }
}
