import Glibc

/// Calls `body` with `strings` as NUL-terminated strings, which live until it returns.
package func withCStrings<Result, Failure: Error>(
  _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws(Failure) -> Result
) throws(Failure) -> Result {
  let copies = strings.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  return try body(copies.map { UnsafePointer($0) })
}
