import Glibc
import NativeLibraries

/// Keeps single lines from standard error while a library opens.
///
/// TensorFlow writes two lines when its library is opened, before any of its settings count.
enum StandardErrorFilter {
  /// Runs `body` and writes what reached standard error meanwhile, from any thread, afterwards, but
  /// for the lines that `isNoise` picks. If that cannot be arranged, nothing is kept back.
  static func withoutLines<Result, Failure: Error>(
    where isNoise: (Substring) -> Bool, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let file = tmpfile() else { return try body() }
    defer { fclose(file) }
    let kept = fileno(file)
    let original = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
    guard original >= 0 else { return try body() }
    defer { close(original) }
    guard dup2(kept, STDERR_FILENO) >= 0 else { return try body() }
    defer {
      dup2(original, STDERR_FILENO)
      let lines = contents(of: kept).split(separator: "\n", omittingEmptySubsequences: false)
      let rest = lines.filter { !isNoise($0) }.joined(separator: "\n")
      _ = Array(rest.utf8).withUnsafeBytes { FileSystem.write($0, to: STDERR_FILENO) }
    }
    return try body()
  }

  private static func contents(of descriptor: Int32) -> String {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size > 0 else { return "" }
    let size = Int(status.st_size)
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      filled = max(0, pread(descriptor, buffer.baseAddress, size, 0))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
