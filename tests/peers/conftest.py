"""Programs nobody here wrote: found, built and started for a test, or the test is skipped."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

LIBMODBUS_SERVER = r"""
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/select.h>
#include <sys/socket.h>

/* serves register images: lines "unit table address word" on standard input, then "end"; "rule MOST EVEN EXACT" makes
   it strict: reads of more than MOST registers, odd ones, or ones that are not EXACT long are refused with exception 2;
   "fill WORD" is what lies in registers that no line names */
static modbus_mapping_t *maps[256];
static int most = 125, even = 0, exact = 0, fill = 0;

static int is_refused(const unsigned char *pdu) {
    int start = pdu[1] * 256 + pdu[2], count = pdu[3] * 256 + pdu[4];
    if (pdu[0] != 3 && pdu[0] != 4) return 0;
    return count > most || (even && (start % 2 || count % 2)) || (exact && count != exact);
}

int main(int argc, char **argv) {
    char table[16]; int unit, address, word;
    for (;;) {
        char line[128];
        if (!fgets(line, sizeof line, stdin) || !strncmp(line, "end", 3)) break;
        if (sscanf(line, "rule %d %d %d", &most, &even, &exact) == 3 || sscanf(line, "fill %d", &fill) == 1) continue;
        if (sscanf(line, "%d %15s %d %d", &unit, table, &address, &word) != 4) continue;
        if (!maps[unit]) {
            maps[unit] = modbus_mapping_new(0, 0, 65535, 65535);
            for (int i = 0; i < 65535; i++) maps[unit]->tab_registers[i] = maps[unit]->tab_input_registers[i] = fill;
        }
        if (!strcmp(table, "input")) maps[unit]->tab_input_registers[address] = word;
        else maps[unit]->tab_registers[address] = word;
    }
    int serial = !strcmp(argv[1], "rtu");
    modbus_t *ctx = serial ? modbus_new_rtu(argv[2], atoi(argv[3]), 'N', 8, 1) : modbus_new_tcp("127.0.0.1", 0);
    int listener = -1, client = -1;
    if (serial) {
        modbus_set_slave(ctx, atoi(argv[4]));
        if (modbus_connect(ctx)) { perror("connect"); return 1; }
        printf("ready 0\n"); fflush(stdout);
    } else {
        listener = modbus_tcp_listen(ctx, 1);
        struct sockaddr_storage at; socklen_t size = sizeof at; unsigned char *raw = (unsigned char *)&at;
        getsockname(listener, (struct sockaddr *)&at, &size);
        printf("ready %d\n", raw[2] * 256 + raw[3]); fflush(stdout);
    }
    for (;;) {
        unsigned char query[MODBUS_MAX_ADU_LENGTH];
        if (!serial && client < 0) { client = modbus_tcp_accept(ctx, &listener); if (client < 0) return 1; }
        int got = modbus_receive(ctx, query);
        if (got < 0) { if (!serial) { close(client); client = -1; } continue; }
        if (got == 0) continue;
        int to = query[serial ? 0 : 6];
        if (maps[to] && is_refused(query + (serial ? 1 : 7))) modbus_reply_exception(ctx, query, 2);
        else if (maps[to]) modbus_reply(ctx, query, got, maps[to]);
        else if (!serial) modbus_reply_exception(ctx, query, 11);
    }
}
"""


@pytest.fixture(scope="session")
def libmodbus_server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server program built on libmodbus; skips where compiler or library are missing."""
    if shutil.which("gcc") is None or shutil.which("pkg-config") is None:
        pytest.skip("gcc and pkg-config are missing")
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "libmodbus"], capture_output=True, text=True, check=False
    )
    if flags.returncode:
        pytest.skip("libmodbus-dev is missing")
    folder = tmp_path_factory.mktemp("libmodbus")
    source, program = folder / "server.c", folder / "server"
    source.write_text(LIBMODBUS_SERVER)
    subprocess.run(["gcc", "-O1", str(source), "-o", str(program), *flags.stdout.split()], check=True)
    return program


@pytest.fixture
def pty_pair(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two ends of a serial line made by socat; skips where socat is missing."""
    if shutil.which("socat") is None:
        pytest.skip("socat is missing")
    ends = (str(tmp_path / "end-a"), str(tmp_path / "end-b"))
    socat = subprocess.Popen(["socat", *(f"pty,raw,echo=0,link={end}" for end in ends)])
    while not all(Path(end).exists() for end in ends):
        assert socat.poll() is None
    yield ends
    socat.terminate()
    socat.wait()
