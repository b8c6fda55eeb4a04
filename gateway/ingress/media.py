"""What the headers of a body say of it."""


def is_form(content_type: bytes | None) -> bool:
    """Whether a Content-Type is that of a form's fields."""
    return (content_type or b"").partition(b";")[0].strip().lower() == b"application/x-www-form-urlencoded"


def is_json_type(content_type: bytes | None) -> bool:
    """Whether a Content-Type will do: none, or one whose subtype holds `json`."""
    if content_type is None or content_type == b"application/json":
        return True
    media_type = content_type.partition(b";")[0].strip()
    return not content_type.strip() or b"json" in media_type.partition(b"/")[2].lower()


def is_identity(content_encoding: bytes | None) -> bool:
    """Whether a Content-Encoding leaves the body as it is."""
    if content_encoding is None:
        return True
    return all(coding.strip().lower() in (b"identity", b"") for coding in content_encoding.split(b","))
