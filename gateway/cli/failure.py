"""How a command ends when it cannot do what it was asked."""

from gateway.errors import GatewayError

DONE, FAILED, WRONG_USAGE, BAD_CONFIGURATION, INTERRUPTED = 0, 1, 2, 78, 130


class Failure(GatewayError):  # noqa: N818 - named by its consequence
    """The command failed; the message is one sentence for the person who called it."""


def of_file(error: OSError) -> Failure:
    """What a file that a command names, or writes, had against it; a write that fails does not say which it was."""
    if error.strerror is None:
        return Failure(str(error))
    return Failure(f"{error.filename}: {error.strerror}" if error.filename else f"cannot write: {error.strerror}")


class Lost(Failure):
    """Nothing answers, or no more: it may well answer again."""
