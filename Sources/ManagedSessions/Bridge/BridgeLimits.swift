/// How long a bridge waits for what, in seconds.
package struct BridgeLimits: Sendable, Hashable {
  /// Until there is a web socket on a connection that was made; making it has ten seconds, too.
  package var handshake = 10.0
  /// How long the server may be silent before it gets a ping.
  package var silence = 30.0
  /// How long a ping may have no answer.
  package var answer = 20.0
  /// The same while the server takes no bytes, behind which the ping waits.
  package var stall = 120.0
  /// How long the server has for its goodbye.
  package var goodbye = 2.0

  package init() {}
}
