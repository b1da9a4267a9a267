/// Byte-pair encoding: characters, merged pair by pair in the order of the merges' ranks.
struct BPEModel: Sendable {
  struct Options: Sendable {
    var unknownToken: String?
    var prefix: [UInt8] = []
    var suffix: [UInt8] = []
    var fusesUnknown = false
    var fallsBackToBytes = false
    var ignoresMerges = false
  }

  let vocabulary: Vocabulary
  private let merges: MergeTable
  private let options: Options
  private let unknownID: Int32?
  /// The numbers of `<0x00>` to `<0xFF>`, −1 for missing ones.
  private let byteTokens: [Int32]
  /// The numbers of the ASCII characters, for models without prefix and suffix.
  private let ascii: [Int32]

  init(
    vocabulary: Vocabulary, merges: [(left: Int32, right: Int32, result: Int32)],
    options: Options
  ) {
    self.vocabulary = vocabulary
    self.merges = MergeTable(merges)
    self.options = options
    unknownID = options.unknownToken.flatMap { vocabulary.id(of: $0) }
    byteTokens = options.fallsBackToBytes ? ByteTokens.numbers(in: vocabulary) : []
    let isPlain = options.prefix.isEmpty && options.suffix.isEmpty
    ascii =
      isPlain
      ? (0..<128).map { vocabulary.id(of: String(Unicode.Scalar(UInt8($0)))) ?? -1 } : []
  }

  func tokenize(
    _ word: UnsafeBufferPointer<UInt8>, into sink: inout TokenSink, _ memory: inout ModelMemory
  ) throws(TokenizerError) {
    if word.isEmpty { return }
    var hash: UInt64 = 0
    let isCached = word.count <= WordCache.longestWord
    if isCached {
      hash = WordCache.hash(word)
      if memory.cache.lookUp(word, hash: hash, into: &sink) { return }
    }
    if options.ignoresMerges {
      let id = vocabulary.id(of: word)
      if id >= 0 {
        sink.append(id, 0, word.count)
        return
      }
    }
    memory.symbols.removeAll(keepingCapacity: true)
    try split(word, &memory)
    if memory.symbols.count <= 48 { mergeFew(&memory.symbols) } else { mergeMany(&memory) }
    if isCached { memory.cache.store(word, hash: hash, memory.symbols) }
    var place = 0
    for symbol in memory.symbols {
      let end = place + Int(symbol.length)
      sink.append(symbol.id, place, end)
      place = end
    }
  }

  /// The symbols of the single characters.
  private func split(
    _ word: UnsafeBufferPointer<UInt8>, _ memory: inout ModelMemory
  ) throws(TokenizerError) {
    var unknownLength: Int32 = 0
    var index = 0
    while index < word.count {
      let length = UTF8Text.length(word[index])
      let end = index + length
      var id: Int32
      let hasAffix =
        (index > 0 && !options.prefix.isEmpty) || (end == word.count && !options.suffix.isEmpty)
      if !ascii.isEmpty, length == 1 {
        id = ascii[Int(word[index])]
      } else if hasAffix {
        memory.buffer.removeAll(keepingCapacity: true)
        if index > 0 { memory.buffer += options.prefix }
        memory.buffer.append(contentsOf: word[index..<end])
        if end == word.count { memory.buffer += options.suffix }
        id = memory.buffer.withUnsafeBufferPointer { vocabulary.id(of: $0) }
      } else {
        id = vocabulary.id(of: UnsafeBufferPointer(rebasing: word[index..<end]))
      }
      if id >= 0 {
        flushUnknown(&unknownLength, &memory)
        memory.symbols.append(MergeSymbol(id: id, length: Int32(length)))
      } else if !appendBytes(word, index..<end, hasAffix, &memory), options.unknownToken != nil {
        guard unknownID != nil else {
          throw TokenizerError(
            .invalidInput,
            "the text has an unknown character and the vocabulary lacks the "
              + "token \"\(options.unknownToken ?? "")\" for it")
        }
        if !options.fusesUnknown { flushUnknown(&unknownLength, &memory) }
        unknownLength += Int32(length)
      }
      index = end
    }
    flushUnknown(&unknownLength, &memory)
  }

  @inline(__always)
  private func flushUnknown(_ length: inout Int32, _ memory: inout ModelMemory) {
    guard length > 0, let unknownID else { return }
    memory.symbols.append(MergeSymbol(id: unknownID, length: length))
    length = 0
  }

