"""Tables of labelled images: opened, understood, asked whether they make sense, and only then read."""

from misread.data.readers.table.reader import SUFFIXES, read_table, read_unlabelled
from misread.data.readers.table.shards import read_shards, shards_of

__all__ = ["SUFFIXES", "read_shards", "read_table", "read_unlabelled", "shards_of"]
