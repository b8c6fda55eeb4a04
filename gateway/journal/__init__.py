"""The journal: where an arrival is on disk before it is acknowledged, until the ledger has it.

Segments of one size, written before they are owed and used again. A record is one group of arrivals; its head names
the journal's writer, its epoch, the number of its first entry, the generation of its segment and its kind.
"""

from gateway.journal.records import Record
from gateway.journal.segments import Left, Origin, left_of, segments_of, uses_of
from gateway.journal.writer import Journal, Offered, Written

__all__ = ["Journal", "Left", "Offered", "Origin", "Record", "Written", "left_of", "segments_of", "uses_of"]
