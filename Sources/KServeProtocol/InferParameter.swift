/// The value of a named parameter of a request, a response, or one of its tensors.
public enum InferParameter: Sendable, Hashable {
  case bool(Bool)
  case int64(Int64)
  case string(String)
  case double(Double)
  case uint64(UInt64)

  /// The truth value, if it is one.
  public var boolean: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The text, if it is one.
  public var text: String? { if case .string(let value) = self { value } else { nil } }

  /// The number, if it is whole and fits an `Int`.
  public var integer: Int? {
    switch self {
    case .int64(let value): Int(exactly: value)
    case .uint64(let value): Int(exactly: value)
    case .double(let value): Int(exactly: value)
    case .bool, .string: nil
    }
  }
}

extension InferParameter: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral
{
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .int64(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(stringLiteral value: String) { self = .string(value) }
}

/// The names of parameters that Triton gives a meaning.
public enum InferParameterName {
  /// Of a tensor: the region that holds it.
  public static let sharedMemoryRegion = "shared_memory_region"
  /// Of a tensor: where in the region it begins, in bytes; 0 if absent.
  public static let sharedMemoryOffset = "shared_memory_offset"
  /// Of a tensor: its bytes in the region.
  public static let sharedMemoryByteSize = "shared_memory_byte_size"
  /// Of a tensor in an HTTP message: its bytes behind the JSON header.
  public static let binaryDataSize = "binary_data_size"
  /// Of a requested output in an HTTP request: whether it is wanted behind the JSON header.
  public static let binaryData = "binary_data"
  /// Of an HTTP request: whether all outputs are wanted behind the JSON header.
  public static let binaryDataOutput = "binary_data_output"
  /// Of a requested output: the number of top classes wanted instead of the tensor.
  public static let classification = "classification"
  /// Of a request: microseconds that it may wait in the queue.
  public static let timeout = "timeout"
  /// Of a request: its priority, 1 being the highest.
  public static let priority = "priority"
  /// Of a response in a stream: whether it is the last one to its request.
  public static let finalResponse = "triton_final_response"
  /// Of a request in a stream: whether the last response may be one without outputs.
  public static let enableEmptyFinalResponse = "triton_enable_empty_final_response"
}
