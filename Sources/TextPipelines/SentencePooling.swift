import Tensors

/// How the vectors of a text's tokens become one.
public enum SentencePooling: String, Sendable, Hashable, Codable, CaseIterable {
  /// The first token's vector.
  case firstToken = "cls"
  /// The greatest value of each dimension.
  case maximum = "max"
  /// The mean over all tokens.
  case mean
  /// The sum, divided by the square root of the number of tokens.
  case meanOfSquareRoot = "mean_sqrt_len_tokens"
  /// The mean with weights 1, 2, 3, …: later tokens count for more.
  case weightedMean = "weightedmean"
  /// The last token's vector.
  case lastToken = "lasttoken"

  /// The key that older versions of sentence-transformers write.
  var olderKey: String {
    switch self {
    case .firstToken: "pooling_mode_cls_token"
    case .maximum: "pooling_mode_max_tokens"
    case .mean: "pooling_mode_mean_tokens"
    case .meanOfSquareRoot: "pooling_mode_mean_sqrt_len_tokens"
    case .weightedMean: "pooling_mode_weightedmean_tokens"
    case .lastToken: "pooling_mode_lasttoken"
    }
  }

  /// Writes one text's vector.
  ///
  /// - Parameters:
  ///   - tokens: the vectors of the text's tokens, one after the other, without padding.
  ///   - skipped: the number of tokens at the beginning, those of a prompt, that do not count.
  ///   - output: as many values as a vector has.
  func pool(
    _ tokens: UnsafeBufferPointer<Float>, skipping skipped: Int = 0,
    into output: UnsafeMutableBufferPointer<Float>
  ) {
    let width = output.count
    let count = width == 0 ? 0 : tokens.count / width
    output.initialize(repeating: self == .maximum && count > 0 ? -.infinity : 0)
    if count == 0 { return }
    let counted = min(skipped, count)..<count
    switch self {
    case .firstToken:
      // Where no token counts, the reference takes the first one all the same.
      let start = (counted.first ?? 0) * width
      for index in 0..<width { output[index] = tokens[start + index] }
    case _ where counted.isEmpty: break
    case .lastToken:
      let start = (count - 1) * width
      for index in 0..<width { output[index] = tokens[start + index] }
    case .maximum:
      for token in counted {
        for index in 0..<width {
          output[index] = Swift.max(output[index], tokens[token * width + index])
        }
      }
    case .mean, .meanOfSquareRoot:
      for token in counted {
        for index in 0..<width { output[index] += tokens[token * width + index] }
      }
      let divisor = self == .mean ? Float(counted.count) : Float(counted.count).squareRoot()
      for index in 0..<width { output[index] /= divisor }
    case .weightedMean:
      for token in counted {
        let weight = Float(token + 1)
        for index in 0..<width { output[index] += tokens[token * width + index] * weight }
      }
      let divisor = Float((count * (count + 1) - skipped * (skipped + 1)) / 2)
      for index in 0..<width { output[index] /= divisor }
    }
  }
}
