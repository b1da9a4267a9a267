import Tensors
import Testing

@testable import TorchRuntime

@Suite("What packages say of their inputs")
struct SourceTests {
  /// Checks as PyTorch 2.13 writes them, in short.
  static let source = """
    AOTI_NOINLINE static void check_input_0(
        ConstantHandle arg1_1 = ConstantHandle(input_handles[0]);
        int32_t arg1_1_expected_dtype = aoti_torch_dtype_int64();
        if (arg1_1_size[0] < 2) {
               << arg1_1_size[0] << "\\n";
        if (arg1_1_size[0] > 4096) {
        if (arg1_1_size[1] < 2) {
        if (1 != arg1_1_stride[1]) {
        ConstantHandle arg2_1 = ConstantHandle(input_handles[1]);
        int32_t arg2_1_expected_dtype = aoti_torch_dtype_float32();
        if (arg2_1_size[0] < 2) {
        if (784 != arg2_1_size[1]) {
        ConstantHandle arg3_1 = ConstantHandle(input_handles[2]);
        int32_t arg3_1_expected_dtype = aoti_torch_dtype_bool();
        int64_t s23 = arg1_1_size[0];
        int64_t s31 = s23;
        int64_t s27 = arg1_1_size[1];
        if (_check_aoti_runtime_check_inputs_env()) { assert_size_stride(arg1_1, {s23, s27}, {s27, 1L}, "input"); }
        assert_size_stride(arg2_1, {8L*s23, 784L}, {784L, 1L}, "input");
        assert_size_stride(arg3_1, {}, {}, "input");
    """

  @Test func layouts() throws {
    let layouts = try #require(InputLayout.read(source: Array(Self.source.utf8)))
    #expect(layouts.map(\.name) == ["arg1_1", "arg2_1", "arg3_1"])
    #expect(layouts.map(\.typeName) == ["int64", "float32", "bool"])
    #expect(layouts.map(\.shape) == [[-1, -1], [-1, 784], []])
    #expect(layouts[0].bounds == [2...4096, 2...Int.max])
    #expect(layouts[0].sizes == [.symbol("s23"), .symbol("s27")])
    #expect(layouts[0].strides == [.symbol("s27"), .number(1)])
    #expect(layouts[1].sizes[0].value(["s23": 3]) == 24)
  }

  @Test(arguments: [
    "", "no checks here", "ConstantHandle a = ConstantHandle(input_handles[1]);",
    "ConstantHandle a = ConstantHandle(input_handles[-1]);",
    "ConstantHandle a = ConstantHandle(input_handles[99999999999999999999999]);",
  ])
  func sourceWithout(_ source: String) {
    #expect(InputLayout.read(source: Array(source.utf8)) == nil)
  }

  @Test func sourceWithNonsense() throws {
    let source = """
      ConstantHandle a = ConstantHandle(input_handles[0]);
      if (5 != a_size[1000000]) {
      if (5 != a_size[-1]) {
      if (a_size[0] < 99999999999999999999999999) {
      if (a_size[0] < 5) {
      if (a_size[0] > 3) {
      assert_size_stride(a, {((((, 1L}, {1L, 1L}, "input");
      assert_size_stride(a, {s0, {1L}, "input");
      """
    let layouts = try #require(InputLayout.read(source: Array(source.utf8)))
    #expect(layouts.count == 1 && layouts[0].bounds.first == 5...5)
  }

  @Test(
    arguments: [
      ("784L", [:], 784), ("s0", ["s0": 3], 3), ("8L*s0", ["s0": 3], 24), ("s0", [:], nil),
      ("s0*(s1 + 1L) - 2L", ["s0": 3, "s1": 4], 13), ("s0 / 2", ["s0": 3], nil), ("", [:], nil),
      ("9223372036854775807L*s0", ["s0": 3], nil), ("(s0", ["s0": 3], nil), ("-3", [:], -3),
      ("c10::div_floor_integer(s0, 2)", ["s0": 3], nil),
    ] as [(String, [String: Int], Int?)])
  func sizes(_ text: String, symbols: [String: Int], value: Int?) {
    #expect(SymbolicSize(Array(text.utf8)[...]).value(symbols) == value)
  }

  @Test func solvedSizes() {
    func solve(_ text: String, _ value: Int, _ symbols: [String: Int] = [:]) -> Int? {
      SymbolicSize(Array(text.utf8)[...]).solved(for: "s", value: value, symbols)
    }
    #expect(solve("8L*s", 24) == 3 && solve("s*8L", 24) == 3 && solve("8L*s", 25) == nil)
    #expect(solve("s + 2L", 5) == 3 && solve("2*s - 1L", 5) == 3 && solve("t*s", 6, ["t": 2]) == 3)
    #expect(solve("s*s", 9) == nil && solve("t*s", 6) == nil && solve("4L", 4) == nil)
  }

  static let arguments = #"""
    [1, {"type": "builtins.tuple", "context": "null", "children_spec": [
      {"type": "builtins.tuple", "context": "null", "children_spec": [
        {"type": null, "context": null, "children_spec": []}]},
      {"type": "builtins.dict", "context": "[\"ids\", \"pair\"]", "children_spec": [
        {"type": null, "context": null, "children_spec": []},
        {"type": "builtins.tuple", "context": "null", "children_spec": [
          {"type": null, "context": null, "children_spec": []},
          {"type": null, "context": null, "children_spec": []}]}]}]}]
    """#

  @Test func names() {
    #expect(
      CallSpecification.argumentNames(Self.arguments) == [nil, "ids", "pair.0", "pair.1"])
    #expect(
      CallSpecification.names(#"[1, {"type": null, "context": null, "children_spec": []}]"#) == [
        nil
      ])
  }

  @Test(arguments: ["", "[]", "[1]", "[1, {}]", "{}", "[1, {\"children_spec\": [3]}]"])
  func namesThatAreNone(_ text: String) {
    #expect(CallSpecification.argumentNames(text) == nil)
    #expect(CallSpecification.names(text) == nil)
  }

  @Test func deepNesting() {
    let open = #"{"type": "builtins.tuple", "context": "null", "children_spec": ["#
    let text = "[1, " + String(repeating: open, count: 5000) + String(repeating: "]}", count: 5000)
    #expect(CallSpecification.names(text + "]") == nil)
  }
}
