import Testing
import Tokenizers

/// Files and options that cannot be used.
@Suite
struct ErrorTests {
  struct BadFile: CustomTestStringConvertible {
    var name: String
    var json: String
    var code: TokenizerError.Code = .invalidFile

    init(_ name: String, _ json: String, _ code: TokenizerError.Code = .invalidFile) {
      self.name = name
      self.json = json
      self.code = code
    }

    var testDescription: String { name }
  }

  private static let words = #"{"type":"WordLevel","unk_token":"u","vocab":{"u":0,"a":1}}"#

  private static func file(_ parts: String, model: String = words) -> String {
    #"{"version":"1.0","model":\#(model)\#(parts.isEmpty ? "" : ",")\#(parts)}"#
  }

  private static func bpe(_ vocab: String, _ merges: String, _ more: String = "") -> String {
    file("", model: #"{"type":"BPE","vocab":\#(vocab),"merges":\#(merges)\#(more)}"#)
  }

  private static func unigram(_ vocab: String, _ more: String = "") -> String {
    file("", model: #"{"type":"Unigram","vocab":\#(vocab)\#(more)}"#)
  }

  private static func split(_ expression: String) -> String {
    file(
      #""pre_tokenizer":{"type":"Split","pattern":{"Regex":"\#(expression)"},"#
        + #""behavior":"Isolated","invert":false}"#)
  }

  private static let deep = String(repeating: #"{"type":"Sequence","normalizers":["#, count: 5000)

  /// Groups of which each calls the next.
  private static let calls = (2...9000).map { #"(\\g<\#($0)>)"# }.joined() + "(a)"

  static let badFiles: [BadFile] = [
    BadFile("empty", ""), BadFile("no object", "[]"), BadFile("cut off", #"{"version":"1.0","#),
    BadFile("text behind", file("") + "x"), BadFile("no model", #"{"version":"1.0"}"#),
    BadFile("other version", #"{"version":"2.0"}"#, .unsupported),
    BadFile("lone surrogate", #"{"version":"\ud800"}"#),
    BadFile("nested deeply", #"{"normalizer":"# + deep),
    BadFile("brackets without end", String(repeating: "[", count: 100_000)),
    BadFile("unknown model", file("", model: #"{"type":"LSTM","vocab":{}}"#), .unsupported),
    BadFile("no vocabulary", file("", model: #"{"type":"WordLevel","unk_token":"u"}"#)),
    BadFile("negative number", bpe(#"{"a":-1}"#, "[]")),
    BadFile("huge number", bpe(#"{"a":99999999999999999999}"#, "[]")),
    BadFile("number over 31 bits", bpe(#"{"a":4294967295}"#, "[]")),
    BadFile("fraction", bpe(#"{"a":1.5}"#, "[]")), BadFile("vocabulary is a list", bpe("[]", "[]")),
    BadFile("merge of unknown tokens", bpe(#"{"a":0}"#, #"["a b"]"#)),
    BadFile("merge without its result", bpe(#"{"a":0,"b":1}"#, #"[["a","b"]]"#)),
    BadFile("merge of three", bpe(#"{"a":0}"#, #"[["a","a","a"]]"#)),
    BadFile("merge without a space", bpe(#"{"a":0}"#, #"["aa"]"#)),
    BadFile(
      "merge shorter than the prefix",
      bpe(#"{"a":0,"b":1}"#, #"[["a","b"]]"#, #","continuing_subword_prefix":"long""#)),
    BadFile("dropout of 2", bpe(#"{"a":0}"#, "[]", #","dropout":2"#)),
    BadFile("unknown score", unigram(#"[["a","b"]]"#)), BadFile("score only", unigram("[1]")),
    BadFile("infinite score", unigram(#"[["a",1e999]]"#)),
    BadFile("unk_id outside", unigram(#"[["a",0.0]]"#, #","unk_id":1"#)),
    BadFile("unk_id of an empty vocabulary", unigram("[]", #","unk_id":0"#)),
    BadFile("unknown normalizer", file(#""normalizer":{"type":"Magic"}"#), .unsupported),
    BadFile("normalizer without a type", file(#""normalizer":{}"#)),
    BadFile("normalizer is a string", file(#""normalizer":"NFC""#)),
    BadFile(
      "character map is not base64",
      file(#""normalizer":{"type":"Precompiled","precompiled_charsmap":"!"}"#)),
    BadFile(
      "character map too short",
      file(#""normalizer":{"type":"Precompiled","precompiled_charsmap":"//8PAA=="}"#)),
    BadFile("unknown pre-tokenizer", file(#""pre_tokenizer":{"type":"Magic"}"#), .unsupported),
    BadFile(
      "delimiter of two characters",
      file(#""pre_tokenizer":{"type":"CharDelimiterSplit","delimiter":"ab"}"#)),
    BadFile("chunks of nothing", file(#""pre_tokenizer":{"type":"FixedLength","length":0}"#)),
    BadFile(
      "unknown behavior", file(#""pre_tokenizer":{"type":"Punctuation","behavior":"Eaten"}"#),
      .unsupported),
    BadFile(
      "contradicting prefix",
      file(
        #""pre_tokenizer":{"type":"Metaspace","replacement":"_","add_prefix_space":false,"prepend_scheme":"always"}"#
      )),
    BadFile("reference to no group", split(#"(a)\\2"#), .unsupported),
    BadFile("reference far ahead", split(#"(a)\\g<+9223372036854775807>"#), .unsupported),
    BadFile("number beside a name", split(#"(?<n>a)(b)\\1"#), .unsupported),
    BadFile("group that calls itself", split(#"(a\\g<1>?)"#), .unsupported),
    BadFile("calls nested deeply", split(calls), .unsupported),
    BadFile("condition", split(#"(a)?(?(1)b|c)"#), .unsupported),
    BadFile("grapheme cluster", split(#"\\X"#), .unsupported),
    BadFile("open group", split("(a"), .unsupported),
    BadFile("closed group", split("a)"), .unsupported),
    BadFile("open bracket", split("[a"), .unsupported),
    BadFile("nothing to repeat", split("*"), .unsupported),
    BadFile("unknown property", split(#"\\p{Klingon}"#), .unsupported),
    BadFile("repetition too large", split("a{100000}"), .unsupported),
    BadFile(
      "repetitions of repetitions", split("a" + String(repeating: "{1}", count: 100_000)),
      .unsupported),
    BadFile("program too large", split("((((a{999}b){999}c){999}d){999}e)"), .unsupported),
    BadFile("groups too deep", split(String(repeating: "(", count: 3000)), .unsupported),
    BadFile("brackets too deep", split(String(repeating: "[", count: 3000)), .unsupported),
    BadFile("look behind without a bound", split("(?<=a*)b"), .unsupported),
    BadFile("unknown post-processor", file(#""post_processor":{"type":"Magic"}"#), .unsupported),
    BadFile(
      "template with an unknown token",
      file(
        #""post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}}],"pair":[],"special_tokens":{}}"#
      )),
    BadFile(
      "template of one text uses two",
      file(
        #""post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B","type_id":0}}],"pair":[],"special_tokens":{}}"#
      )),
    BadFile(
      "template with unequal lists",
      file(
        #""post_processor":{"type":"TemplateProcessing","single":[],"pair":[],"special_tokens":{"x":{"id":"x","ids":[1],"tokens":[]}}}"#
      )),
    BadFile(
      "separator without a number",
      file(#""post_processor":{"type":"BertProcessing","sep":["x"],"cls":["y",1]}"#)),
    BadFile("unknown decoder", file(#""decoder":{"type":"Magic"}"#), .unsupported),
    BadFile(
      "decoder strips a word",
      file(#""decoder":{"type":"Strip","content":"ab","start":0,"stop":0}"#)),
    BadFile("added token without content", file(#""added_tokens":[{"id":0}]"#)),
    BadFile("added tokens are an object", file(#""added_tokens":{}"#)),
    BadFile(
      "negative truncation",
      file(#""truncation":{"max_length":-1,"stride":0,"strategy":"LongestFirst"}"#)),
    BadFile(
      "unknown truncation", file(#""truncation":{"max_length":1,"stride":0,"strategy":"Best"}"#),
      .unsupported),
    BadFile("unknown padding", file(#""padding":{"strategy":"Some"}"#)),
  ]

  @Test("A bad file is an error that says where", arguments: badFiles)
  func badFile(_ file: BadFile) {
    let error = #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(file.json.utf8)) }
    #expect(error?.code == file.code, "\(error.map { "\($0)" } ?? "")")
  }

  @Test("Bytes that are not UTF-8 are an error") func invalidUTF8() {
    let error = #expect(throws: TokenizerError.self) {
      try Tokenizer(json: Array(#"{"version":""#.utf8) + [0xFF, 0x22, 0x7D])
    }
    #expect(error?.code == .invalidFile)
  }

  @Test("A missing file is an error that names it") func missingFile() {
    let error = #expect(throws: TokenizerError.self) { try Tokenizer(path: "no/tokenizer.json") }
    #expect(error?.code == .unreadableFile)
    #expect(error?.location == "no/tokenizer.json")
  }

  @Test("Every cut of a good file is an error or a tokenizer, never a trap")
  func cutFiles() throws {
    let whole = Array(
      Self.file(
        #""normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"Whitespace"},"added_tokens":[]"#
      ).utf8)
    for length in 0..<whole.count {
      #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(whole[..<length])) }
    }
    _ = try Tokenizer(json: whole)
  }

  @Test("An expression that explodes is stopped") func catastrophicExpression() throws {
    let tokenizer = try Tokenizer(json: Array(Self.split("(?:a+)+$|(?:a|a)*b").utf8))
    let error = #expect(throws: TokenizerError.self) {
      try tokenizer.encode(String(repeating: "a", count: 60) + "!")
    }
    #expect(error?.code == .tooComplex)
  }

  @Test("Comparing long groups again and again is stopped") func longGroups() throws {
    let tokenizer = try Tokenizer(json: Array(Self.split(#"(a+)\\1b"#).utf8))
    let error = #expect(throws: TokenizerError.self) {
      try tokenizer.encode(String(repeating: "a", count: 800))
    }
    #expect(error?.code == .tooComplex)
  }

  @Test("Truncation without room is an error", arguments: [0, 1])
  func truncationWithoutRoom(_ length: Int) throws {
    var tokenizer = try GoldenFamily.wordPiece.tokenizer()
    tokenizer.truncation = Truncation(maximumLength: length)
    #expect(throws: TokenizerError.self) { try tokenizer.encode("some text") }
    #expect(throws: TokenizerError.self) { try tokenizer.encodeBatch(["some text"]) }
  }

  @Test("Padding beyond all models is an error", arguments: [true, false])
  func paddingTooLong(_ isFixed: Bool) throws {
    var tokenizer = try GoldenFamily.wordPiece.tokenizer()
    tokenizer.padding = Padding(
      length: isFixed ? .fixed(2_000_000_000) : .longest, multiple: isFixed ? nil : 2_000_000_000)
    #expect(throws: TokenizerError.self) { try tokenizer.encode("some text") }
    #expect(throws: TokenizerError.self) { try tokenizer.encodeBatch(["some text"]) }
  }

  @Test("A stride as long as what remains is an error") func strideTooLong() throws {
    var tokenizer = try GoldenFamily.wordPiece.tokenizer()
    tokenizer.truncation = Truncation(maximumLength: 4, stride: 2)
    #expect(throws: TokenizerError.self) { try tokenizer.encode("one two three four five") }
    #expect(throws: TokenizerError.self) { try tokenizer.encodeBatch(["one two three four five"]) }
  }

  @Test("A missing unknown token is an error that names the row") func missingUnknown() throws {
    let file = Self.file("", model: #"{"type":"WordLevel","unk_token":"none","vocab":{"a":0}}"#)
    let tokenizer = try Tokenizer(json: Array(file.utf8))
    let error = #expect(throws: TokenizerError.self) { try tokenizer.encodeBatch(["a", "b"]) }
    #expect(error?.code == .invalidInput)
    #expect(error?.location == "row 1")
  }
}
