import ImagePreprocessing
import Tensors
import Testing

/// Layouts, channels, normalization and the ways in.
@Suite(.needsDecoders)
struct SettingsTests {
  static func pixels(_ settings: ImagePreprocessing) throws -> Tensor<UInt8> {
    try settings.byteTensor(from: [ImageFile.bytes("source.png")])
  }

  @Test(
    "Layouts and channels hold the same pixels",
    arguments: [
      Resampling.bicubic, .nearest, .tensorFlow(.bilinear),
    ])
  func layouts(_ resampling: Resampling) throws {
    let size = ImageSize(width: 7, height: 5)
    let bytes = try ImageFile.bytes("source.png")
    func tensor(_ channels: PixelChannels, _ layout: PixelLayout) throws -> Tensor<Float> {
      let settings = ImagePreprocessing(
        size: size, resampling: resampling, channels: channels, layout: layout)
      let tensor = try settings.tensor(from: [bytes, bytes])
      #expect(tensor.shape == settings.rowShape.batched(2))
      return tensor
    }
    let last = try tensor(.rgb, .channelsLast)
    let first = try tensor(.rgb, .channelsFirst)
    let reversed = try tensor(.bgr, .channelsLast)
    let reversedFirst = try tensor(.bgr, .channelsFirst)
    #expect(last.shape == [2, 5, 7, 3])
    #expect(first.shape == [2, 3, 5, 7])
    for y in 0..<5 {
      for x in 0..<7 {
        for channel in 0..<3 {
          let value = last[1, y, x, channel]
          #expect(first[1, channel, y, x] == value)
          #expect(reversed[1, y, x, 2 - channel] == value)
          #expect(reversedFirst[1, 2 - channel, y, x] == value)
        }
      }
    }
    #expect(Set(last.scalars).count > 20)
  }

  static let normalizations: [(Normalization, @Sendable (Float, Int) -> Float)] = [
    (.none, { value, _ in value }),
    (.unit, { value, _ in value / 255 }),
    (.signedUnit, { value, _ in value / 127.5 - 1 }),
    (.init(scale: 2 / 255, offset: -1), { value, _ in value * (2 / 255) - 1 }),
    (
      .imageNet,
      { value, channel in
        (value / 255 - [0.485, 0.456, 0.406][channel]) / [0.229, 0.224, 0.225][channel]
      }
    ),
    (.caffe, { value, channel in value - [103.939, 116.779, 123.68][channel] }),
    (
      .init(scale: 0.5, mean: [1, 2, 3], deviation: [4, 5, 6]),
      { value, channel in (value * 0.5 - [1, 2, 3][channel]) / [4, 5, 6][channel] }
    ),
  ]

  @Test("Normalization gives the exact numbers", arguments: normalizations.indices)
  func normalization(_ index: Int) throws {
    let (normalization, formula) = Self.normalizations[index]
    for layout in [PixelLayout.channelsLast, .channelsFirst] {
      for channels in [PixelChannels.rgb, .bgr] {
        for resampling in [Resampling.lanczos, .tensorFlow(.bicubic)] {
          var settings = ImagePreprocessing(
            size: ImageSize(6), resampling: resampling, channels: channels, layout: layout)
          let bytes = try ImageFile.bytes("source.png")
          let plain = try settings.tensor(from: [bytes]).scalars
          settings.normalization = normalization
          let found = try settings.tensor(from: [bytes]).scalars
          let wanted = plain.enumerated().map { place, value in
            formula(value, layout == .channelsLast ? place % 3 : place / 36)
          }
          #expect(found.elementsEqual(wanted))
        }
      }
    }
  }

  @Test("The background is normalized too") func background() throws {
    let settings = ImagePreprocessing(
      size: ImageSize(width: 40, height: 10),
      fitting: .contain(background: PixelColor(red: 255, green: 0, blue: 51)), channels: .bgr,
      normalization: .unit)
    let tensor = try settings.tensor(from: [ImageFile.bytes("source.png")])
    #expect((0..<3).map { tensor[0, 9, 39, $0] } == [0.2, 0, 1])
    #expect((0..<3).map { tensor[0, 0, 0, $0] } == [0.2, 0, 1])
  }

  @Test("All ways in give the same") func inputs() throws {
    let settings = ImagePreprocessing(size: ImageSize(5))
    let files = try ["rgb8.png", "jpeg420.jpg", "palette2.png"].map { try ImageFile.bytes($0) }
    let wanted = try settings.tensor(from: files)
    #expect(try settings.tensor(from: files as [[UInt8]?]) == wanted)
    let offsets = files.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
    let strings = try StringTensor(offsets: offsets, bytes: files.flatMap { $0 }, shape: [3])
    #expect(try settings.tensor(from: strings) == wanted)
    #expect(try settings.tensor(from: [[UInt8]]()).shape == [0, 5, 5, 3])
    let error = try #require(throws: ImageError.self) {
      try settings.tensor(from: [files[0], nil] as [[UInt8]?], names: ["a", "b"])
    }
    #expect(error.code == .missing && error.row == 1 && error.name == "b")
  }

  static let contradictions: [ImagePreprocessing] = [
    .init(size: ImageSize(0)), .init(size: ImageSize(width: 70000, height: 1)),
    .init(size: ImageSize(4), fitting: .centerCrop(shorterSide: 0)),
    .init(size: ImageSize(4), channels: .grey, normalization: .imageNet),
    .init(size: ImageSize(4), normalization: .init(mean: [1, 2])),
  ]

  @Test("Contradictions are refused", arguments: contradictions)
  func contradiction(_ settings: ImagePreprocessing) throws {
    let error = try #require(throws: ImageError.self) {
      try settings.tensor(from: [ImageFile.bytes("pixel.png")])
    }
    #expect(error.code == .invalidSettings)
  }

  @Test("Bytes are only made of bytes") func byteTensors() throws {
    for settings in [
      ImagePreprocessing(size: ImageSize(4), normalization: .unit),
      ImagePreprocessing(size: ImageSize(4), resampling: .tensorFlow(.bilinear)),
    ] {
      let error = try #require(throws: ImageError.self) { try Self.pixels(settings) }
      #expect(error.code == .invalidSettings)
    }
    #expect(throws: ImageError.self) {
      let settings = ImagePreprocessing(size: ImageSize(4))
      _ = try settings.byteTensor(from: [ImageFile.bytes("pixel.png")], names: [])
    }
    #expect(throws: ImageError.self) {
      try Self.pixels(
        .init(size: ImageSize(4), region: ImageRegion(x: 80, y: 0, width: 4, height: 4)))
    }
  }

  @Test("The libraries' files are found") func libraries() {
    let names = ImageLibraries.locateFiles().compactMap { $0.split(separator: "/").last }
    #expect(names.contains { $0.hasPrefix("libturbojpeg.so") })
    #expect(names.contains { $0.hasPrefix("libpng16.so") })
  }
}
