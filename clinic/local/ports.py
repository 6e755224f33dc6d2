"""Ports on this machine."""

import socket

from clinic.local.say import Trouble

LOOPBACK = "127.0.0.1"


def free() -> int:
    """A port that nobody listens on now; another program could still take it first."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def wanted(port: int, *, variable: str, purpose: str) -> int:
    """The port itself when it is free, else Trouble with the variable that chooses another."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            message = (
                f"Port {port}, wanted for {purpose}, cannot be used ({error.strerror}). "
                f"Stop the program that holds it, or choose another: make run {variable}={port + 1}"
            )
            raise Trouble(message) from error
    return port


def answers(port: int, host: str = LOOPBACK) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
