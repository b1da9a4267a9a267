import ErrorCauses
import Testing

/// Which errors are about the rows that were computed.
struct RowFaultTests {
  struct Known: RowFaultError { var rowFault: RowFaultKind? }
  struct Unknown: Error {}
  struct Outer: CausedError {
    var cause: (any Error)?
    let message = "outer", description = "[OUTER] outer"
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var error: any Error
    var kind: RowFaultKind?
    var testDescription: String { "\(error)" }
  }

  @Test(arguments: [
    Case(error: Known(rowFault: .model), kind: .model),
    Case(error: Known(rowFault: nil), kind: nil),
    Case(error: Unknown(), kind: .model),
    Case(error: CancellationError(), kind: nil),
    Case(error: Outer(), kind: .model),
    Case(error: Outer(cause: Known(rowFault: .text)), kind: .text),
    Case(error: Outer(cause: Known(rowFault: nil)), kind: nil),
    Case(error: Outer(cause: Outer(cause: CancellationError())), kind: nil),
  ])
  func kind(of test: Case) { #expect(test.error.faultOfRows == test.kind) }

  @Test(
    "memory and devices are the machine's",
    arguments: [
      ("CUDA out of memory. Tried to allocate 2.00 GiB", true),
      ("std::bad_alloc", true),
      ("Failed to allocate memory for requested buffer of size 8589934592", true),
      ("CUDA failure 700: an illegal memory access was encountered", true),
      (
        "indices element out of data bounds, idx=99 must be within the inclusive range [-10,9]",
        false
      ),
      ("/onnxruntime/core/providers/cuda/tensor/reshape.h: the shape does not fit", false),
    ])
  func machine(_ text: String, _ isAbout: Bool) { #expect(isAboutMachine(text) == isAbout) }
}
