import Crypto

/// A checksum of contents that come piece by piece.
enum Checksum {
  case sha256(SHA256)
  /// Git's own of a file.
  case blob(Insecure.SHA1)

  init(of file: HubFile) {
    guard file.sha256 == nil else {
      self = .sha256(SHA256())
      return
    }
    var hash = Insecure.SHA1()
    // Git hashes a file with its kind and size before it.
    let head = Array("blob \(file.size)\0".utf8)
    head.withUnsafeBytes { hash.update(bufferPointer: $0) }
    self = .blob(hash)
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    switch self {
    case .sha256(var hash):
      hash.update(bufferPointer: bytes)
      self = .sha256(hash)
    case .blob(var hash):
      hash.update(bufferPointer: bytes)
      self = .blob(hash)
    }
  }

  /// The digits of the hash.
  var hexadecimal: String {
    switch self {
    case .sha256(let hash): Self.digits(hash.finalize())
    case .blob(let hash): Self.digits(hash.finalize())
    }
  }

  private static func digits(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
