import Models
import Tensors

/// Made-up rows for a model: no two are alike, and their magnitudes differ, so that one row's
/// influence on another shows.
struct ProbeInputs {
  /// The kind of the floating-point numbers.
  enum Values {
    /// From -1 to 1.
    case even
    /// From -1 to 1 times a factor that differs from row to row.
    case spread
    /// Positive, some rows up to 1 and others far beyond, as of images.
    case positive
  }

  var values = Values.even
  var seed: UInt64 = 0
  /// Whole numbers lie below it: they may be indices into a vocabulary.
  var bound: Int
  /// The size of dimensions that a client chooses.
  var length: Int

  /// Bounds of whole numbers, the largest first: a model with fewer entries refuses it.
  private static let bounds = [100, 10, 3, 2]
  /// Sizes of the dimensions that a client chooses; images have no use for small ones.
  private static let lengths = [8, 1, 32, 224]

  /// What to try in turn with a model of these inputs.
  static func attempts(for inputs: [TensorSpecification]) -> [ProbeInputs] {
    let hasIndices = inputs.contains { input in
      switch input.elementType {
      case .bool, .float16, .bfloat16, .float32, .float64: false
      default: true
      }
    }
    let isOpen = inputs.contains { $0.rowShape.isDynamic }
    return (isOpen ? lengths : [1]).flatMap { length in
      (hasIndices ? bounds : [1]).map { ProbeInputs(bound: $0, length: length) }
    }
  }

  private static let words = [
    "1", "22", "red", "Paris", "a longer text with words", "7.5", "x", "blue and green", "0", "yes",
  ]

  /// Rows of an input. A row has the same values in whichever range it is asked for.
  func tensor(
    _ input: TensorSpecification, number: Int, rows: Range<Int>
  ) throws -> AnyTensor {
    let rowShape = Shape(input.rowShape.map { $0 < 0 ? length : $0 })
    let shape = rowShape.batched(rows.count)
    let width = rowShape.elementCount ?? 0
    func noise(_ row: Int, _ element: Int) -> UInt64 {
      Self.mix(
        seed &* 0x9E37_79B9 &+ UInt64(number + 1) &* 0x1_0000_01B3
          &+ UInt64(row + 1) &* 0xC2B2_AE3D_27D4_EB4F &+ UInt64(element + 1)
          &* 0x1656_67B1_9E37_79F9)
    }
    func filled<Element: TensorElement>(_ value: (Int, Int) -> Element) -> Tensor<Element> {
      Tensor(shape: shape) { memory in
        var position = 0
        for row in rows {
          for element in 0..<width {
            memory.initializeElement(at: position, to: value(row, element))
            position += 1
          }
        }
      }
    }
    func real(_ row: Int, _ element: Int) -> Double {
      let unit = Double(noise(row, element) >> 11) / Double(1 << 53)
      switch values {
      case .even: return 2 * unit - 1
      case .spread: return (2 * unit - 1) * [1, 40, 0.02, 7][row % 4]
      case .positive: return unit * [1, 255, 10][row % 3]
      }
    }
    func whole<Element: FixedWidthInteger & TensorElement>(_ type: Element.Type) -> AnyTensor {
      AnyTensor(
        filled { row, element -> Element in
          Element(clamping: index(noise(row, element), element, input.name))
        })
    }
    switch input.elementType {
    case .bool:
      return .bool(filled { row, element in element == 0 || noise(row, element) & 1 == 1 })
    case .int8: return whole(Int8.self)
    case .int16: return whole(Int16.self)
    case .int32: return whole(Int32.self)
    case .int64: return whole(Int64.self)
    case .uint8: return whole(UInt8.self)
    case .uint16: return whole(UInt16.self)
    case .uint32: return whole(UInt32.self)
    case .uint64: return whole(UInt64.self)
    case .float16: return .float16(filled { Float16(real($0, $1)) })
    case .bfloat16: return .bfloat16(filled { BFloat16(Float(real($0, $1))) })
    case .float32: return .float32(filled { Float(real($0, $1)) })
    case .float64: return .float64(filled { real($0, $1) })
    case .string:
      return .string(
        try StringTensor(
          rows.flatMap { row in
            (0..<width).map { element in
              bound == 2
                ? String(noise(row, element) & 1)
                : Self.words[Int(noise(row, element) % UInt64(min(bound, Self.words.count)))]
            }
          }, shape: shape))
    }
  }

  /// A whole number below ``bound``; 0 only among the smallest, since some models divide by them. Of
  /// a mask the first is 1: a row that is masked altogether has no answer.
  private func index(_ noise: UInt64, _ element: Int, _ name: String) -> Int {
    let name = name.lowercased()
    if name.contains("mask") { return element == 0 ? 1 : Int(noise & 1) }
    if name.contains("type") || name.contains("segment") { return Int(noise & 1) }
    return bound == 2 ? Int(noise & 1) : 1 + Int(noise % UInt64(bound - 1))
  }

  /// Well-mixed bits of a counter (the finalizer of SplitMix64).
  private static func mix(_ value: UInt64) -> UInt64 {
    var bits = value &+ 0x9E37_79B9_7F4A_7C15
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}
