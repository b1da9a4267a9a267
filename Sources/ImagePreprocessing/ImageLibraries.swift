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
    search(
      "TurboJPEG", "libturbojpeg.so", version: 0, "NEEDLETAIL_TURBOJPEG", package: "libturbojpeg0")
  }

  /// Where libpng 1.6 is looked for.
  public static func pngSearch() -> DynamicLibrarySearch {
    search("libpng", "libpng16.so", version: 16, "NEEDLETAIL_LIBPNG", package: "libpng16-16")
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

  private static func search(
    _ library: String, _ file: String, version: Int, _ variable: String, package: String
  ) -> DynamicLibrarySearch {
    DynamicLibrarySearch(
      library: library, fileName: file, environmentVariable: variable, folder: "images",
      loaderName: "\(file).\(version)",
      advice:
        "Install it with `apt-get install \(package)`, or set \(variable) to the library's file "
        + "or directory; on Spark executors, ship the library beside the program.")
  }
}
