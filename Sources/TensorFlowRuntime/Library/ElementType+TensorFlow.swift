import Tensors

extension ElementType {
  /// The types of TensorFlow (`DataType` in `tensorflow/core/framework/types.proto`); complex and
  /// quantised numbers, those of 8 bits and less, and resources are none that tensors can hold.
  static let tensorFlow = ElementTypeNumbers(
    [
      "float32", "float64", "int32", "uint8", "int16", "int8", "string", "complex64", "int64",
      "bool",
      "qint8", "quint8", "qint32", "bfloat16", "qint16", "quint16", "uint16", "complex128",
      "float16",
      "resource", "variant", "uint32", "uint64",
    ] + Array(repeating: "an 8-bit floating-point type", count: 5)
      + Array(repeating: "a 4-bit integer type", count: 2))
}
