/// What to do about failures, by signs in their text, any of which is enough: the more exact ones come
/// first.
typealias Remedies = KeyValuePairs<[String], String>

extension Remedies {
  /// The first whose signs fit; `nil` if none does.
  func first(for text: String) -> String? {
    first { remedy in remedy.key.contains { text.contains($0) } }?.value
  }
}
