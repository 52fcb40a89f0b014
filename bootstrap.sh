#!/bin/bash
# Make .venv with the given Python, and install into it what is named behind that, a line for each thing it does:
#
#     ./bootstrap.sh python3 '.[train,tui]'
#
# What a bare Debian or Ubuntu lacks for that is installed too, where that is allowed.
set -euo pipefail
python=$1
shift

say() { printf '── %s\n' "$*"; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "yogo-tui needs Python 3.11 or later; $python is $("$python" --version 2>&1 || true)." \
        "Try: make PYTHON=python3.12" >&2
    exit 1
}
if ! "$python" -m venv --help >/dev/null 2>&1 || ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ]; then sudo=; elif sudo -n true 2>/dev/null; then sudo=sudo; else
        echo "Python's venv is missing: ask for the package python3-venv to be installed." >&2
        exit 1
    fi
    say "installing python3-venv"
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq python3-venv >&2
fi
pip=(.venv/bin/python -m pip --disable-pip-version-check)
# One that was cut off while it was made has no pip, and one whose Python is gone does not start: begin anew.
if ! "${pip[@]}" --version >/dev/null 2>&1; then
    say "making $PWD/.venv with $("$python" --version)"
    "$python" -m venv --clear .venv
    "${pip[@]}" install --quiet --upgrade 'pip>=25.1'
fi
# The name that this project had, and that published YOGO has: two of them would share one folder.
if "${pip[@]}" show --quiet yogo 2>/dev/null; then
    say "removing the package yogo, whose folder this one takes"
    "${pip[@]}" uninstall --quiet --yes yogo
fi

say "installing ${*//--group/} (PyTorch is large: a few minutes on a slow line)"
# Of pip's own words, the lines that say what it fetches, and that it is nearly done.
"${pip[@]}" install --progress-bar off --editable "$@" |
    sed -unE 's/^ *(Downloading|Using cached|Processing) ([^ ]*\/)?([^ -]+)-([^ -]+)(-[^ ]*\.whl|\.tar\.gz)( \(.*\))?$/   \1 \3 \4\6/p
              s/^Installing collected packages.*/   unpacking all of them/p'
