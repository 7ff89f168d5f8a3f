"""A Modbus server built on libmodbus whose registers a test advances while it is read: a charger, a meter, a clock."""

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from evtech.devices.encoding import encode
from evtech.devices.profile import Profile
from evtech.measure.sample import Value

# lines "unit table address word" on standard input are held back until "commit", then applied between two requests
SOURCE = r"""
#include <errno.h>
#include <modbus.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static modbus_mapping_t *maps[256];
static char held[1 << 16]; static size_t filled;

static void apply(char *line) {
    char table[16]; int unit, address, word;
    if (sscanf(line, "%d %15s %d %d", &unit, table, &address, &word) != 4) return;
    if (!maps[unit]) maps[unit] = modbus_mapping_new(0, 0, 65535, 65535);
    if (!strcmp(table, "input")) maps[unit]->tab_input_registers[address] = word;
    else maps[unit]->tab_registers[address] = word;
}

static void take(void) {
    ssize_t got = read(0, held + filled, sizeof held - 1 - filled);
    if (got <= 0) exit(0);
    filled += got; held[filled] = 0;
    char *end;
    while ((end = strstr(held, "commit\n"))) {
        *end = 0;
        for (char *line = strtok(held, "\n"); line; line = strtok(NULL, "\n")) apply(line);
        size_t used = end + 7 - held;
        memmove(held, held + used, filled - used + 1); filled -= used;
    }
}

int main(int argc, char **argv) {
    int serial = !strcmp(argv[1], "rtu"), listener = -1, client = -1;
    modbus_t *ctx = serial ? modbus_new_rtu(argv[2], atoi(argv[3]), 'N', 8, 1) : modbus_new_tcp("127.0.0.1", 0);
    if (serial) {
        modbus_set_slave(ctx, atoi(argv[4]));
        if (modbus_connect(ctx)) { perror("connect"); return 1; }
        client = modbus_get_socket(ctx);
        printf("ready 0\n");
    } else {
        listener = modbus_tcp_listen(ctx, 1);
        struct sockaddr_storage at; socklen_t size = sizeof at; unsigned char *raw = (unsigned char *)&at;
        getsockname(listener, (struct sockaddr *)&at, &size);
        printf("ready %d\n", raw[2] * 256 + raw[3]);
    }
    fflush(stdout);
    for (;;) {
        struct pollfd what[2] = {{0, POLLIN, 0}, {client >= 0 ? client : listener, POLLIN, 0}};
        if (poll(what, 2, -1) < 0) return 1;
        if (what[0].revents) take();
        if (!(what[1].revents & POLLIN)) continue;
        if (client < 0) { client = modbus_tcp_accept(ctx, &listener); continue; }
        unsigned char query[MODBUS_MAX_ADU_LENGTH];
        int got = modbus_receive(ctx, query);
        if (got < 0 && !serial) { close(client); client = -1; continue; }
        if (got <= 0) continue;
        int to = query[serial ? 0 : 6];
        if (maps[to]) modbus_reply(ctx, query, got, maps[to]);
        else if (!serial) modbus_reply_exception(ctx, query, 11);
    }
}
"""
PERIOD_S = 0.05


def build(folder: Path, flags: list[str]) -> Path:
    """Compile the server and return the program."""
    source, program = folder / "advancing.c", folder / "advancing"
    source.write_text(SOURCE)
    subprocess.run(["gcc", "-O1", str(source), "-o", str(program), *flags], check=True)
    return program


class Load:
    """A load that both instruments see: amperes a phase, and the energy (Wh) that has flowed so far."""

    def __init__(self, volts: float = 230.0) -> None:
        self.volts = volts
        self._amperes, self._energy, self._since = 0.0, 0.0, time.monotonic()
        self._lock = threading.Lock()

    @property
    def amperes(self) -> float:
        return self._amperes

    def set(self, amperes: float) -> None:
        with self._lock:
            self._energy, self._since = self._now(), time.monotonic()
            self._amperes = amperes

    @property
    def watts(self) -> float:
        return 3 * self.volts * self._amperes

    @property
    def energy_wh(self) -> float:
        with self._lock:
            return self._now()

    def _now(self) -> float:
        return self._energy + self.watts * (time.monotonic() - self._since) / 3600


class AdvancingServer:
    """One instrument: ``values`` is asked for the points' values every 50 ms."""

    def __init__(self, program: Path, words: list[str], profile: Profile, values: Callable[[], Mapping[str, Value]]):
        self._process = subprocess.Popen([program, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._profile, self._values = profile, values
        self._ended = threading.Event()
        self._show()
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline().split()[1])
        self._thread = threading.Thread(target=self._advance)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        self._process.kill()
        self._process.communicate()

    def _advance(self) -> None:
        while not self._ended.wait(PERIOD_S):
            with contextlib.suppress(BrokenPipeError):
                self._show()

    def _show(self) -> None:
        lines = []
        for name, value in self._values().items():
            point = self._profile.points[name]
            unit = self._profile.unit_id if point.unit_id is None else point.unit_id
            words = encode(point, value)
            lines += [f"{unit} {point.table.value} {point.address + i} {word}" for i, word in enumerate(words)]
        assert self._process.stdin is not None
        self._process.stdin.write("\n".join([*lines, "commit\n"]))
        self._process.stdin.flush()
