public import CArrow

/// One of the structures of the C interfaces.
///
/// A structure belongs to whoever got it: they call its callback `release` once, on the base structure
/// only, never on those within it. A released structure is one whose callback is NULL. To move a
/// structure is to copy its bytes and to mark the old place as released, without calling the callback
/// ("Memory management" in https://arrow.apache.org/docs/format/CDataInterface.html).
protocol CStructure {
  /// Whether there is nothing in it, or no more.
  var isReleased: Bool { get }

  /// Notes that what was in it has been moved elsewhere.
  mutating func markReleased()

  /// Calls the callback of the structure at `pointer`, which is not released.
  static func callRelease(_ pointer: UnsafeMutablePointer<Self>)
}

extension CStructure {
  /// Releases the structure at `pointer` unless it is released already.
  static func release(_ pointer: UnsafeMutablePointer<Self>) {
    if !pointer.pointee.isReleased { callRelease(pointer) }
  }
}

extension ArrowCSchema: CStructure {
  var isReleased: Bool { release == nil }
  mutating func markReleased() { release = nil }
  static func callRelease(_ pointer: UnsafeMutablePointer<ArrowCSchema>) {
    pointer.pointee.release(pointer)
  }
}

extension ArrowCArray: CStructure {
  var isReleased: Bool { release == nil }
  mutating func markReleased() { release = nil }
  static func callRelease(_ pointer: UnsafeMutablePointer<ArrowCArray>) {
    pointer.pointee.release(pointer)
  }
}

extension ArrowCArrayStream: CStructure {
  var isReleased: Bool { release == nil }
  mutating func markReleased() { release = nil }
  static func callRelease(_ pointer: UnsafeMutablePointer<ArrowCArrayStream>) {
    pointer.pointee.release(pointer)
  }
}

/// Owns a structure of somebody else's, and releases it when the last reference goes.
///
/// What an array points at does not change and may be read on any thread, and its callback may be called
/// on any thread; hence `Sendable`.
final class COwner<Structure: CStructure>: @unchecked Sendable {
  /// Where the structure is.
  let pointer: UnsafeMutablePointer<Structure>

  /// Moves the structure out of `source`.
  ///
  /// - Throws: ``ArrowError`` if it is released.
  init(moving source: UnsafeMutablePointer<Structure>, _ what: String) throws(ArrowError) {
    guard !source.pointee.isReleased else {
      throw ArrowError(
        .invalidArgument,
        "the \(what) was released or taken over before; each can be consumed once")
    }
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: source.pointee)
    source.pointee.markReleased()
  }

  /// Releases the structure now.
  func release() { Structure.release(pointer) }

  deinit {
    release()
    pointer.deallocate()
  }
}

/// The structures that an exported one points at: children, or a dictionary.
///
/// Their places belong to the exported structure, and so does what is in them until a consumer moves it
/// out: whatever is still there at the end is released with it.
struct CChildren<Structure: CStructure> {
  private let places: [UnsafeMutablePointer<Structure>]
  /// A pointer to each structure; `nil` if there is none.
  let pointers: UnsafeMutablePointer<UnsafeMutablePointer<Structure>?>?

  /// Places for `count` structures; `fill` puts one into each.
  init(count: Int, fill: (Int, UnsafeMutablePointer<Structure>) -> Void) {
    places = (0..<count).map { index in
      let place = UnsafeMutablePointer<Structure>.allocate(capacity: 1)
      fill(index, place)
      return place
    }
    pointers =
      places.isEmpty ? nil : UnsafeMutablePointer.copying(places.map { Optional($0) })
  }

  /// The number of structures.
  var count: Int { places.count }

  /// The only structure, such as a dictionary, if there is one.
  var first: UnsafeMutablePointer<Structure>? { places.first }

  /// Releases what is still in the places, and gives these back.
  func end() {
    for place in places {
      Structure.release(place)
      place.deallocate()
    }
    pointers?.deallocate()
  }
}

extension UnsafeMutablePointer {
  /// Memory with copies of `elements`; there is some even for none.
  static func copying(_ elements: some Collection<Pointee>) -> UnsafeMutablePointer {
    let copy = UnsafeMutablePointer.allocate(capacity: Swift.max(elements.count, 1))
    for (index, element) in elements.enumerated() { (copy + index).initialize(to: element) }
    return copy
  }
}
