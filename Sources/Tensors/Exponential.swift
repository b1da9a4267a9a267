#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// e raised to `value`.
func exponential(_ value: Float) -> Float { expf(value) }
