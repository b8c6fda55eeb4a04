"""What every mapping of the configuration is."""

import msgspec


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping of the file: unknown keys are refused, keys beginning with `x-` are ignored."""