  /// Appends a token for each byte of a character (with its affixes); false when one is missing.
  private func appendBytes(
    _ word: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ hasAffix: Bool,
    _ memory: inout ModelMemory
  ) -> Bool {
    guard options.fallsBackToBytes else { return false }
    if !hasAffix {
      memory.buffer.removeAll(keepingCapacity: true)
      memory.buffer.append(contentsOf: word[range])
    }
    guard memory.buffer.allSatisfy({ byteTokens[Int($0)] >= 0 }) else { return false }
    for byte in memory.buffer {
      memory.symbols.append(MergeSymbol(id: byteTokens[Int(byte)], length: 1))
    }
    return true
  }

  /// Merges the pair of the lowest rank, the leftmost of several, until none is left.
  private func mergeFew(_ symbols: inout [MergeSymbol]) {
    var count = symbols.count
    symbols.withUnsafeMutableBufferPointer { symbols in
      // `previous` and `next` of a symbol hold rank and result of its merge with the next one.
      func note(_ index: Int) {
        if index + 1 < count, let merge = merges.find(symbols[index].id, symbols[index + 1].id) {
          symbols[index].previous = merge.rank
          symbols[index].next = merge.result
        } else {
          symbols[index].previous = .max
        }
      }
      for index in 0..<count { note(index) }
      while true {
        var best = -1
        var rank = Int32.max
        for index in 0..<count where symbols[index].previous < rank {
          rank = symbols[index].previous
          best = index
        }
        if best < 0 { return }
        symbols[best].id = symbols[best].next
        symbols[best].length += symbols[best + 1].length
        count -= 1
        for index in best + 1..<max(count, best + 1) { symbols[index] = symbols[index + 1] }
        note(best)
        if best > 0 { note(best - 1) }
      }
    }
    symbols.removeSubrange(count...)
  }

  /// The same with a heap of (rank, position), for long words.
  private func mergeMany(_ memory: inout ModelMemory) {
    memory.heap.removeAll(keepingCapacity: true)
    let merges = merges
    memory.symbols.withUnsafeMutableBufferPointer { symbols in
      for index in symbols.indices {
        symbols[index].previous = Int32(index) - 1
        symbols[index].next = index + 1 < symbols.count ? Int32(index) + 1 : -1
        if index + 1 < symbols.count,
          let merge = merges.find(symbols[index].id, symbols[index + 1].id)
        {
          MinimumHeap.push(UInt64(merge.rank) << 32 | UInt64(index), to: &memory.heap)
        }
      }
      while let top = MinimumHeap.pop(&memory.heap) {
        let position = Int(top & 0xFFFF_FFFF)
        let next = Int(symbols[position].next)
        // A pair that has changed since it was queued is out of date.
        guard symbols[position].length > 0, next >= 0,
          let merge = merges.find(symbols[position].id, symbols[next].id),
          UInt64(merge.rank) == top >> 32
        else { continue }
        symbols[position].id = merge.result
        symbols[position].length += symbols[next].length
        symbols[position].next = symbols[next].next
        symbols[next].length = 0
        let after = Int(symbols[position].next)
        if after >= 0 {
          symbols[after].previous = Int32(position)
          if let merge = merges.find(symbols[position].id, symbols[after].id) {
            MinimumHeap.push(UInt64(merge.rank) << 32 | UInt64(position), to: &memory.heap)
          }
        }
        let before = Int(symbols[position].previous)
        if before >= 0, let merge = merges.find(symbols[before].id, symbols[position].id) {
          MinimumHeap.push(UInt64(merge.rank) << 32 | UInt64(before), to: &memory.heap)
        }
      }
    }
    memory.symbols.removeAll { $0.length == 0 }
  }
}

/// A binary heap, smallest first.
enum MinimumHeap {
  @inline(__always)
  static func push(_ value: UInt64, to heap: inout [UInt64]) {
    heap.append(value)
    heap.withUnsafeMutableBufferPointer { heap in
      var index = heap.count - 1
      while index > 0, heap[(index - 1) / 2] > value {
        heap[index] = heap[(index - 1) / 2]
        index = (index - 1) / 2
      }
      heap[index] = value
    }
  }

  @inline(__always)
  static func pop(_ heap: inout [UInt64]) -> UInt64? {
    guard let top = heap.first else { return nil }
    let last = heap.removeLast()
    if heap.isEmpty { return top }
    heap.withUnsafeMutableBufferPointer { heap in
      var index = 0
      while true {
        var child = index * 2 + 1
        if child >= heap.count { break }
        if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
        if heap[child] >= last { break }
        heap[index] = heap[child]
        index = child
      }
      heap[index] = last
    }
    return top
  }
}
