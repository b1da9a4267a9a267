import Texts

/// A model on a hub as users name it: `hf:org/name[@revision]`, or a file or folder in it,
/// `hf:org/name[@revision]/onnx/model.onnx`.
///
/// The form is that of the official client's addresses (`hf://org/name@revision/path`), whose slashes may
/// be left out or not.
package struct HubReference: Sendable, Hashable {
  /// The reference as the user wrote it.
  package let text: String
  /// `org/name`; a few old models have a name alone.
  package let repository: String
  /// A branch, a tag or a commit.
  package let revision: String
  /// A file or folder in the repository; empty for all of it.
  package let path: String

  private static let form =
    "the form is hf:ORG/NAME, hf:ORG/NAME@REVISION or hf:ORG/NAME/PATH/MODEL.onnx"

  /// Whether `text` means a model on a hub.
  package static func isOne(_ text: String) -> Bool { text.hasPrefix("hf:") }

  /// - Throws: ``HubError`` if `text` is of another form.
  package init(_ text: String) throws(HubError) {
    func wrong(_ reason: String) -> HubError {
      HubError(.invalidReference, "'\(text)' is no model's id: \(reason); \(Self.form)")
    }
    guard Self.isOne(text) else { throw wrong("it does not begin with hf:") }
    var rest = text.dropFirst(3)
    if rest.hasPrefix("//") { rest = rest.dropFirst(2) }
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    var parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    if parts.count > 2, parts[0] == "models" { parts.removeFirst() }
    if parts.count > 2, ["datasets", "spaces", "kernels", "buckets"].contains(parts[0]) {
      throw wrong("it names one of the hub's \(parts[0]), which are no models")
    }
    guard parts.joined(separator: "/").isPlainPath else {
      throw wrong("a part of it is empty, or '.' or '..'")
    }

    var name = parts.removeFirst()
    if !parts.isEmpty, !name.contains("@") { name += "/" + parts.removeFirst() }
    var revision = "main"
    if let at = name.firstIndex(of: "@") {
      revision = String(name[name.index(after: at)...])
      name = String(name[..<at])
      if revision == "refs", parts.count > 1, ["pr", "convert"].contains(parts[0]) {
        // Requests for changes: the only revisions whose slashes need no %2F.
        revision += "/" + parts.removeFirst()
        revision += "/" + parts.removeFirst()
      } else {
        revision = revision.strictlyPercentDecoded ?? revision
      }
      guard revision.isPlainPath else { throw wrong("'\(revision)' is no revision") }
    }
    guard Self.isRepository(name) else { throw wrong("'\(name)' is no repository's name") }
    self.text = text
    repository = name
    self.revision = revision
    path = parts.joined(separator: "/")
  }

  /// The name without owner, revision and folders: what to call the model.
  package var plainName: String {
    let whole = path.isEmpty ? repository : path
    return whole.split(separator: "/").last.map(String.init) ?? whole
  }

  /// The hub's rules for names. `--` separates names in the cache.
  private static func isRepository(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count <= 2 && name.utf8.count <= 96 && !name.contains("--")
      && parts.allSatisfy { part in
        guard let first = part.first, let last = part.last else { return false }
        return !part.contains("..") && !"-.".contains(first) && !"-.".contains(last)
          && part.allSatisfy { character in
            character.isASCII
              && (character.isLetter || character.isNumber || "._-".contains(character))
          }
      }
  }
}

extension HubReference: CustomStringConvertible {
  package var description: String { text }
}

extension String {
  /// Whether it is a path of which no part is empty or leads elsewhere.
  var isPlainPath: Bool {
    !contains("\0")
      && split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
        !$0.isEmpty && $0 != "." && $0 != ".."
      }
  }

  /// Whether this is the full name of a commit, which always means the same files.
  var isCommit: Bool { utf8.count == 40 && isHexadecimal }

  /// Whether these are digits that hashes are written in.
  var isHexadecimal: Bool {
    utf8.allSatisfy {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
    }
  }
}
