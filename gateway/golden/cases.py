"""Golden cases: what came in as files, and what an adapter makes of it in the words of `expected.json`."""

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from adapters import (
    Adapter,
    Cancellation,
    Fault,
    Hook,
    Identity,
    Ignored,
    Lookup,
    Lookups,
    Secret,
    State,
    TranslationError,
    references_in,
)
from gateway.ground.questions import MOST_QUESTIONS, fault_of_question
from gateway.ground.watchdog import FAILURES
from schemas import encode_order, faults_of

LONGEST_ID = 2_000
"""Characters of an event ID that no index takes."""


class Case(msgspec.Struct, frozen=True):
    """A golden case: `body.json` as received, `expected.json`; `options.json`, `hook.json` and `answers/` where needed.

    `hook.json` holds what a request carries besides its body: `headers`, `parameters`, `path`. The answer to the
    lookup `orders/1` stands in `answers/orders/1.json`, a `?` of its key written `%3F`; what stands under a path alone
    answers whatever is asked there. A lookup that is best effort and has no file gets no answer.
    `origin.json` says where the body is from: `captured` from the vendor, `sample` from a file that somebody gave to
    `adapter new`; without it, from a person's mind.
    """

    name: str
    hook: Hook
    options: dict[str, Any]
    answers: dict[str, bytes]
    expected: dict[str, Any]
    origin: str = ""

    @property
    def is_captured(self) -> bool:
        """Whether it came in from the vendor."""
        return self.origin == "captured"


def load_case(directory: Path) -> Case:
    """The case in one directory."""

    def read(name: str) -> dict[str, Any]:
        file = directory / name
        found: dict[str, Any] = json.loads(file.read_bytes()) if file.exists() else {}
        return found

    root = directory / "answers"
    return Case(
        name=directory.name,
        hook=Hook(body=(directory / "body.json").read_bytes(), **read("hook.json")),
        options=read("options.json"),
        answers={_key_of(file.relative_to(root)): file.read_bytes() for file in root.rglob("*.json")},
        expected=read("expected.json"),
        origin=str(read("origin.json").get("origin", "")),
    )


def load_cases(directory: Path) -> list[Case]:
    """Every case below a directory, by name; one whose proof is wrong never comes to an adapter: it is left out."""
    return [load_case(file.parent) for file in sorted(directory.glob("*/body.json")) if not is_refused(file.parent)]


def is_refused(directory: Path) -> bool:
    """Whether a case's request proves nothing: `{"outcome": "refused"}` is expected, by `adapter try`."""
    file = directory / "expected.json"
    return file.exists() and json.loads(file.read_bytes()).get("outcome") == "refused"


def save_case(directory: Path, case: Case) -> None:
    """Write a case: the body byte for byte, the other files where they say something."""
    directory.mkdir(parents=True)
    (directory / "body.json").write_bytes(case.hook.body)
    request = {"headers": case.hook.headers, "parameters": case.hook.parameters, "path": case.hook.path}
    given = {name: value for name, value in request.items() if value}
    origin = {"origin": case.origin} if case.origin else {}
    for name, value in {"hook": given, "options": case.options, "origin": origin, "expected": case.expected}.items():
        if value or name == "expected":
            (directory / f"{name}.json").write_text(written(value), encoding="utf-8")
    for key, body in case.answers.items():
        file = directory / "answers" / f"{_file_of(key)}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)


def _file_of(key: str) -> str:
    """The name, but for its end, of the file with the answer to a question; no system refuses it."""
    return key.replace("?", "%3F", 1)


def _key_of(file: Path) -> str:
    return file.as_posix().removesuffix(".json").replace("%3F", "?", 1)


def written(value: dict[str, Any]) -> str:
    """A case's file as its text."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def read_options(adapter: Adapter, raw: Mapping[str, Any]) -> Any:
    """The adapter's options from plain values; spans in seconds. Raises msgspec.ValidationError."""

    def secret(kind: type, value: Any) -> Any:
        if kind is not Secret or not isinstance(value, str):
            raise TypeError(f"expected {'text' if kind is Secret else kind.__name__}")
        return Secret(value)

    try:
        return msgspec.convert(raw, adapter.options, dec_hook=secret)
    except msgspec.ValidationError:
        raise
    except FAILURES as error:  # the adapter's own check of them may fail in any way
        raise msgspec.ValidationError(f"{type(error).__name__}: {error}") from error


def outcome_of(adapter: Adapter, options: Any, hook: Hook, answers: Mapping[str, bytes]) -> dict[str, Any]:
    """What becomes of an event, as `expected.json` says it; lookups are answered from `answers`.

    Whatever the adapter raises besides a TranslationError goes through.

    Raises:
        BrokenPromiseError: the result is none by the contract.
        UnansweredError: a lookup that must be answered has no answer in `answers`.
    """
    if adapter.events is None:
        return _outcome_of_event(adapter, options, hook, answers)
    try:
        bodies = list(adapter.events(hook)) or [hook.body]
    except TranslationError as error:
        return {"eventId": None} | _outcome_of_error(adapter, hook, error)
    _require(all(type(body) is bytes for body in bodies), "an event that is no bytes")
    parts = [msgspec.structs.replace(hook, body=body) for body in bodies]
    told = [_outcome_of_event(adapter, options, part, answers) for part in parts]
    return told[0] if len(told) == 1 else {"outcome": "events", "events": told}


