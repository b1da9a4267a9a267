#!/usr/bin/env python3
"""Compares the Swift tokenizers with Hugging Face's on random texts and on every component.

Usage: tokenizers.py [--command COMMAND] [--texts N] [--seed N] [--only NAME] [tokenizer.json ...]

COMMAND is the program built from Tests/TokenizerCheck (by default in NEEDLETAIL_BIN); it reads commands
as JSON lines and answers in JSON lines. The files are those of the tests if none are given. Needs:
pip install tokenizers==0.23.3
"""
import argparse
import glob
import json
import os
import random
import subprocess
import sys

# This file is called like the package it checks.
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != os.path.dirname(os.path.abspath(__file__))]
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RUST_BACKTRACE"] = "0"  # the library panics on some options; traces are slow
try:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: E402
except ModuleNotFoundError:
    print("skipped: the Python package tokenizers is missing (pip install tokenizers==0.23.3)")
    sys.exit(77)

ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789",
    "     \t\n\r\x0b\x0c\u00a0\u2003\u3000\u2028\u0085", ".,;:!?'\"()[]{}<>-_/\\@#$%^&*+=|~`",
    "áéíóúñüöäßçøåœæÀÉÎÕÜŸİıſK", "e\u0301a\u0308o\u0302\u0323n\u0303u\u031b\u0345\u0327",
    "абвгдежзийЖЯЩЁёѣ", "αβγδεςσΣΩάϐ", "אבגדהשלום", "مرحبابكَُّ", "नमस्ते दुनिया क्षि", "สวัสดี",
    "你好世界中文字", "ひらがなカタカナーゞガ", "한국어각힣각", "😀👍🏽👨‍👩‍👧🇩🇪🏴󠁧󠁢󠁥󠁮󠁧󠁿❤️",
    "\x00\x01\x08\x1f\x7f\x80\x9f\ufeff\u200b\u200d\u200e\ufffd\ue000\U000e0001",
    "½²Ⅷ①٣४௧㊿", "ﬁﬂﬃＡｂ１！｡ｶﾞ㍿℃ﷺ", "€£¥₹©®™°±×÷≤≥∞∑", "▁Ġ▁▁<|>", "\u0378\U000e0080\U0001fadf𐍈𝔘𝒜𞤀",
]
WORDS = [
    "the", "movie", "was", "great", "terrible", "don't", "I'll", "we've", "it's", "He'D", "THEY'RE",
    "unbelievable", "antidisestablishmentarianism", "2024", "3.14", "user@example.com",
    "https://example.com/a?b=c", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "<s>", "</s>",
    "<unk>", "<pad>", "<|endoftext|>", "<mask>", "<extra_id_0>", "<0x41>", "##ing", "naïve", "Café",
    "do not", "n't", "\r\n", "\n\n", "   ", "mask", "MASK", "tok", "a" * 120,
]


def texts(count, seed):
    chance = random.Random(seed)
    for number in range(count):
        parts = []
        for _ in range(chance.choice((1, 2, 4, 8, 16))):
            kind = chance.random()
            if kind < 0.4:
                parts.append(chance.choice(WORDS))
            elif kind < 0.8:
                alphabet = chance.choice(ALPHABETS)
                parts.append("".join(chance.choice(alphabet) for _ in range(chance.randint(1, 8))))
            elif kind < 0.9:
                mixed = "".join(chance.sample(ALPHABETS, 4))
                parts.append("".join(chance.choice(mixed) for _ in range(chance.randint(1, 12))))
            else:
                c = chance.randrange(0x110000)
                parts.append(chr(c) if not 0xD800 <= c < 0xE000 else "")
            if chance.random() < 0.6:
                parts.append(chance.choice((" ", " ", " ", "", "  ", "\n", " \t")))
        yield "".join(parts)
    yield ""
    yield " "
    yield "a"


def configuration(model, **parts):
    base = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
        "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None,
        "model": model,
    }
    base.update(parts)
    return base


