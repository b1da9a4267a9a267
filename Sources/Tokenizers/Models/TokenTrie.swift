/// A byte trie over the tokens, for finding every token that begins at a position.
final class TokenTrie: @unchecked Sendable {
  private struct Node {
    var firstChild: Int32
    var childCount: Int32
    /// The number of the token that ends here, or −1.
    var token: Int32
  }

  private let nodes: UnsafeMutablePointer<Node>
  private let labels: UnsafeMutablePointer<UInt8>
  private let roots: UnsafeMutablePointer<Int32>

  /// A token that occurs twice keeps the later number.
  init(_ tokens: [String]) {
    // Sorted by bytes, the tokens below a node are neighbours: build the nodes level by level.
    let keys = tokens.map { Array($0.utf8) }
    let order = keys.indices.sorted { left, right in
      if keys[left] == keys[right] { return left < right }
      return keys[left].lexicographicallyPrecedes(keys[right])
    }
    var made = [Node(firstChild: 0, childCount: 0, token: -1)]
    var madeLabels: [UInt8] = [0]
    var queue = [(node: 0, low: 0, high: order.count, depth: 0)]
    var head = 0
    while head < queue.count {
      var (node, low, high, depth) = queue[head]
      head += 1
      while low < high, keys[order[low]].count == depth {
        made[node].token = Int32(order[low])
        low += 1
      }
      made[node].firstChild = Int32(made.count)
      while low < high {
        let label = keys[order[low]][depth]
        var end = low + 1
        while end < high, keys[order[end]][depth] == label { end += 1 }
        queue.append((made.count, low, end, depth + 1))
        made.append(Node(firstChild: 0, childCount: 0, token: -1))
        madeLabels.append(label)
        made[node].childCount += 1
        low = end
      }
      high = low
    }
    nodes = .allocate(capacity: made.count)
    nodes.initialize(from: made, count: made.count)
    labels = .allocate(capacity: madeLabels.count)
    labels.initialize(from: madeLabels, count: madeLabels.count)
    roots = .allocate(capacity: 256)
    roots.initialize(repeating: -1, count: 256)
    for child in 0..<Int(made[0].childCount) {
      let number = Int(made[0].firstChild) + child
      roots[Int(madeLabels[number])] = Int32(number)
    }
  }

  deinit {
    nodes.deallocate()
    labels.deallocate()
    roots.deallocate()
  }

  /// Calls `body` with the end and number of each token that begins at `start`, short ones first.
  @inline(__always)
  func forEachPrefix(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ body: (_ end: Int, _ token: Int32) -> Void
  ) {
    var node = Int(roots[Int(text[start])])
    var index = start + 1
    while node >= 0 {
      let current = nodes[node]
      if current.token >= 0 { body(index, current.token) }
      guard index < text.count, current.childCount > 0 else { return }
      node = child(current, text[index])
      index += 1
    }
  }

  @inline(__always)
  private func child(_ node: Node, _ label: UInt8) -> Int {
    var low = Int(node.firstChild)
    var count = Int(node.childCount)
    while count > 8 {
      let half = count / 2
      if labels[low + half] <= label {
        low += half
        count -= half
      } else {
        count = half
      }
    }
    for index in low..<low + count where labels[index] == label { return index }
    return -1
  }
}