def _outcome_of_event(adapter: Adapter, options: Any, hook: Hook, answers: Mapping[str, bytes]) -> dict[str, Any]:
    said: dict[str, Any] = {"eventId": None}
    try:
        identity = adapter.identify(hook)
        _require(not _faults_of_identity(identity), _faults_of_identity(identity))
        said |= {"eventId": identity.event_id, "topic": identity.topic}
        translation = adapter.translate(hook, options, {})
        known: dict[str, bytes | None] = {}
        while isinstance(translation, Lookups):
            _require(not _faults_of_lookups(adapter, translation), _faults_of_lookups(adapter, translation))
            wanted = {key: each for each in translation.wanted if (key := adapter.key_of(each)) not in known}
            _require(wanted, "asks again though every lookup was answered")
            said["lookups"] = [*said.get("lookups", []), *wanted]
            _require(len(said["lookups"]) <= MOST_QUESTIONS, f"asks more than {MOST_QUESTIONS} questions")
            known |= _answered(wanted, answers)
            translation = adapter.translate(hook, options, known)
    except TranslationError as error:
        return said | _outcome_of_error(adapter, hook, error)
    return said | _outcome_of_translation(translation)


def _outcome_of_error(adapter: Adapter, hook: Hook, error: TranslationError) -> dict[str, Any]:
    return {
        "outcome": "dead",
        "reason": {"code": error.code, "detail": error.detail, "path": error.path},
        "references": list(error.references or references_in(hook.body, adapter.references)),
    }


class BrokenPromiseError(AssertionError):
    """A result that is none by the contract."""


class UnansweredError(LookupError):
    """A lookup to which there is no answer at hand: as far as an event can be followed."""


def _require(holds: object, otherwise: object) -> None:
    if not holds:
        raise BrokenPromiseError(otherwise)


def _answered(wanted: Mapping[str, Lookup], answers: Mapping[str, bytes]) -> dict[str, bytes | None]:
    found = {key: answer_to(key, answers) for key in wanted}
    for key, lookup in wanted.items():
        if not lookup.best_effort and found[key] is None:
            raise UnansweredError(key)
    return found


def answer_to(key: str, answers: Mapping[str, bytes]) -> bytes | None:
    """The answer of this key, or of its path alone, which answers whatever is asked there."""
    return answers.get(key, answers.get(re.split("[?#]", key)[0]))


def _outcome_of_translation(translation: Any) -> dict[str, Any]:
    if isinstance(translation, Ignored):
        _require(_is_text(translation.reason), "a reason that is no text")
        reason = {"code": "ignored", "detail": translation.reason, "path": None}
        return {"outcome": "ignored", "reason": reason, "references": list(translation.references)}
    _require(isinstance(translation, list), f"a translation that is a {type(translation).__name__}")
    states = []
    for state in translation:
        _require(isinstance(state, State | Cancellation | Fault), f"a state that is a {type(state).__name__}")
        _require(not _faults_of_state(state), _faults_of_state(state))
        if isinstance(state, State) and (fault := faults_of(state.order)) is not None:
            path, detail = fault
            reason = {"code": "invalid_order", "detail": detail, "path": path}
            return {"outcome": "dead", "reason": reason, "references": list(state.references)}
        states.append(_said_of(state))
    return {"outcome": "orders", "states": states}


def _said_of(state: State | Cancellation | Fault) -> dict[str, Any]:
    what: dict[str, Any] = {"cancelled": state.external_order_id}
    if not state.external_order_id:
        what = {"cancelled": None, "record": state.record}
    if isinstance(state, State):
        what = {"order": json.loads(encode_order(state.order))}
    elif isinstance(state, Fault):
        what = {"dead": state.external_order_id}
        what["reason"] = {"code": state.code, "detail": state.detail, "path": state.path}
    return what | {
        "clock": None if state.clock is None else state.clock.isoformat(),
        "tie": state.tie,
        "owner": state.owner,
        "tenant": state.tenant,
        "references": list(state.references),
    }


def _is_text(text: object) -> bool:
    """Whether a text can be stored anywhere: not blank, no NUL, no lone surrogate."""
    return isinstance(text, str) and bool(text.strip()) and "\0" not in text and _encodes(text)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _faults_of_identity(identity: Any) -> str:
    if not isinstance(identity, Identity):
        return f"an identity that is a {type(identity).__name__}"
    if identity.event_id is not None and not (_is_text(identity.event_id) and len(identity.event_id) < LONGEST_ID):
        return "an event ID that no index takes"
    if identity.topic is not None and not _is_text(identity.topic):
        return "a topic that is no text"
    return ""


def _faults_of_lookups(adapter: Adapter, lookups: Lookups) -> str:
    if not lookups.wanted or not _is_text(lookups.subject):
        return "lookups without a path or a subject"
    faults = (fault_of_question(adapter, lookup) for lookup in lookups.wanted)
    return next((fault for fault in faults if fault is not None), "")


def _faults_of_state(state: State | Cancellation | Fault) -> str:
    by_record = isinstance(state, Cancellation) and not state.external_order_id
    name = state.record or "" if by_record else state.external_order_id
    texts: list[str | None] = [name, state.owner, state.tenant, *state.references]
    if isinstance(state, Fault):
        texts += [state.code, state.detail]
    if isinstance(state, State):
        order = state.order
        texts += [order.delivery_address, order.customer_id, order.customer_name, order.customer_contact]
        texts += [order.planned_date, *(order.special_handling or ())]
        if any(amount is not None and not math.isfinite(amount) for amount in (order.total_weight, order.volume)):
            return "an amount that is not finite"
    if not all(text is None or _is_text(text) for text in texts):
        return "a text that is blank or cannot be stored"
    clock: Any = state.clock
    if clock is not None and (not isinstance(clock, datetime) or clock.utcoffset() is None):
        return "a clock that is not an aware time"
    return "" if -(2**63) <= state.tie < 2**63 else "a tie beyond 64 bits"
