"""The algorithms that the user's SSH configuration chooses, as asyncssh is told them.

An old server may know none but those that a person had to allow for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from asyncssh.encryption import get_encryption_algs
from asyncssh.kex import get_kex_algs
from asyncssh.mac import get_mac_algs
from asyncssh.public_key import get_certificate_algs, get_public_key_algs

from yogo_tui.errors import HostError
from yogo_tui.hosts.ssh_config import Destination

_CIPHERS: dict[str, tuple[str, Callable[[], list[bytes]]]] = {
    "encryption_algs": ("Ciphers", get_encryption_algs),
    "mac_algs": ("MACs", get_mac_algs),
}


_OF_A_CERTIFICATE = "-cert-v01@openssh.com"


def key_exchange(to: Destination) -> dict[str, Sequence[str]]:
    """Raises HostError where none of those chosen is known here."""
    chosen = _known(to, "KexAlgorithms", get_kex_algs())
    return {"kex_algs": chosen} if chosen else {}


def ciphers(to: Destination) -> dict[str, Sequence[str]]:
    """Those of the connection itself. Raises HostError where none of those chosen is known here."""
    chosen = {option: _known(to, keyword, known()) for option, (keyword, known) in _CIPHERS.items()}
    return {option: names for option, names in chosen.items() if names}


def host_keys(to: Destination) -> Sequence[str]:
    """The kinds of keys without a certificate; empty for the usual ones. Raises HostError as the others."""
    return _known(to, "HostKeyAlgorithms", get_public_key_algs())


def signatures(to: Destination) -> dict[str, Sequence[str]]:
    """Those that keys log in with. Raises HostError as the others."""
    known = [*get_public_key_algs(), *get_certificate_algs()]
    names = dict.fromkeys(map(_plain, _known(to, "PubkeyAcceptedAlgorithms", known)))
    return {"signature_algs": list(names)} if names else {}


def _plain(name: str) -> str:
    """A certificate is signed with as its key is."""
    key = name.removesuffix(_OF_A_CERTIFICATE)
    return name if key == name else f"{key}@openssh.com" if key.startswith("sk-") else key


def _known(to: Destination, keyword: str, known: Sequence[bytes]) -> list[str]:
    chosen = to.chosen(keyword.lower())
    names = [name for name in chosen if name.encode() in known]
    if chosen and not names:
        raise HostError(
            f"{to.label} cannot be reached: none of the {keyword} that your SSH configuration allows is supported here "
            f"({', '.join(chosen)})."
        )
    return names
