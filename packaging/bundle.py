"""Builds the PyInstaller folder ``dist/evtech`` and proves that it starts in an empty home.

The proof runs the headless demo of the bundle with no Python path, no user folder and no archive, and reads the session
it prints. ``--strip`` is never used: it breaks numpy's libraries.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
WINDOWS = os.name == "nt"


def build() -> Path:
    """Run PyInstaller and return the program's path."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "PyInstaller",
            "--noconfirm",
            "--clean",
            "--log-level",
            "WARN",
            str(ROOT / "packaging" / "evtech.spec"),
        ],
        cwd=ROOT,
        check=True,
    )
    return ROOT / "dist" / "evtech" / ("evtech.exe" if WINDOWS else "evtech")


def smoke_test(program: Path) -> None:
    """Start the bundle in an empty home: version, headless demo, window for a moment."""
    with tempfile.TemporaryDirectory() as home:
        keep = ("PATH", "SYSTEMROOT", "TEMP", "TMP") if WINDOWS else ()
        environment = {name: os.environ[name] for name in keep if name in os.environ}
        environment |= {"HOME": home, "USERPROFILE": home, "LOCALAPPDATA": home, "QT_QPA_PLATFORM": "offscreen"}
        version = _run(program, ["--version"], environment)
        print(version.strip())
        session = json.loads(_run(program, ["--json", "demo", "--headless", "--duration", "12"], environment))
        if not (session["simulated"] and session["samples"] > 0 and session["energy_wh"] is not None):
            raise SystemExit(f"the bundle's demo recorded nothing usable: {session}")
        print(f"demo: {session['samples']} samples, {session['energy_wh']:.1f} Wh by {session['energy_source']}")


def _run(program: Path, words: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run([str(program), *words], env=environment, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise SystemExit(f"{program.name} {' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    smoke_test(build())
