extension ExecutionProvider {
  static let cpuName = "CPUExecutionProvider"

  /// The runtime's own CPU kernels; always there, and implied after every other provider.
  public static let cpu = ExecutionProvider(name: cpuName, isRequired: true)
}
