"""Takes people out of payloads: names, phones, mails and street lines become stand-ins, the same for the same person.

Everything else stays byte for byte: numbers as they were written, whitespace, doubled keys, a byte order mark.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

import msgspec

from adapters.reading import BOM

_PLAIN = re.compile(r"[^a-z0-9]")
_KEY_RULES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("mail", re.compile(r".*(email|emailaddress|mail)$")),
    ("phone", re.compile(r".*(phone|phonenumber|mobile|mobilenumber|telephone|tel|fax|faxnumber|msisdn)$")),
    (
        "street",
        re.compile(r"(address|addressline|street|streetline|line|streetaddress|streetname)[0-9]?|.*housenumber"),
    ),
    ("code", re.compile(r".*(doorcode|gatecode|accesscode|pincode)$")),
    ("place", re.compile(r"(latitude|longitude|lat|lng|lon)")),
    (
        "name",
        re.compile(
            r"(first|last|full|middle|sur|given|family|person|contact|recipient|customer|consignee|company|buyer|"
            r"receiver|sender|shipper|attention|user|by)?(name|surname|attention|attn|organi[sz]ation|company|recipient)"
        ),
    ),
    ("note", re.compile(r".*(note|notes|remark|remarks|comment|comments|instruction|instructions|message|freetext)$")),
    ("address", re.compile(r"(browser|client|remote|user|by|from)*(ip|ipaddress|ipv4|ipv6)")),
    (
        "machine",
        re.compile(r"(by|user|client|source|remote)?(computer|hostname|machine|workstation|device|terminal)(name|id)?"),
    ),
    (
        "transaction",
        re.compile(
            r"(payment|bank|card|gateway|capture|refund)*(transaction|authori[sz]ation|charge|paymentintent|payment|iban|"
            r"accountnumber|cardnumber|checkouttoken|carttoken)(id|key|no|number|reference|ref|code|token)?"
        ),
    ),
)
_PEOPLE = re.compile(
    r".*(contact|customer|consignee|recipient|receiver|address|shipto|billto|shipfrom|buyer|person|party|user|"
    r"orderinfo|notification|delivery|sender|shipper|owner).*"
)
_THINGS = re.compile(
    r".*(line|lines|item|items|product|article|carrier|transporter|warehouse|service|class|classes|tag|wayofdelivery|method|type|status)s?"
)
_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_URL = re.compile(r"https?://[^\s\"'<>\\]+")
_PHONE = re.compile(r"\+\d[\d ()-]{7,17}\d")
_MACHINE = re.compile(r"(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\d.])")
SHORTEST_REPEATED = 5
"""Characters of a text that is looked for elsewhere too; a shorter one may be any word."""

_FIRST = ("Alex", "Robin", "Kim", "Sam", "Chris", "Toni", "Jo", "Pat", "Lee", "Kai", "Nico", "Jules", "Max", "Ari")
_LAST = ("Example", "Sample", "Testman", "Placeholder", "Specimen", "Standin", "Mustermann", "Doe", "Roe", "Nowak")


class Scrubber:
    """Scrubs the parts of one export: whoever stood in one part is the same stand-in in all."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, body: bytes) -> None:
        """Find the people of a body; what is found is replaced in everything that is scrubbed afterwards."""
        for _, _, path, value in _strings(_text(body)):
            kind = _kind_of(path)
            if kind is not None and value.strip():
                self._known.setdefault(value, stand_in(kind, value))

    def scrub(self, body: bytes) -> bytes:
        """A JSON body with its people replaced; every other byte as it was."""
        text = _text(body)
        parts: list[str] = []
        done = 0
        for start, end, path, value in _strings(text):
            made = self._scrubbed(path, value)
            if made != value:
                parts += [text[done:start], json.dumps(made, ensure_ascii=False)]
                done = end
        scrubbed = _scrub_places("".join([*parts, text[done:]]))
        return (BOM if body.startswith(BOM) else b"") + scrubbed.encode()

    def text(self, text: str) -> str:
        """A text by itself, such as a header: what is known of people is replaced, mails, phones and URLs too."""
        for known in sorted(self._known, key=len, reverse=True):
            if len(known) >= SHORTEST_REPEATED and known in text:
                text = text.replace(known, self._known[known])
        text = _MAIL.sub(lambda found: _keep(found[0], "mail", self._known), text)
        text = _URL.sub(lambda found: _url(found[0]), text)
        text = _MACHINE.sub(lambda found: _keep(found[0], "address", self._known), text)
        return _PHONE.sub(lambda found: _keep(found[0], "phone", self._known), text)

    def _scrubbed(self, path: tuple[str, ...], value: str) -> str:
        if value in self._known and _kind_of(path) is not None:
            return self._known[value]
        return self.text(value)


