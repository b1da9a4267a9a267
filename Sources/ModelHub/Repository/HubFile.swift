/// A file of a repository, as the hub lists it.
package struct HubFile: Sendable, Hashable {
  /// Its path in the repository.
  package let path: String
  /// The bytes of its contents.
  let size: Int
  /// The hash by which Git knows the file: of its contents, or of what stands for them.
  let blob: String
  /// The SHA-256 of the contents of a file that Git keeps elsewhere (LFS).
  let sha256: String?
  /// By which the hub's own protocol knows the contents; kept for the official client.
  let xet: String?

  /// What the contents have in the cache for a name: a SHA-256, or Git's SHA-1.
  var checksum: String { sha256 ?? blob }

  /// `nil` if this cannot be a file of a repository: no part of the path may lead elsewhere, since it
  /// becomes a path in the cache, and so does the checksum.
  init?(path: String, size: Int, blob: String, sha256: String?, xet: String?) {
    guard path.isPlainPath, size >= 0, blob.isCommit, sha256 == nil || sha256?.isSHA256 == true
    else { return nil }
    self.path = path
    self.size = size
    self.blob = blob
    self.sha256 = sha256
    self.xet = xet
  }
}

extension String {
  fileprivate var isSHA256: Bool { utf8.count == 64 && isHexadecimal }
}
