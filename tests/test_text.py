"""str and bytes: encodings, surrogates, embedded NULs, file names that are not UTF-8."""

import os
import sys

import pytest

EXT = "text"
NULL = NotImplemented
TEXTS = ["", "a", "ascii text", "latin é ÿ", "ключ", "\U0001f40d snake", "nul \0 inside", "\x7f\x80", "\ud800 lone", "\udcff"]


class MyStr(str):
    pass


class MyBytes(bytes):
    pass


def test_checks(mod):
    for value in ("", "x", MyStr("y")):
        assert mod.HPyUnicode_Check(value) == 1
        assert mod.HPyBytes_Check(value) == 0
    for value in (b"", MyBytes(b"y")):
        assert mod.HPyUnicode_Check(value) == 0
        assert mod.HPyBytes_Check(value) == 1
    for value in (None, 5, bytearray(b"x"), ["a"]):
        assert mod.HPyUnicode_Check(value) == 0
        assert mod.HPyBytes_Check(value) == 0


ENCODERS = {
    "HPyUnicode_AsASCIIString": lambda s: s.encode("ascii"),
    "HPyUnicode_AsLatin1String": lambda s: s.encode("latin-1"),
    "HPyUnicode_AsUTF8String": lambda s: s.encode("utf-8"),
    "HPyUnicode_AsUTF8AndSize": lambda s: s.encode("utf-8"),
    "HPyUnicode_EncodeFSDefault": lambda s: s.encode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders(mod, name):
    ours, python = getattr(mod, name), ENCODERS[name]
    for text in [*TEXTS, MyStr("mine")]:
        try:
            expected = python(text)
        except UnicodeEncodeError as error:
            with pytest.raises(UnicodeEncodeError) as raised:
                ours(text)
            assert str(raised.value) == str(error)
        else:
            assert ours(text) == expected, text


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders_take_str_only(mod, name):
    for wrong in (None, 5, b"bytes", ["x"]):
        with pytest.raises(TypeError):
            getattr(mod, name)(wrong)


def test_from_string(mod):
    for text in ["", "abc", "é€\U0001f40d"]:
        assert mod.HPyUnicode_FromString(text.encode()) == text
    # The string ends at its NUL.
    assert mod.HPyUnicode_FromString(b"ab\0cd") == "ab"
    for wrong in (b"\xff", b"\xed\xa0\x80", b"\xc3"):
        with pytest.raises(UnicodeDecodeError):
            mod.HPyUnicode_FromString(wrong)


def test_file_names(mod):
    for raw in (b"", b"plain", "größe".encode(), b"not \xff utf-8 \x80"):
        expected = os.fsdecode(raw)
        assert mod.HPyUnicode_DecodeFSDefault(raw) == expected
        assert mod.HPyUnicode_DecodeFSDefaultAndSize(raw, len(raw)) == expected
        assert mod.HPyUnicode_EncodeFSDefault(expected) == raw
    assert mod.HPyUnicode_DecodeFSDefaultAndSize(b"a\0b", 3) == "a\0b"
    assert mod.HPyUnicode_DecodeFSDefaultAndSize(b"abc", 2) == "ab"
    assert mod.HPyUnicode_DecodeFSDefault(b"a\0b") == "a"


@pytest.mark.parametrize("name, codec", [("HPyUnicode_DecodeASCII", "ascii"), ("HPyUnicode_DecodeLatin1", "latin-1")])
def test_decoders(mod, name, codec):
    decode = getattr(mod, name)
    for raw in (b"", b"abc", b"a\0b", b"\x7f", b"\x80\xff"):
        for errors in (None, "strict", "ignore", "replace", "surrogateescape", "backslashreplace"):
            given = NULL if errors is None else errors
            try:
                expected = raw.decode(codec, errors or "strict")
            except UnicodeDecodeError as error:
                with pytest.raises(UnicodeDecodeError) as raised:
                    decode(raw, len(raw), given)
                assert str(raised.value) == str(error)
            else:
                assert decode(raw, len(raw), given) == expected
    assert decode(b"abcdef", 3, NULL) == "abc"


def test_decoder_with_unknown_handler(mod):
    with pytest.raises(LookupError, match="unknown error handler"):
        mod.HPyUnicode_DecodeASCII(b"\xff", 1, "no such handler")


def test_from_encoded_object(mod):
    decode = mod.HPyUnicode_FromEncodedObject
    assert decode("é".encode(), "utf-8", "strict") == "é"
    assert decode("é".encode(), NULL, NULL) == "é"
    assert decode("é".encode("utf-16"), "utf-16", NULL) == "é"
    assert decode(bytearray(b"abc"), "ascii", NULL) == "abc"
    assert decode(memoryview(b"abc"), "ascii", "strict") == "abc"
    assert decode(b"a\xff", "ascii", "replace") == "a\ufffd"
    assert decode(b"", "ascii", NULL) == ""
    with pytest.raises(UnicodeDecodeError):
        decode(b"\xff", "utf-8", NULL)
    with pytest.raises(LookupError, match="unknown encoding"):
        decode(b"abc", "no-such-codec", NULL)
    with pytest.raises(TypeError, match="decoding str is not supported"):
        decode("text", "utf-8", NULL)
    with pytest.raises(TypeError, match="bytes-like"):
        decode(5, "utf-8", NULL)


def test_from_wide_characters(mod):
    make = mod.HPyUnicode_FromWideChar
    assert make(0, -1) == "hello"
    assert make(0, 3) == "hel"
    assert make(0, 0) == ""
    assert make(1, -1) == "é€\U0001f40d"
    assert make(2, 3) == "a\0b"
    assert make(2, -1) == "a"
    assert make(3, 3) == "x\ud800y"
    assert make(5, -1) == ""
    with pytest.raises(ValueError):
        make(4, 1)


def test_read_char(mod):
    for text in ("a", "é", "€", "\U0001f40d", "\0", "\udc80"):
        assert mod.HPyUnicode_ReadChar("x" + text, 1) == ord(text)
    for index in (1, -1, sys.maxsize):
        with pytest.raises(IndexError, match="string index out of range"):
            mod.HPyUnicode_ReadChar("x", index)
    for wrong in (b"x", None):
        with pytest.raises(TypeError):
            mod.HPyUnicode_ReadChar(wrong, 0)


def test_substring(mod):
    for text in ("", "hello", "hé€llo", "a\U0001f40db"):
        for start in (0, 1, 3, 10, sys.maxsize):
            for end in (0, 1, 3, 4, 10, sys.maxsize):
                assert mod.HPyUnicode_Substring(text, start, end) == text[start:end]
    for start, end in ((-1, 3), (0, -1), (-2, -1)):
        with pytest.raises(IndexError):
            mod.HPyUnicode_Substring("hello", start, end)


def test_bytes(mod):
    for raw in (b"", b"abc", b"a\0b", bytes(range(256)), MyBytes(b"mine")):
        assert mod.HPyBytes_AsString(raw) == raw
        assert mod.HPyBytes_Size(raw) == len(raw)
        assert mod.HPyBytes_GET_SIZE(raw) == len(raw)
        assert mod.HPyBytes_FromStringAndSize(raw, len(raw)) == raw
    assert mod.HPyBytes_FromString(b"ab\0cd") == b"ab"
    assert mod.HPyBytes_FromString(b"") == b""
    assert mod.HPyBytes_FromStringAndSize(b"abcdef", 2) == b"ab"
    assert mod.HPyBytes_FromStringAndSize(b"a\0b", 3) == b"a\0b"


def test_bytes_errors(mod):
    for wrong in ("text", None, bytearray(b"x"), 5):
        with pytest.raises(TypeError, match="expected bytes"):
            mod.HPyBytes_AsString(wrong)
        with pytest.raises(TypeError, match="expected bytes"):
            mod.HPyBytes_Size(wrong)
    with pytest.raises(ValueError, match="NULL char"):
        mod.HPyBytes_FromStringAndSize(NULL, 3)
    with pytest.raises(SystemError):
        mod.HPyBytes_FromStringAndSize(b"abc", -1)