def added(id, content, **options):
    token = {
        "id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
        "normalized": False, "special": True,
    }
    token.update(options)
    return token


# Shows each piece as one token with its text.
PIECES = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0]], "byte_fallback": False}
# Shows each byte with its offsets.
BYTES = {
    "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
    "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": True, "ignore_merges": False,
    "vocab": {f"<0x{b:02X}>": b for b in range(256)}, "merges": [],
}
ALL = {"type": "Sequence"}


def normalizers(charsmap):
    simple = ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"]
    for name in simple:
        yield name, {"type": name}
    for clean in (True, False):
        for chinese in (True, False):
            for accents in (None, True, False):
                for lower in (True, False):
                    yield f"Bert{clean}{chinese}{accents}{lower}", {
                        "type": "BertNormalizer", "clean_text": clean,
                        "handle_chinese_chars": chinese, "strip_accents": accents,
                        "lowercase": lower}
    for left in (True, False):
        for right in (True, False):
            yield f"Strip{left}{right}", {
                "type": "Strip", "strip_left": left, "strip_right": right}
    yield "Prepend", {"type": "Prepend", "prepend": "▁x"}
    for pattern, content in (
        ({"String": " "}, "▁"), ({"String": "ab"}, ""), ({"String": "e"}, "long"),
        ({"Regex": r"\s+"}, " "), ({"Regex": r" {2,}"}, " "), ({"Regex": r"[^\x00-\x7F]"}, "?"),
        ({"Regex": r"(?<=[a-z])(?=[A-Z])"}, "_"), ({"Regex": r"\p{Mn}|\d+"}, ""),
        ({"Regex": r"^\s+|\s+$"}, ""), ({"String": "``"}, '"'),
    ):
        yield f"Replace{pattern}", {"type": "Replace", "pattern": pattern, "content": content}
    if charsmap:
        yield "Precompiled", {"type": "Precompiled", "precompiled_charsmap": charsmap}
        yield "XLNet", {"type": "Sequence", "normalizers": [
            {"type": "Replace", "pattern": {"String": "``"}, "content": '"'},
            {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"},
            {"type": "Precompiled", "precompiled_charsmap": charsmap}]}
        yield "Albert", {"type": "Sequence", "normalizers": [
            {"type": "Precompiled", "precompiled_charsmap": charsmap},
            {"type": "Strip", "strip_left": False, "strip_right": True},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]}
    yield "NFDStripLower", {"type": "Sequence", "normalizers": [
        {"type": "NFD"}, {"type": "Lowercase"}, {"type": "StripAccents"}]}
    yield "NFKCStrip", {"type": "Sequence", "normalizers": [
        {"type": "NFKC"}, {"type": "Strip", "strip_left": True, "strip_right": True},
        {"type": "NFC"}]}


GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
O200K = "|".join((
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"))
EXPRESSIONS = [
    # Plain copies of the known ones reach the general matcher through an empty group.
    GPT2, CL100K % r"\p{N}{1,3}", CL100K % r"\p{N}", "(?:)" + GPT2, "(?:)" + CL100K % r"\p{N}{1,3}",
    "(?:)" + CL100K % r"\p{N}", O200K,
    r"[\r\n]", r"\s?\p{L}+", r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", r"[一-龥ࠀ-一가-퟿]+",
    r"\d{1,3}(?=(?:\d{3})*\b)", r"\p{N}", r"(\w+)-(\w+)|\W", r"a*?b|a+", r"(?>a+)b?|.", r"(?m).+?\n",
    r"[a-z&&[^aeiou]]+", r"[[:punct:][:space:]]+", r"(?i)the|MOVIE", r"^.|.$", r"\bI\b|\B'", r"(a|ab)(c|bcd)*",
    r"\x{4f60}|\u597d|\t", r"(?<!\S)\S+", r"(?<=e|\u0301)\s", r"\p{Lu}\p{Ll}*+", r"[^\W\d_]+", r"x??", r"",
    r"(?:a?)*b|(?:\s*)*c", r"\h+|\R", r"<\|[^|]*\|>", r"[\]\-a]+|[-z]", r"\p{^L}+", r"\P{L}{2}",
    r"(?:'([sS]|[tT]))|[^\r\n]",
    r"\p{Han}+|\p{Hiragana}+|\p{Katakana}+|\p{Hangul}+|\p{Latin}+|\p{^Thai}", r"\p{Emoji}+|\p{Alphabetic}+",
    r"[\p{Lo}&&[^\p{Han}]]+|\p{InHiragana}+|.", r"\p{Extended_Pictographic}|\p{InBasic_Latin}+", r"(?i)\p{Upper}+|[\p{Ll}]+",
    r"(?i)[[:upper:]]+|[^\p{Lu}]",
    r"[[:alpha:]]+|[[:^graph:]]+", r"[[:upper:]][[:lower:]]*|[[:alnum:]]|[[:print:]]+", r"[[:punct:]]+", r"\p{Punct}+",
    r"[[:blank:]]|[[:cntrl:]]|[[:xdigit:]]+|[[:word:]]+", r"\p{Blank}|\p{Cntrl}|\p{XDigit}+|\p{Graph}+",
    r"(.)\1|.", r"(?i)(\w)\1", r"(?<q>['\"]).*?\k<q>|\s", r"(\w)(\w)?\2\1|\W", r"\w+\K\s", r"(?=(\w))\1\1",
    r"(?<d>\d{1,3})(?:\.\g<d>)*", r"(?:(e)|t)*\1", r"\G\p{L}|\d",
]


def pre_tokenizer_kinds():
    for name in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit", "UnicodeScripts"):
        yield name, {"type": name}
    for prefix in (True, False):
        for regex in (True, False):
            yield f"ByteLevel{prefix}{regex}", {
                "type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True,
                "use_regex": regex}
    for scheme in ("first", "never", "always"):
        for split in (True, False):
            for mark in ("▁", "_"):
                yield f"Metaspace{scheme}{split}{mark}", {
                    "type": "Metaspace", "replacement": mark, "prepend_scheme": scheme,
                    "split": split}
    yield "MetaspaceLegacy", {
        "type": "Metaspace", "replacement": "▁", "add_prefix_space": True, "str_rep": "▁"}
    for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        yield f"Punctuation{behavior}", {"type": "Punctuation", "behavior": behavior}
        for invert in (True, False):
            yield f"Split{behavior}{invert}", {
                "type": "Split", "pattern": {"String": "e"}, "behavior": behavior,
                "invert": invert}
            yield f"SplitRegex{behavior}{invert}", {
                "type": "Split", "pattern": {"Regex": r"\s+|\d"}, "behavior": behavior,
                "invert": invert}
    for flag in (True, False):
        yield f"Digits{flag}", {"type": "Digits", "individual_digits": flag}
    for length in (1, 3):
        yield f"FixedLength{length}", {"type": "FixedLength", "length": length}
    yield "CharDelimiterSplit", {"type": "CharDelimiterSplit", "delimiter": "é"}
    for expression in EXPRESSIONS:
        yield f"Expression {expression}", {
            "type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated",
            "invert": False}
    yield "Llama3", {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": CL100K % r"\p{N}{1,3}"}, "behavior": "Isolated",
         "invert": False},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]}
    yield "WhitespaceMetaspace", {"type": "Sequence", "pretokenizers": [
        {"type": "WhitespaceSplit"},
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}]}
    yield "ScriptsDigits", {"type": "Sequence", "pretokenizers": [
        {"type": "UnicodeScripts"}, {"type": "Digits", "individual_digits": True},
        {"type": "Punctuation", "behavior": "Contiguous"}]}


