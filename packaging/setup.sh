#!/bin/sh
# Makes the virtual environment and, on Debian and its kin, installs the system libraries Qt needs.
# As root, or where sudo asks no question, it installs them; else it prints the exact line and stops with 2.
set -eu
PYTHON=${PYTHON:-python3}
VENV=${VENV:-.venv}
LIBRARIES="libgl1 libegl1 libglib2.0-0 libfontconfig1 libdbus-1-3 libxkbcommon0 \
libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"

find_python() {
    for name in "$PYTHON" python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "evtech needs Python 3.11 or newer; none was found. Install it, or name it: make PYTHON=/path/to/python3" >&2
    exit 2
}

missing_libraries() {
    for name in $LIBRARIES; do
        # Debian 13 renamed some libraries for 64-bit time: libglib2.0-0t64 provides libglib2.0-0
        dpkg-query -W -f '${db:Status-Abbrev}\n' "$name" "${name}t64" 2>/dev/null | grep -q '^ii' || printf '%s ' "$name"
    done
}

install() {
    [ -n "$1" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        echo "evtech needs these system packages. Run this line, then make again:" >&2
        echo "  sudo apt-get install -y $1" >&2
        exit 2
    fi
    $as_root apt-get update -qq
    # shellcheck disable=SC2086  # the list is meant to be split
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $1 >/dev/null
}

python=$(find_python)
if command -v dpkg-query >/dev/null 2>&1; then
    needed=$(missing_libraries)
    # Debian keeps venv's pip in a package of its own, named after the version
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        needed="$needed python$version-venv"
    fi
    install "$needed"
fi
[ -x "$VENV/bin/python" ] || "$python" -m venv "$VENV"
"$VENV/bin/python" -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[dev]"
