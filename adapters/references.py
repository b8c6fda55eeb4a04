"""An order's references, carried by whatever goes wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.errors import TranslationError


@contextmanager
def carrying(references: tuple[str, ...]) -> Iterator[None]:
    """A block whose TranslationError can be found by these references; one that has its own keeps them."""
    try:
        yield
    except TranslationError as error:
        error.references = error.references or references
        raise
