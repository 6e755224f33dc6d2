"""Ports, secrets and stamps of one machine."""

import socket
import stat
from pathlib import Path

import pytest

from clinic.local import paths, ports, secret_file, stamps
from clinic.local.say import Trouble


def test_taken_port_says_how_to_choose_another() -> None:
    with socket.socket() as other:
        other.bind((ports.LOOPBACK, 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(Trouble, match=f"make run PORT={taken + 1}"):
            ports.wanted(taken, variable="PORT", purpose="the clinic's pages")


def test_free_port_is_given_back() -> None:
    port = ports.free()
    assert ports.wanted(port, variable="PORT", purpose="the clinic's pages") == port


def test_secrets_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = secret_file.read_or_make(path, ["owner"])
    again = secret_file.read_or_make(path, ["owner", "web"])
    assert again["owner"] == first["owner"]
    assert len(again["web"]) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_stamp_knows_a_change_and_forgets_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "STAMPS", tmp_path)
    source = tmp_path / "source.txt"
    source.write_text("one")

    def changed(*, fails: bool = False) -> bool:
        with stamps.unless_unchanged("made", ["*.txt"], result=tmp_path) as answer:
            if fails:
                raise Trouble("Disk full.")
        return answer

    assert changed()
    assert not changed()
    source.write_text("two")
    with pytest.raises(Trouble, match="Disk full"):
        changed(fails=True)
    assert changed()
