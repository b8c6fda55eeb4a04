"""Whether bytes are JSON by its grammar (RFC 8259): strictly, at any depth, in linear time.

msgspec decides nearly always. It refuses two things that are JSON: a lone surrogate escape (backslash, ud800), which is
hidden from it, and nesting beyond about a thousand levels, for which `deep_fault` walks the body without recursion.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, TypeAlias

import msgspec

from adapters.contract import BOM

_scan = msgspec.json.Decoder(msgspec.Raw).decode

_surrogate = re.compile(rb"\\u[dD][89a-fA-F]")

_STRING = rb'"(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+"'
_string = re.compile(_STRING)
_atom = re.compile(rb"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+|true|false|null")
# Some 64 kB that cut no token, so that a walk in a thread lets the others have their turn.
_piece = re.compile(rb"(?:" + _STRING + rb'|[^"]{1,1024}+[^"\[\]{},:]*+){1,64}+')
_BLANKS = b" \t\n\r"
# Two bytes that no JSON text holds stand for a string, and for any other scalar.
_TEXT, _ATOM = b"\x00", b"\x01"
_ARRAY, _OBJECT, _ARRAY_END, _OBJECT_END, _COMMA, _COLON = b"[{]},:"
_ENDS = {_ARRAY: _ARRAY_END, _OBJECT: _OBJECT_END}

# What may come next, and what may come after that; a comma's next is the open container's.
_State: TypeAlias = dict[int, Any]
_AFTER: _State = {_COMMA: None, _ARRAY_END: None, _OBJECT_END: None}
_VALUE: _State = {_TEXT[0]: _AFTER, _ATOM[0]: _AFTER}
_KEY: _State = {_TEXT[0]: {_COLON: _VALUE}}
_FIRST_VALUE: _State = {**_VALUE, _ARRAY_END: _AFTER}
_FIRST_KEY: _State = {**_KEY, _OBJECT_END: _AFTER}
for _state in (_VALUE, _FIRST_VALUE):
    _state.update({_ARRAY: _FIRST_VALUE, _OBJECT: _FIRST_KEY})


def fault_in(body: bytes) -> str | None:
    """What keeps `body` from being JSON, or None. A leading BOM is skipped.

    Raises:
        RecursionError: nested too deeply to say here; ask `deep_fault`.
    """
    if not body.isascii():
        if body.startswith(BOM):
            body = body[3:]
        try:
            body.decode()
        except UnicodeDecodeError as error:
            return f"not UTF-8 (byte {error.start})"
    try:
        _scan(body)
    except msgspec.DecodeError as error:
        if not body or body.isspace():
            return "empty"
        if _surrogate.search(body) is None:
            return _words(error)
    else:
        return None
    try:
        _scan(_without_surrogates(body))
    except msgspec.DecodeError as error:
        return _words(error)
    return None


def _without_surrogates(body: bytes) -> bytes:
    """The body with another character's escape in each surrogate's place: as good a JSON as it was, or as bad.

    By spelling, of which there are 28, since an escape at a time takes seconds for the largest body.
    """
    while (found := _surrogate.search(body)) is not None:
        body = body.replace(found[0], rb"\u00")
    return body


def deep_fault(body: bytes) -> str | None:
    """The same for UTF-8 bytes of any depth, at some 5 MB a second, by a walk with a stack of its own."""
    if _TEXT in body or _ATOM in body:
        return "invalid character"
    return None if _is_balanced(_tokens(body.removeprefix(BOM))) else "malformed below the thousandth level"


def _tokens(body: bytes) -> Iterator[bytes]:
    """Runs of one-byte tokens; what is no token stays as it is."""
    position = 0
    while position < len(body):
        piece = _piece.match(body, position)
        if piece is None:
            yield body[position : position + 1]
            return
        yield _atom.sub(_ATOM, _string.sub(_TEXT, piece[0])).translate(None, _BLANKS)
        position = piece.end()


def _is_balanced(runs: Iterable[bytes]) -> bool:
    state = _VALUE
    ends = bytearray()  # the closing bracket of each open container
    for token in chain.from_iterable(runs):
        if token not in state:
            return False
        if token in _ENDS:
            ends.append(_ENDS[token])
            state = state[token]
        elif token in (_ARRAY_END, _OBJECT_END):
            if not ends or ends.pop() != token:
                return False
            state = _AFTER
        elif token == _COMMA:
            if not ends:
                return False
            state = _KEY if ends[-1] == _OBJECT_END else _VALUE
        else:
            state = state[token]
    return state is _AFTER and not ends


def _words(error: msgspec.DecodeError) -> str:
    return str(error).removeprefix("JSON is malformed: ").removeprefix("Input data was ")
