/// Numbers that stand where a length is expected and mean something else (Spark's `SpecialLengths`).
package enum SpecialLength {
  package static let endOfDataSection: Int32 = -1
  package static let exceptionThrown: Int32 = -2
  package static let timingData: Int32 = -3
  package static let endOfStream: Int32 = -4
  package static let startOfArrowStream: Int32 = -6
  package static let startOfInitialization: Int32 = -8
}
