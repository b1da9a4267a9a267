#if Images
import ImagePreprocessing
#endif

extension RuntimeLibrary {
  /// Those that decode images; none where the program was built without.
  #if Images
  static let ofImages = [
    RuntimeLibrary(
      ImageLibraries.jpegSearch(), key: "turbojpeg", purpose: "images in JPEG", version: nil),
    RuntimeLibrary(
      ImageLibraries.pngSearch(), key: "libpng", purpose: "images in PNG",
      version: "png_get_libpng_ver"),
  ]
  #else
  static let ofImages: [RuntimeLibrary] = []
  #endif
}
