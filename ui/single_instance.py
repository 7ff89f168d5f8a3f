"""One window per archive: a second start hands its files to the first one and ends."""

import hashlib
import json
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

WAIT_MS = 2000
MOST_BYTES = 100_000


class SingleInstance(QObject):
    """Holds the lock of an archive and listens for later starts."""

    files_wanted = Signal(list)  # paths, maybe none: then only the window is asked for

    def __init__(self, folder: Path, archive: str) -> None:
        super().__init__()
        key = hashlib.sha256(str(Path(archive).resolve()).encode()).hexdigest()[:16]
        self._name = f"evtech-{key}"
        self._lock = QLockFile(str(folder / f"{self._name}.lock"))
        self._lock.setStaleLockTime(0)  # the process id in the file tells whether its owner lives
        self._server: QLocalServer | None = None

    def claim(self, files: list[str]) -> bool:
        """Return whether this is the first window; if not, the first one gets the files."""
        if self._lock.tryLock(0):
            self._listen()
            return True
        return not self._hand_over(files)

    def release(self) -> None:
        """Let the next start be the first one."""
        if self._server is not None:
            self._server.close()
        self._lock.unlock()

    def _listen(self) -> None:
        QLocalServer.removeServer(self._name)  # a killed evtech leaves its socket behind
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._take)
        self._server.listen(self._name)

    def _hand_over(self, files: list[str]) -> bool:
        """Return whether the first window took the files; a window that hangs does not keep anybody from working."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(WAIT_MS):
            return False
        socket.write(json.dumps([str(Path(file).resolve()) for file in files]).encode() + b"\n")
        socket.flush()
        done = socket.waitForReadyRead(WAIT_MS)
        socket.disconnectFromServer()
        return done

    def _take(self) -> None:
        assert self._server is not None
        socket = self._server.nextPendingConnection()
        socket.readyRead.connect(lambda: self._read(socket))
        socket.disconnected.connect(socket.deleteLater)
        self._read(socket)  # what came before the signal was connected

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > MOST_BYTES:
                socket.abort()
            return
        try:
            files = json.loads(bytes(socket.readLine(MOST_BYTES).data()))
        except ValueError:
            socket.abort()
            return
        socket.write(b"taken\n")
        socket.flush()
        if isinstance(files, list):
            self.files_wanted.emit([file for file in files if isinstance(file, str)])
