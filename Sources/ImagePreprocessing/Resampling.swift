/// How pixels are computed when an image is resized.
///
/// The first six are PIL's (`Image.resize(size, Image.Resampling.…)`): all but ``nearest`` average
/// over the whole area that a pixel stands for, in two passes whose results are whole numbers from
/// 0 to 255. The results equal Pillow 13's bit for bit. ``tensorFlow(_:antialias:)`` is
/// `tf.image.resize` and Keras' `Resizing`: half-pixel centres, results that are not rounded, and
/// by default no averaging.
public enum Resampling: Sendable, Hashable {
  case nearest
  case box
  case bilinear
  case hamming
  /// PIL's own default.
  case bicubic
  case lanczos
  /// TensorFlow's methods; they give no whole numbers, so only tensors of `Float`.
  case tensorFlow(TensorFlowResampling, antialias: Bool = false)
}

/// The methods of `tf.image.resize`.
public enum TensorFlowResampling: String, Sendable, Hashable, Codable {
  case nearest
  case bilinear
  case bicubic
  case area
  case lanczos3
  case lanczos5
  case gaussian
  case mitchellCubic
}
