"""The known profiles: the built-in ones and those in the user's own folder.

A broken file of the user's never hides the others; ``broken`` tells about it.
"""

import difflib
from pathlib import Path

from evtech import paths
from evtech.devices.profile import Profile
from evtech.devices.profile_files import load_profile
from evtech.errors import ProfileError


class Library:
    """Profiles by id; a user's profile of the same id stands before the built-in one."""

    def __init__(self, user_folder: Path | None = None) -> None:
        self._user_folder = user_folder or paths.user_profiles()
        self._profiles: dict[str, Profile] | None = None
        self._alone: dict[str, Profile] = {}  # found without the others
        self.broken: list[ProfileError] = []

    def profiles(self) -> list[Profile]:
        """Return all profiles, ordered by id."""
        return [profile for _, profile in sorted(self._load().items())]

    def reload(self) -> None:
        """Read the folders again: a profile was added."""
        self._profiles, self._alone = None, {}

    def file(self, id_: str) -> Path | None:
        """Return the file of a known profile, or ``None``."""
        known = self._load()
        folders = (self._user_folder, paths.resources() / "profiles")
        files = [folder / f"{id_}.toml" for folder in folders if id_ in known]
        return next((file for file in files if file.is_file()), None)

    def find(self, id_or_path: str) -> Profile:
        """Return a profile by id, or from a file by path; raise ``ProfileError`` naming similar ids."""
        if id_or_path.endswith(".toml") or "/" in id_or_path or "\\" in id_or_path:
            return load_profile(Path(id_or_path))
        if self._profiles is None and (found := self._find_alone(id_or_path)) is not None:
            return found
        known = self._load()
        if id_or_path in known:
            return known[id_or_path]
        near = difflib.get_close_matches(id_or_path, known, n=3, cutoff=0.4)
        for error in self.broken:
            if Path(error.file).stem == id_or_path:
                raise error
        raise ProfileError(
            f"There is no profile {id_or_path!r}.",
            f"Near: {', '.join(near)}." if near else "`evtech profiles list` names those that exist.",
        )

    def _folders(self) -> tuple[tuple[Path, str], ...]:
        """Return the folders with their names; what stands in a later one goes before."""
        return (paths.resources() / "profiles", "built-in"), (self._user_folder, "user")

    def _find_alone(self, id_: str) -> Profile | None:
        """Return a profile without reading all the others; ``None`` where there is none or it is broken."""
        if id_ not in self._alone:
            for folder, source in reversed(self._folders()):
                names = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
                if f"{id_}.toml" in names:  # Windows would open a file in letters of the other case
                    try:
                        self._alone[id_] = load_profile(folder / f"{id_}.toml", source)
                    except ProfileError:
                        return None
                    break
        return self._alone.get(id_)

    def _load(self) -> dict[str, Profile]:
        if self._profiles is None:
            self._profiles, self.broken = {}, []
            for folder, source in self._folders():
                for file in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
                    try:
                        self._profiles[file.stem] = load_profile(file, source)
                    except ProfileError as error:
                        self.broken.append(error)
        return self._profiles
