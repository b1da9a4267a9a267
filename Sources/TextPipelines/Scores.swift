import Glibc
import Tensors

extension ScoreFunction {
  /// The scores of rows of outputs, `[rows, labels]` each.
  func callAsFunction(_ logits: Tensor<Float>) -> Tensor<Float> {
    switch self {
    case .softmax: logits.softmax()
    case .sigmoid: logits.map { 1 / (1 + expf(-$0)) }
    case .none: logits
    }
  }
}

extension UnsafeMutableBufferPointer<Float> {
  /// Replaces unnormalised log-probabilities by normalised ones.
  func normalizeLogarithms() {
    var greatest = -Float.infinity
    for value in self { greatest = Swift.max(greatest, value) }
    guard greatest.isFinite else { return }
    var sum = 0.0
    for value in self { sum += Double(expf(value - greatest)) }
    let logarithm = Float(log(sum))
    for index in indices { self[index] = self[index] - greatest - logarithm }
  }
}

/// `base` raised to `exponent`, as Python's `**`.
func power(_ base: Int, _ exponent: Double) -> Float { Float(pow(Double(base), exponent)) }
