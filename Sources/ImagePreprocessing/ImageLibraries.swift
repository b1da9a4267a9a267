import CImages
public import NativeLibraries

/// The system libraries that decode images: libjpeg-turbo (its TurboJPEG interface) and libpng.
///
/// The package neither links nor needs them to build: they are opened at the first image of their
/// format, from wherever `DynamicLibrarySearch` finds them. Debian and Ubuntu have them as
/// `libturbojpeg0` (Ubuntu: `libturbojpeg`) and `libpng16-16`.
public enum ImageLibraries {
  /// Where TurboJPEG (libjpeg-turbo 2.0 or later) is looked for.
  public static func jpegSearch() -> DynamicLibrarySearch {
    DynamicLibrarySearch(
      library: "TurboJPEG", fileName: "libturbojpeg.so",
      environmentVariable: "NEEDLETAIL_TURBOJPEG", folder: "images",
      loaderName: "libturbojpeg.so.0",
      advice: advice(package: "libturbojpeg0", variable: "NEEDLETAIL_TURBOJPEG"))
  }

  /// Where libpng 1.6 is looked for.
  public static func pngSearch() -> DynamicLibrarySearch {
    DynamicLibrarySearch(
      library: "libpng", fileName: "libpng16.so", environmentVariable: "NEEDLETAIL_LIBPNG",
      folder: "images", loaderName: "libpng16.so.16",
      advice: advice(package: "libpng16-16", variable: "NEEDLETAIL_LIBPNG"))
  }

  /// The files to ship to a machine that shall decode images: those libraries that this machine
  /// has.
  public static func locateFiles() -> [String] {
    [(jpegSearch(), "tjInitDecompress"), (pngSearch(), "png_read_row")].compactMap(locate)
  }

  private static func locate(_ search: DynamicLibrarySearch, _ symbol: String) -> String? {
    if let file = search.locateFile() { return file }
    // Only the system's loader knows: ask it what it has opened.
    guard let address = try? DynamicLibrary.open(search).address(of: symbol) else { return nil }
    return needletail_library_path(address).map { String(cString: $0) }
  }

  private static func advice(package: String, variable: String) -> String {
    "Install it with `apt-get install \(package)`, or set \(variable) to the library's file or "
      + "directory; on Spark executors, ship the library beside the program."
  }
}
