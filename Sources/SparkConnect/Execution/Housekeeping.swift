/// Executions that nobody asked for: they show no progress, no tag interrupts them, and it does not matter to
/// them how a session reads files.
package enum Housekeeping {
  @TaskLocal package static var isActive = false
}
