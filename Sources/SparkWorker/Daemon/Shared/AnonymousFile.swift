import Glibc

/// Memory that processes share by its descriptor, and that goes with the last of them.
enum AnonymousFile {
  /// `MFD_CLOEXEC` of Linux's `memfd.h`.
  private static let closeOnExec: CUnsignedInt = 1

  /// An empty file; `name` only shows in listings of descriptors.
  static func make(_ name: String) throws(WorkerError) -> Int32 {
    // A function of GNU, which Swift's Glibc module leaves out.
    guard let address = dlsym(nil, "memfd_create") else {
      throw WorkerError(.launch, "this system has no memfd_create (glibc 2.27)")
    }
    let create = unsafeBitCast(
      address, to: (@convention(c) (UnsafePointer<CChar>, CUnsignedInt) -> CInt).self)
    let descriptor = create(name, closeOnExec)
    guard descriptor >= 0 else {
      throw WorkerError.system("no memory can be shared with a process")
    }
    return descriptor
  }

  /// A file that holds `bytes`.
  static func make(_ name: String, holding bytes: [UInt8]) throws(WorkerError) -> Int32 {
    let descriptor = try make(name)
    guard writeAll(bytes[...], to: descriptor) else {
      let error = WorkerError.system("a task cannot be passed on")
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// All of a file's bytes.
  static func contents(of descriptor: Int32) -> [UInt8] {
    let size = max(0, Int(lseek(descriptor, 0, SEEK_END)))
    return [UInt8](unsafeUninitializedCapacity: size) { memory, filled in
      while filled < size {
        let count = pread(
          descriptor, memory.baseAddress.map { $0 + filled }, size - filled, off_t(filled))
        if count <= 0 { break }
        filled += count
      }
    }
  }
}
