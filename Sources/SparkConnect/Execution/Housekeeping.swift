/// Executions that nobody asked for: they show no progress, and no tag interrupts them.
package enum Housekeeping {
  @TaskLocal package static var isActive = false
}
