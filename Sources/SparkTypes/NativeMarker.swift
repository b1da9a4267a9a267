/// What the driver writes into the field for Python's version (`PythonUDF.python_ver`), because the
/// worker protocol carries no version of its own: `native/4.N`, the version of Spark.
package enum NativeMarker {
  package static let prefix = "native/"
}