def _url(found: str) -> str:
    """A URL with its path, which says what is asked for; whose it is, and every value of its query, is not told."""
    try:
        parts = urlsplit(found)
    except ValueError:
        return "https://vendor.example/"
    query = "&".join(f"{name.partition('=')[0]}=x" for name in parts.query.split("&") if name)
    return f"https://vendor.example{parts.path}" + (f"?{query}" if query else "")


def _keep(found: str, kind: str, known: dict[str, str]) -> str:
    # What is a stand-in already stays one.
    is_stand_in = found in known.values() or (kind == "address" and found.startswith("192.0.2."))
    return found if is_stand_in else stand_in(kind, found)


def stand_in(kind: str, value: str) -> str:
    """The stand-in for a value: always the same for the same, and of the same kind."""
    number = int.from_bytes(
        hashlib.blake2b(value.strip().casefold().encode("utf-8", "replace"), digest_size=4).digest()
    )
    # Few enough stand-ins that nobody can be found again by trying all names.
    number %= 1000
    makers: dict[str, Callable[[], str]] = {
        "mail": lambda: f"person-{number:03}@example.com",
        "phone": lambda: f"+1555010{number:04}",
        "street": lambda: f"{number + 1} Example Street",
        "name": lambda: f"{_FIRST[number % len(_FIRST)]} {_LAST[number % len(_LAST)]}",
        "note": lambda: f"note {number}",
        "code": lambda: f"{number:04}",
        "address": lambda: f"192.0.2.{number % 254 + 1}",
        "place": lambda: "0",
        "machine": lambda: f"machine-{number:03}",
        "transaction": lambda: f"transaction-{number:03}",
    }
    return makers[kind]()


def _kind_of(path: tuple[str, ...]) -> str | None:
    """What a member says of a person, by its name and where it stands; None: nothing."""
    if not path:
        return None
    name = _PLAIN.sub("", path[-1].lower())
    above = [_PLAIN.sub("", step.lower()) for step in path[:-1]]
    if name == "value" and above:
        # `emailNotification: {value}`, and its kin.
        return next(
            (kind for word, kind in (("mail", "mail"), ("sms", "phone"), ("phone", "phone")) if word in above[-1]), None
        )
    kind = next((kind for kind, pattern in _KEY_RULES if pattern.fullmatch(name)), None)
    if kind == "name" and name in ("name", "username") and not (above and _PEOPLE.fullmatch(above[-1])):
        return None
    if kind in ("name", "street") and above and _THINGS.fullmatch(above[-1]):
        return None
    return kind


def _scrub_places(text: str) -> str:
    """Coordinates, which are numbers."""
    return re.sub(r'("(?:latitude|longitude|lat|lng|lon)"\s*:\s*)-?\d+\.\d+', r"\g<1>0.0", text, flags=re.IGNORECASE)


def _text(body: bytes) -> str:
    return body.removeprefix(BOM).decode("utf-8", "replace")


_TOKEN = re.compile(r'[{}\[\]:,]|"(?:[^"\\]|\\.)*"|[^\s{}\[\]:,"]+', re.DOTALL)


def _strings(text: str) -> Iterator[tuple[int, int, tuple[str, ...], str]]:
    """Every text of a JSON document that is no key: where it begins and ends, the keys that lead to it, and itself."""
    path: list[str | None] = []
    is_key = False
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "{[":
            path.append(None)
            is_key = mark == "{"
            path.append("{" if is_key else "[")
        elif mark in "}]":
            del path[-2:]
        elif mark == ",":
            is_key = bool(path) and path[-1] == "{"
        elif mark == ":":
            is_key = False
        elif mark.startswith('"'):
            try:
                value = msgspec.json.decode(mark.encode())
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if is_key:
                path[-2] = str(value)
            else:
                yield token.start(), token.end(), tuple(str(step) for step in path[::2] if step is not None), str(value)
