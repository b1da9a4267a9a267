/// The version of this package, which `KServeServer.packageVersion` tells outside.
package enum PackageVersion {
  package static let text = "0.1.0"
}
