import NativeLibraries

extension TorchPackage {
  /// The parts of a package that lie in files, as the system's loader and CUDA want them.
  struct Unpacked {
    var directory: TemporaryDirectory
    /// The shared library.
    var path: String
    var key: CompiledCode.Key
  }

  /// Unpacks the code, with a GPU's kernels and the descriptions of operators if wanted, into a
  /// directory of its own, and checks it.
  ///
  /// - Throws: ``TorchError`` if the package is damaged or there is no room.
  func unpack(withCompanions: Bool, processor: ProcessorFeatures = .current) throws -> Unpacked {
    do {
      let directory = try TemporaryDirectory()
      var hash = ContentHash()
      // The archive's names stay out of the file system, but for kernels, which the code asks for.
      let file = try directory.write("model.so") { append in
        try archive.read(code) { bytes in
          hash.add(bytes)
          try append(bytes)
        }
      }
      try SharedObject.check(RandomAccessFile(path: file), machine: processor.machine)
      if withCompanions {
        for companion in companions {
          guard let last = companion.name.split(separator: "/").last else { continue }
          // PyTorch looks for the description of operators under the code's own name.
          let name = last.hasSuffix(".wrapper.json") ? "model.json" : String(last)
          _ = try directory.write(name) { append in try archive.read(companion, append) }
        }
      }
      let key = CompiledCode.Key(
        name: code.name.split(separator: "/").last.map(String.init) ?? code.name,
        byteCount: code.byteCount, checksum: code.checksum, hash: hash.value)
      return Unpacked(directory: directory, path: file, key: key)
    } catch let error as ArchiveError {
      throw failure(.modelLoad, error.description, cause: error)
    }
  }
}

/// A fast 64-bit hash of bytes that come in pieces.
struct ContentHash {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    var value = value
    var index = 0
    while index + 8 <= bytes.count {
      value ^= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      value = (value &* 0x9E37_79B9_7F4A_7C15)
      value ^= value >> 29
      index += 8
    }
    while index < bytes.count {
      value = (value ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3
      index += 1
    }
    self.value = value
  }
}
