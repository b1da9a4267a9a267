import Glibc

/// e raised to `value`.
func exponential(_ value: Float) -> Float { expf(value) }

/// e raised to `value`.
func exponential(_ value: Double) -> Double { exp(value) }
