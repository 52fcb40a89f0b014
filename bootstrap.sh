#!/bin/bash
# Make .venv with the given Python, installing what a bare Debian or Ubuntu lacks for that, where that is allowed.
set -euo pipefail
python=${1:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "yogo needs Python 3.11 or later; $python is $("$python" --version 2>&1 || true). Try: make PYTHON=python3.12" >&2
    exit 1
}
if ! "$python" -m venv --help >/dev/null 2>&1 || ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ]; then sudo=; elif sudo -n true 2>/dev/null; then sudo=sudo; else
        echo "Python's venv is missing: ask for the package python3-venv to be installed." >&2
        exit 1
    fi
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq python3-venv
fi
# One that was cut off while it was made has no pip, and one whose Python is gone does not start: begin anew.
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
echo "Installing into $PWD/.venv (PyTorch is large: a few minutes on a slow line) ..."
.venv/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
