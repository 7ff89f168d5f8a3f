"""Serial ports and what is like them: opening with exclusive use, blocking reads, errors that name the fix.

``BytePort`` is what the RTU master needs of a line; a serial port and a TCP stream of RTU frames both meet it.
"""

import contextlib
import os
import select
import socket
import sys
from pathlib import Path
from typing import Protocol

import serial

from evtech.errors import CannotConnectError, LinkLostError, SettingsError

WINDOWS = sys.platform == "win32"


class BytePort(Protocol):
    """A line of bytes, used by one thread."""

    paced: bool  # bytes take their true time: what comes back before the request can have left is not its answer

    def open(self) -> None:
        """Open; raise ``CannotConnectError``."""

    def close(self) -> None:
        """Close; harmless when closed."""

    def write(self, data: bytes) -> None:
        """Send and return when the bytes are handed to the line; raise ``LinkLostError``."""

    def read(self, wait: float) -> bytes:
        """Return what has come, waiting up to ``wait`` seconds for the first byte; raise ``LinkLostError``."""


class SerialPort:
    """A serial port by pyserial, opened for exclusive use."""

    def __init__(
        self, path: str, baud: int, parity: str, stopbits: int, *, bits: int = 8, paced: bool | None = None
    ) -> None:
        self._path, self._baud, self._parity, self._stopbits, self._bits = path, baud, parity, stopbits, bits
        # a pseudo terminal hands bytes over at once, whatever its speed says
        self.paced = not os.path.realpath(path).startswith("/dev/pts/") if paced is None else paced
        self._port: serial.Serial | None = None

    def open(self) -> None:
        """Open the port with its settings."""
        self.close()
        try:
            self._port = serial.Serial(
                self._path,
                self._baud,
                bytesize=self._bits,
                parity=self._parity,
                stopbits=self._stopbits,
                timeout=0,
                write_timeout=5,
                exclusive=None if WINDOWS else True,
            )
        except (OSError, ValueError) as error:
            raise cannot_open(self._path, error) from error
        except Exception as error:
            if type(error).__module__ != "termios":  # termios.error is no OSError and does not exist on Windows
                raise
            raise SettingsError(
                f"{self._path} does not take {self._baud} {self._bits}{self._parity}{self._stopbits}.",
                "Choose settings that the adapter supports.",
            ) from error

    def close(self) -> None:
        """Close the port."""
        if self._port is not None:
            with contextlib.suppress(OSError):
                self._port.close()
            self._port = None

    def write(self, data: bytes) -> None:
        """Send bytes and wait until the driver has passed them on."""
        port = self._opened()
        try:
            port.write(data)
            port.flush()
        except (OSError, TypeError) as error:
            raise self._lost(error) from error
        except Exception as error:
            if type(error).__module__ != "termios":
                raise
            raise self._lost(error) from error

    def read(self, wait: float) -> bytes:
        """Return what has come; wait up to ``wait`` seconds for the first byte."""
        port = self._opened()
        try:
            if WINDOWS:
                port.timeout = max(wait, 0)
                first = bytes(port.read(1))
                return first + bytes(port.read(port.in_waiting)) if first else b""
            if not select.select([port.fd], [], [], max(wait, 0))[0]:
                return b""
            data = os.read(port.fd, 4096)
        except (OSError, TypeError, ValueError) as error:
            raise self._lost(error) from error
        if not data:
            raise self._lost(OSError("the adapter is gone"))
        return data

    def _opened(self) -> serial.Serial:
        if self._port is None:
            raise LinkLostError(f"{self._path} is not open.", "evtech opens it again by itself.")
        return self._port

    def _lost(self, error: Exception) -> LinkLostError:
        return LinkLostError(
            f"{self._path} is gone: {error}.", "Plug the adapter in again; evtech goes on with the same port by itself."
        )


class SocketPort:
    """RTU frames over a TCP stream, as serial gateways in transparent mode carry them."""

    paced = False

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._host, self._port_number, self._timeout = host, port, timeout
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect to the gateway."""
        self.close()
        try:
            self._socket = socket.create_connection((self._host, self._port_number), timeout=max(self._timeout, 3.0))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise CannotConnectError(
                f"The gateway {self._host}:{self._port_number} cannot be reached: {error}.",
                "Check address and port, and that the gateway is in transparent (RTU over TCP) mode.",
            ) from error

    def close(self) -> None:
        """Close the stream."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def write(self, data: bytes) -> None:
        """Send bytes."""
        try:
            self._connected().sendall(data)
        except OSError as error:
            raise self._lost(error) from error

    def read(self, wait: float) -> bytes:
        """Return what has come."""
        stream = self._connected()
        try:
            if not select.select([stream], [], [], max(wait, 0))[0]:
                return b""
            data = stream.recv(4096)
        except OSError as error:
            raise self._lost(error) from error
        if not data:
            raise self._lost(OSError("the gateway closed the connection"))
        return data

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise LinkLostError(f"The gateway {self._host}:{self._port_number} is not connected.")
        return self._socket

    def _lost(self, error: Exception) -> LinkLostError:
        return LinkLostError(
            f"The link to {self._host}:{self._port_number} was lost: {error}.",
            "rtu+tcp is for gateways in transparent mode; a Modbus TCP device needs tcp://.",
        )


def cannot_open(path: str, error: Exception) -> CannotConnectError:
    """Return why a port cannot be opened and what to do, from what the system said."""
    number = getattr(error, "errno", None)
    text = str(error)
    if isinstance(error, ValueError):
        return CannotConnectError(f"{path} cannot be opened: {error}.", "Check baud rate, parity and stop bits.")
    if number == 13 or "PermissionError" in text or "Permission denied" in text:
        return CannotConnectError(f"{path} cannot be opened: your account may not use it.", _rights_hint(path))
    if number in (2, 19, 6) or "FileNotFoundError" in text or "No such file" in text:
        return CannotConnectError(
            f"There is no port {path}.", "Plug in the adapter; `evtech ports` lists the ports that exist."
        )
    if number in (11, 16) or "lock" in text or "busy" in text:
        return CannotConnectError(f"{path} is held by another program.", "Close that program, then try again.")
    return CannotConnectError(f"{path} cannot be opened: {error}.", "Check that it is a serial port.")


def _rights_hint(path: str) -> str:
    if sys.platform == "win32":
        return "Close the other program that holds the port, then try again."
    try:
        group = Path(path).group()
    except (OSError, KeyError):
        group = "dialout"
    return f"The group {group} owns it. Run `sudo usermod -aG {group} $USER`, then sign in again."
