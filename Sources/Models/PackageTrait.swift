/// A part that a program can be built without: a trait of this package, which is on unless the program's
/// Package.swift says otherwise.
///
/// Within this package each is a condition of compilation, too: `#if KServe`.
package enum PackageTrait: String, Sendable, CaseIterable {
  case kserve = "KServe"
  case tensorFlow = "TensorFlow"
  case pyTorch = "PyTorch"
  case text = "Text"
  case images = "Images"

  /// That this program lacks the part, and how it gets it: the end of a message.
  package var isMissing: String {
    "this program was built without the trait \(rawValue) of the package needletail. Add it where "
      + "Package.swift names the package: .package(..., traits: [\"\(rawValue)\"]), beside those that it "
      + "has; without traits: all are on"
  }
}
