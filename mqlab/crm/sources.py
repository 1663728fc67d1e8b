"""Opening a file by its name: CSV, JSON, JSON lines or Parquet, all but the last also gzipped."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from mqlab.crm.batches import Source
from mqlab.crm.csv_source import CsvSource
from mqlab.crm.json_source import JsonSource
from mqlab.crm.jsonl_source import JsonlSource
from mqlab.crm.mapping import Mapping
from mqlab.crm.parquet_source import ParquetSource
from mqlab.errors import InputError, Place

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
JSON_SUFFIXES = (".jsonl", ".ndjson")


@contextmanager
def opened(path: Path, mapping: Mapping, wanted: Collection[str]) -> Iterator[Source]:
    """The file as a source; `wanted` are the column names the mapping looks for.

    Raises InputError for a file that is missing, empty, of an unknown kind, truncated or not in its encoding.
    """
    name = path.name.lower()
    suffix = Path(name.removesuffix(".gz")).suffix
    try:
        with path.open("rb") as raw:
            total = path.stat().st_size
            if not total:
                raise InputError("the file is empty.", code="EmptyFile", place=Place(str(path)))
            if suffix == ".parquet" and not name.endswith(".gz"):
                yield ParquetSource(raw, file=str(path))
                return
            stream = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if name.endswith(".gz") else raw
            if suffix in TEXT_SUFFIXES:
                yield CsvSource(stream, raw, file=str(path), mapping=mapping, wanted=wanted, total=total)
            elif suffix in JSON_SUFFIXES:
                yield JsonlSource(stream, raw, file=str(path), mapping=mapping, total=total)
            elif suffix == ".json":
                yield JsonSource(stream, raw, file=str(path), mapping=mapping, total=total)
            else:
                raise InputError(
                    f"'{suffix or path.name}' is not a kind of file that can be read.",
                    code="UnknownFile",
                    place=Place(str(path)),
                    hint="Name it .csv, .csv.gz, .tsv, .json, .jsonl, .jsonl.gz or .parquet.",
                )
    except FileNotFoundError as error:
        raise InputError("there is no such file.", code="NoSuchFile", place=Place(str(path))) from error
    except IsADirectoryError as error:
        raise InputError("this is a folder, not a file.", code="NoSuchFile", place=Place(str(path))) from error
    except EOFError as error:
        raise InputError(
            "the file ends in the middle: it was cut off.",
            code="Truncated",
            place=Place(str(path)),
            hint="Export it again.",
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"this is not a gzip file: {error}.", code="BadGzip", place=Place(str(path))) from error
    except PermissionError as error:
        raise InputError("the file may not be read by this user.", code="NoSuchFile", place=Place(str(path))) from error
