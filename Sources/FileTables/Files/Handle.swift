/// A pointer of the plug-in, which is kept from being used by two threads at once by whom it belongs to.
struct Handle: @unchecked Sendable {
  var pointer: OpaquePointer?

  init(_ pointer: OpaquePointer?) { self.pointer = pointer }
}
