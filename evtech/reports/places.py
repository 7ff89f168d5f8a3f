"""Where the documents of a batch go: into a folder, one file each, no two under the same name."""

from collections.abc import Mapping
from pathlib import Path

Files = dict[str, Path]


class Places:
    """Gives each document its files. A folder gets one file a document; a file's name is varied only for several.

    In a folder, CSV means every table of a document, each in a file of its own: ``tables`` is how their names begin.
    """

    def __init__(self, files: Mapping[str, Path | None], kind: str, *, several: bool) -> None:
        self._files = {name: path for name, path in files.items() if path is not None}
        self._kind, self._several = kind, several
        self._taken: set[str] = set()

    def of(self, name: str) -> Files:
        """Return the files of a document by their kind (pdf, html, xlsx, csv, tables)."""
        word = self._free(safe(name))
        found: Files = {}
        for kind, path in self._files.items():
            if path.is_dir() and kind == "csv":
                found["tables"] = path / f"{self._kind}-{word}"
            elif path.is_dir():
                found[kind] = path / f"{self._kind}-{word}.{kind}"
            else:
                found[kind] = path.with_name(f"{path.stem}-{word}{path.suffix}") if self._several else path
        return found

    def _free(self, word: str) -> str:
        """Return the word, with a number where another document has it: no report overwrites another."""
        number, wanted = 1, word
        while word.casefold() in self._taken:
            number += 1
            word = f"{wanted}-{number}"
        self._taken.add(word.casefold())
        return word


def safe(name: str) -> str:
    """Return a name as a part of a file's name on every system."""
    return "".join(c if c.isalnum() else "-" for c in name).strip("-")[:120] or "unnamed"