def trained():
    """Small models of each kind, trained here on the random texts."""
    corpus = list(texts(400, 99))
    bpe = Tokenizer(models.BPE(unk_token="<unk>"))
    bpe.pre_tokenizer = pre_tokenizers.Whitespace()
    bpe.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=900, special_tokens=["<unk>"], show_progress=False, limit_alphabet=200))
    plain = json.loads(bpe.to_str())["model"]
    suffix = Tokenizer(models.BPE(unk_token="<unk>"))
    suffix.pre_tokenizer = pre_tokenizers.Whitespace()
    suffix.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=900, special_tokens=["<unk>"], show_progress=False, limit_alphabet=150,
        end_of_word_suffix="</w>", continuing_subword_prefix="##"))
    affixed = json.loads(suffix.to_str())["model"]
    unigram = Tokenizer(models.Unigram())
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    unigram.train_from_iterator(corpus, trainers.UnigramTrainer(
        vocab_size=1500, special_tokens=["<unk>"], unk_token="<unk>", n_sub_iterations=1, show_progress=False))
    scores = json.loads(unigram.to_str())["model"]
    wordpiece = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    wordpiece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    wordpiece.train_from_iterator(corpus, trainers.WordPieceTrainer(
        vocab_size=900, special_tokens=["[UNK]"], show_progress=False, limit_alphabet=200))
    pieces = json.loads(wordpiece.to_str())["model"]
    white = {"type": "Whitespace"}
    for fuse in (True, False):
        for ignore in (True, False):
            yield f"BPE{fuse}{ignore}", configuration(
                {**plain, "fuse_unk": fuse, "ignore_merges": ignore}, pre_tokenizer=white)
    yield "BPEnoSplit", configuration({**plain, "fuse_unk": True})
    yield "BPEnoUnknown", configuration({**plain, "unk_token": None}, pre_tokenizer=white)
    yield "BPEstrings", configuration(
        {**plain, "merges": [" ".join(m) for m in plain["merges"]]}, pre_tokenizer=white)
    yield "BPEaffixes", configuration(affixed, pre_tokenizer=white)
    size = len(plain["vocab"])
    bytes_vocab = {**plain["vocab"], **{f"<0x{b:02X}>": size + b for b in range(256)}}
    yield "BPEbytes", configuration(
        {**plain, "vocab": bytes_vocab, "byte_fallback": True}, pre_tokenizer=white)
    size = len(affixed["vocab"])
    bytes_vocab = {**affixed["vocab"], **{f"<0x{b:02X}>": size + b for b in range(256)}}
    yield "BPEaffixesBytes", configuration(
        {**affixed, "vocab": bytes_vocab, "byte_fallback": True}, pre_tokenizer=white)
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    yield "Unigram", configuration(scores, pre_tokenizer=metaspace)
    yield "UnigramNoSplit", configuration(scores, pre_tokenizer={**metaspace, "split": False})
    fallback = scores["vocab"] + [[f"<0x{b:02X}>", -20.0] for b in range(200)]
    yield "UnigramBytes", configuration(
        {**scores, "vocab": fallback, "byte_fallback": True}, pre_tokenizer=metaspace)
    yield "UnigramNoUnknown", configuration(
        {**scores, "unk_id": None}, pre_tokenizer=metaspace)
    yield "WordPiece", configuration(pieces, pre_tokenizer={"type": "BertPreTokenizer"})
    yield "WordPieceNoSplit", configuration({**pieces, "max_input_chars_per_word": 30})
    words = {"[UNK]": 0, **{w: i + 1 for i, w in enumerate(WORDS)}}
    yield "WordLevel", configuration(
        {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"}, pre_tokenizer=white)
    yield "WordLevelNoUnknown", configuration(
        {"type": "WordLevel", "vocab": words, "unk_token": "none"}, pre_tokenizer=white)


def added_tokens():
    for number, options in enumerate((
        {}, {"lstrip": True}, {"rstrip": True}, {"lstrip": True, "rstrip": True},
        {"single_word": True}, {"normalized": True}, {"normalized": True, "special": False},
        {"normalized": True, "single_word": True, "lstrip": True},
    )):
        tokens = [
            added(1, "<mask>", **options), added(2, "mask", **options),
            added(3, "[MASK]", **options), added(4, "tok", **options),
            added(5, "to", **options), added(6, "é", **options), added(7, "\n", **options),
            added(8, "Café", **options)]
        for normalizer in (None, {"type": "Lowercase"}, {"type": "Prepend", "prepend": "▁"},
                           {"type": "NFD"}):
            for splitter in (None, {"type": "Whitespace"}, {
                    "type": "Metaspace", "replacement": "▁", "prepend_scheme": "first",
                    "split": True}):
                yield f"Added{number}{normalizer}{splitter}", configuration(
                    PIECES, added_tokens=tokens, normalizer=normalizer, pre_tokenizer=splitter)


SPECIAL = {
    name: {"id": name, "ids": [n], "tokens": [name]}
    for n, name in enumerate(("[CLS]", "[SEP]", "<s>", "</s>"))}


def template(single, pair):
    def part(text):
        name, kind = text.split(":")
        if name in "AB":
            return {"Sequence": {"id": name, "type_id": int(kind)}}
        return {"SpecialToken": {"id": name, "type_id": int(kind)}}

    return {
        "type": "TemplateProcessing", "single": [part(p) for p in single.split()],
        "pair": [part(p) for p in pair.split()], "special_tokens": SPECIAL}


def post_processors():
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True}
    bert = {"type": "BertProcessing", "sep": ["[SEP]", 1], "cls": ["[CLS]", 0]}
    yield template("[CLS]:0 A:0 [SEP]:0", "[CLS]:0 A:0 [SEP]:0 B:1 [SEP]:1")
    yield template("A:0 </s>:0", "A:0 </s>:0 B:0 </s>:0")
    yield template("<s>:2 A:3 A:1", "B:1 <s>:1 A:0")
    yield bert
    for trim in (True, False):
        for prefix in (True, False):
            yield {"type": "RobertaProcessing", "sep": ["</s>", 3], "cls": ["<s>", 2],
                   "trim_offsets": trim, "add_prefix_space": prefix}
            yield {**byte_level, "trim_offsets": trim, "add_prefix_space": prefix}
    yield {"type": "Sequence", "processors": [byte_level, template("<s>:0 A:0", "<s>:0 A:0 B:1")]}
    yield {"type": "Sequence", "processors": [byte_level, bert]}


def truncations():
    yield None
    for length in (4, 7, 20):
        for stride in (0, 1):
            for strategy in ("LongestFirst", "OnlyFirst", "OnlySecond"):
                for direction in ("Left", "Right"):
                    yield {"max_length": length, "stride": stride, "strategy": strategy,
                           "direction": direction}


def paddings():
    common = {"pad_id": 9, "pad_type_id": 3, "pad_token": "<pad>"}
    yield None
    for strategy in ("BatchLongest", {"Fixed": 12}):
        for direction in ("Left", "Right"):
            for multiple in (None, 8):
                yield {**common, "strategy": strategy, "direction": direction,
                       "pad_to_multiple_of": multiple}


def decoders():
    yield None
    yield {"type": "WordPiece", "prefix": "##", "cleanup": True}
    yield {"type": "WordPiece", "prefix": "##", "cleanup": False}
    yield {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    for scheme in ("always", "never", "first"):
        yield {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": True}
    yield {"type": "BPEDecoder", "suffix": "</w>"}
    for cleanup in (True, False):
        yield {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": cleanup}
    yield {"type": "Fuse"}
    yield {"type": "ByteFallback"}
    yield {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    yield {"type": "Strip", "content": "a", "start": 2, "stop": 0}
    yield {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    yield {"type": "Replace", "pattern": {"Regex": r"[aeiou]+"}, "content": ""}
    yield {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
        {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}


class Checker:
    def __init__(self, command, only):
        self.process = subprocess.Popen(
            [command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.only = only
        self.checks = self.failures = self.refused = 0
        self.reported = {}

    def ask(self, **command):
        self.process.stdin.write((json.dumps(command) + "\n").encode())
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the command died on {json.dumps(command)[:2000]}")
        return json.loads(line)

    def fail(self, name, *what):
        self.failures += 1
        self.reported[name] = self.reported.get(name, 0) + 1
        if self.reported[name] <= 2:
            print("DIFFERS", name, *[str(w)[:700] for w in what], sep="\n   ")

    def load(self, name, config):
        """The reference for a configuration that both load; else None."""
        if self.only and self.only not in name:
            return None
        text = json.dumps(config)
        try:
            reference = Tokenizer.from_str(text)
        except BaseException as error:  # a panic of the library is no Exception
            reference = None
            message = error
        answer = self.ask(config=text)
        if reference is None:
            if "error" not in answer:
                self.refused += 1
            return None
        if "error" in answer:
            self.fail(name, "does not load: " + answer["error"])
            return None
        if answer["size"] != reference.get_vocab_size():
            self.fail(name, f"size {answer['size']}, expected {reference.get_vocab_size()}")
        return reference

    @staticmethod
    def describe(encoding):
        return {
            "ids": encoding.ids, "tokens": encoding.tokens, "type_ids": encoding.type_ids,
            "offsets": [list(o) for o in encoding.offsets],
            "attention_mask": encoding.attention_mask,
            "special_tokens_mask": encoding.special_tokens_mask, "word_ids": encoding.word_ids,
            "overflowing": [Checker.describe(e) for e in encoding.overflowing],
        }

    def encode(self, name, reference, text, pair=None, special=True, batch=True):
        self.checks += 1
        try:
            expected = self.describe(
                reference.encode(text, pair, add_special_tokens=special))
        except BaseException:
            expected = None
        command = {"text": text, "special": special}
        if pair is not None:
            command["pair"] = pair
        found = self.ask(**command)
        if expected is None:
            if "error" not in found:
                self.refused += 1
            return []
        if "error" in found:
            self.fail(name, repr(text), repr(pair), found["error"])
            return []
        normalized = found.pop("normalized")
        for key in expected:
            if found[key] != expected[key]:
                self.fail(
                    name, repr(text), repr(pair), f"{key}: {found[key]}", f"expected: {expected[key]}")
                return []
        if reference.normalizer and normalized != reference.normalizer.normalize_str(text):
            self.fail(name, repr(text), repr(normalized))
        if pair is None and batch:
            answer = self.ask(batch=[text], special=special)
            if answer.get("ids") != expected["ids"] or answer["types"] != expected["type_ids"] \
                    or answer["mask"] != expected["attention_mask"]:
                self.fail(name + " batch", repr(text), answer, expected["ids"])
        return expected["ids"]

    def decode(self, name, reference, ids, skip):
        self.checks += 1
        try:
            expected = reference.decode(ids, skip_special_tokens=skip)
        except BaseException:
            return
        found = self.ask(decode=ids, skip=skip)
        if found.get("text") != expected:
            self.fail(name + " decode", ids, repr(found), repr(expected))


def main():
    arguments = argparse.ArgumentParser()
    built = os.path.join(os.environ.get("NEEDLETAIL_BIN", ".build/debug"), "TokenizerCheck")
    arguments.add_argument("--command", default=built)
    arguments.add_argument("--texts", type=int, default=30)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", default="")
    arguments.add_argument("files", nargs="*")
    options = arguments.parse_args()
    if not os.path.exists(options.command):
        sys.exit(f"there is no {options.command}; build the product TokenizerCheck first")
    if not options.files and not options.only:
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        options.files = sorted(glob.glob(root + "/Tests/Goldens/Tokenizers/*/tokenizer.json"))
    # The library panics on some options and writes so to the descriptor itself; Python's own errors stay.
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    checker = Checker(options.command, options.only)
    chance = random.Random(options.seed)
    samples = list(texts(options.texts, options.seed))

    charsmap = None
    for path in options.files:
        config = json.load(open(path))
        parts = [config.get("normalizer") or {}]
        parts += parts[0].get("normalizers", [])
        charsmap = charsmap or next(
            (p["precompiled_charsmap"] for p in parts if p.get("type") == "Precompiled"), None)
        reference = checker.load(path, {**config, "truncation": None, "padding": None})
        if not reference:
            continue
        size = reference.get_vocab_size()
        for text in texts(options.texts * 20, options.seed + 1):
            ids = checker.encode(path, reference, text)
            checker.decode(path, reference, ids, True)
            noise = [chance.randrange(size + 5) for _ in range(chance.randrange(20))]
            checker.decode(path, reference, noise, chance.random() < 0.5)
    for name, part in normalizers(charsmap):
        for kind, model in (("pieces", PIECES), ("bytes", BYTES)):
            reference = checker.load(
                f"{name} {kind}", configuration(model, normalizer=part))
            for text in samples if reference else ():
                checker.encode(f"{name} {kind}", reference, text)
    for name, part in pre_tokenizer_kinds():
        for kind, model in (("pieces", PIECES), ("bytes", BYTES)):
            for normalizer in (None, {"type": "NFKD"}):
                label = f"{name} {kind} {normalizer}"
                reference = checker.load(
                    label, configuration(model, pre_tokenizer=part, normalizer=normalizer))
                for text in samples if reference else ():
                    checker.encode(label, reference, text)
    model_configurations = list(trained())
    for name, config in model_configurations:
        reference = checker.load(name, config)
        for text in list(texts(options.texts * 4, options.seed + 2)) if reference else ():
            ids = checker.encode(name, reference, text)
            checker.decode(name, reference, ids, False)
    for name, config in added_tokens():
        reference = checker.load(name, config)
        for text in samples if reference else ():
            ids = checker.encode(name, reference, text)
            checker.decode(name, reference, ids, True)
    levels = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True}
    for number, processor in enumerate(post_processors()):
        for truncation in truncations():
            for padding in paddings() if truncation is None else list(paddings())[:4:3]:
                name = f"Post{number} {truncation} {padding}"
                config = configuration(
                    BYTES, pre_tokenizer=levels, post_processor=processor, truncation=truncation,
                    padding=padding)
                reference = checker.load(name, config)
                # Short ones: each token of a long text may make an overflowing part.
                short = [text[:chance.randrange(20)] for text in chance.sample(samples, 4)]
                for text in short if reference else ():
                    checker.encode(name, reference, text)
                    checker.encode(name, reference, text, special=False)
                    checker.encode(name, reference, text, chance.choice(short))
    for decoder in decoders():
        for base, config in model_configurations[:1] + model_configurations[7:9] + \
                model_configurations[12:13] + model_configurations[14:15]:
            name = f"Decoder {decoder} {base}"
            vocabulary = None
            reference = checker.load(name, {**config, "decoder": decoder, "added_tokens": [
                added(0, "<pad>", special=False), added(0, "|", special=False),
                added(0, " ", special=False), added(0, "▁a ", special=False),
                added(0, "aab", special=False), added(0, "Ġé", special=False)]})
            if not reference:
                continue
            vocabulary = reference.get_vocab_size()
            for _ in range(options.texts):
                ids = [chance.randrange(vocabulary) if chance.random() < 0.7 else
                       vocabulary - 1 - chance.randrange(6) for _ in range(chance.randrange(12))]
                checker.decode(name, reference, ids, True)
    print(f"{checker.checks} checks, {checker.failures} differ, {checker.refused} that the "
          "reference refuses were answered")
    sys.exit(1 if checker.failures else 0)


main()
