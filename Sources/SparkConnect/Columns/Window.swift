import SparkConnectProtocol
import SwiftProtobuf

/// The rows that a window function sees: those of its partition, in an order, as far as a frame goes.
///
/// ```swift
/// let latest = Window.partitionBy("user").orderBy(col("time").desc)
/// table.withColumn("place", rowNumber().over(latest))
/// table.withColumn("sum", sum("price").over(latest.rowsBetween(-2, Window.currentRow)))
/// ```
public struct Window: Sendable {
  /// The first row of the partition, for a frame.
  public static let unboundedPreceding = Int.min
  /// The last row of the partition, for a frame.
  public static let unboundedFollowing = Int.max
  /// The row itself, for a frame.
  public static let currentRow = 0

  private enum Frame {
    case rows(Int, Int)
    case range(Int, Int)
  }

  private var partitions: [Column] = []
  private var order: [Column] = []
  private var frame: Frame?

  private init() {}

  private func with(_ change: (inout Window) -> Void) -> Window {
    var copy = self
    change(&copy)
    return copy
  }

  /// The rows with the same values in `columns`.
  public static func partitionBy(_ columns: Column...) -> Window {
    Window().with { $0.partitions = columns }
  }

  /// All rows in the order of `columns`.
  public static func orderBy(_ columns: Column...) -> Window {
    Window().with { $0.order = columns }
  }

  /// The rows from `start` to `end`, both included, counted from the row itself: negative numbers stand
  /// for those before.
  public static func rowsBetween(_ start: Int, _ end: Int) -> Window {
    Window().rowsBetween(start, end)
  }

  /// The rows whose value of the order lies within `start` to `end` of the row's own.
  public static func rangeBetween(_ start: Int, _ end: Int) -> Window {
    Window().rangeBetween(start, end)
  }

  /// The window within rows with the same values in `columns`.
  public func partitionBy(_ columns: Column...) -> Window { with { $0.partitions = columns } }

  /// The window in the order of `columns`.
  public func orderBy(_ columns: Column...) -> Window { with { $0.order = columns } }

  /// The window from `start` to `end`, both included, counted in rows from the row itself.
  public func rowsBetween(_ start: Int, _ end: Int) -> Window {
    with { $0.frame = .rows(start, end) }
  }

  /// The window whose values of the order lie within `start` to `end` of the row's own.
  public func rangeBetween(_ start: Int, _ end: Int) -> Window {
    with { $0.frame = .range(start, end) }
  }

  /// `function` over these rows.
  func column(of function: Column) -> Column {
    let count = partitions.count
    return Column([function] + partitions + order, label: function.label) { [frame] result, parts in
      result.window.windowFunction = parts[0]
      result.window.partitionSpec = Array(parts[1..<1 + count])
      result.window.orderSpec = parts[(1 + count)...].map(DataFrame.sortOrder)
      if let frame { result.window.frameSpec = try Self.message(frame) }
    }
  }

  private typealias Message = Spark_Connect_Expression.Window.WindowFrame

  private static func message(_ frame: Frame) throws -> Message {
    var message = Message()
    switch frame {
    case .rows(let start, let end), .range(let start, let end):
      // The message says of both ends only that there is no bound.
      if start == unboundedFollowing || end == unboundedPreceding || start > end {
        throw SparkError(
          .invalidArgument,
          "a window's frame begins behind its end; name the earlier bound first: "
            + "(Window.unboundedPreceding, Window.currentRow), or (-2, 2)")
      }
    }
    switch frame {
    case .rows(let start, let end):
      message.frameType = .row
      message.lower = try boundary(start, rows)
      message.upper = try boundary(end, rows)
    case .range(let start, let end):
      message.frameType = .range
      message.lower = try boundary(start, distance)
      message.upper = try boundary(end, distance)
    }
    return message
  }

  private static func rows(_ number: Int) throws -> Spark_Connect_Expression.Literal {
    guard let rows = Int32(exactly: number) else {
      throw SparkError(
        .invalidArgument,
        "a window of rows begins or ends \(number) rows away, which is more than Spark counts; use "
          + "Window.unboundedPreceding or Window.unboundedFollowing")
    }
    return .with { $0.integer = rows }
  }

  private static func distance(_ number: Int) -> Spark_Connect_Expression.Literal {
    .with { $0.long = Int64(number) }
  }

  private static func boundary(
    _ number: Int, _ literal: (Int) throws -> Spark_Connect_Expression.Literal
  ) throws -> Message.FrameBoundary {
    var boundary = Message.FrameBoundary()
    switch number {
    case currentRow: boundary.currentRow = true
    case unboundedPreceding, unboundedFollowing: boundary.unbounded = true
    default:
      let value = try literal(number)
      boundary.value = .with { $0.literal = value }
    }
    return boundary
  }
}

extension Column {
  /// The column as a window function over the rows of `window`.
  public func over(_ window: Window) -> Column { window.column(of: self) }
}
