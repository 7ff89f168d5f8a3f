"""Modbus TCP on loopback, 40 registers: our link beside pymodbus's asyncio client and C libmodbus, on one server.

The server and the C client are built on libmodbus. Each client runs in turn, several rounds; medians are printed.
"""

import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from pymodbus.client import AsyncModbusTcpClient

from evtech.links.link import Table
from evtech.links.tcp import TcpLink
from tests.peers.conftest import LIBMODBUS_SERVER

C_CLIENT = r"""
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int main(int argc, char **argv) {
    modbus_t *ctx = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    int n = atoi(argv[2]); uint16_t words[125]; struct timespec a, b;
    if (modbus_connect(ctx)) return 1;
    modbus_set_slave(ctx, 1);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < n; i++) if (modbus_read_registers(ctx, 0, 40, words) != 40) return 2;
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%f\n", n / ((b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9));
}
"""
ROUNDS, REQUESTS = 7, 4000


def build(folder: Path, name: str, source: str) -> Path:
    """Compile a C source against libmodbus."""
    (folder / f"{name}.c").write_text(source)
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "libmodbus"], capture_output=True, text=True, check=True
    )
    subprocess.run(["gcc", "-O2", f"{name}.c", "-o", name, *flags.stdout.split()], cwd=folder, check=True)
    return folder / name


async def ours(port: int) -> float:
    """Return requests a second of our link."""
    link = TcpLink("127.0.0.1", port)
    await link.open()
    started = time.perf_counter()
    for _ in range(REQUESTS):
        await link.read(1, Table.HOLDING, 0, 40)
    rate = REQUESTS / (time.perf_counter() - started)
    await link.close()
    return rate


async def theirs(port: int) -> float:
    """Return requests a second of pymodbus's asyncio client."""
    client = AsyncModbusTcpClient("127.0.0.1", port=port, retries=0)
    await client.connect()
    started = time.perf_counter()
    for _ in range(REQUESTS):
        await client.read_holding_registers(0, count=40, device_id=1)
    rate = REQUESTS / (time.perf_counter() - started)
    client.close()
    return rate


def main() -> None:
    """Print rates and ratios."""
    if shutil.which("gcc") is None or shutil.which("pkg-config") is None:
        print("skipped: gcc and libmodbus-dev are needed")
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        server = subprocess.Popen(
            [build(folder, "server", LIBMODBUS_SERVER), "tcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert server.stdin
        assert server.stdout
        server.stdin.write("1 holding 0 7\nend\n")
        server.stdin.flush()
        port = int(server.stdout.readline().split()[1])
        client = build(folder, "client", C_CLIENT)
        rates: dict[str, list[float]] = {"evtech": [], "pymodbus asyncio": [], "C libmodbus": []}
        for _ in range(ROUNDS):
            rates["evtech"].append(asyncio.run(ours(port)))
            rates["pymodbus asyncio"].append(asyncio.run(theirs(port)))
            done = subprocess.run([client, str(port), str(REQUESTS)], capture_output=True, text=True, check=True)
            rates["C libmodbus"].append(float(done.stdout))
        server.kill()
        server.communicate()
    for name, found in rates.items():
        print(f"{name:<18} {statistics.median(found):8.0f} requests/s")
    pairs = [a / b for a, b in zip(rates["evtech"], rates["pymodbus asyncio"], strict=True)]
    print(f"evtech / pymodbus asyncio: {statistics.median(pairs):.2f} (goal: at least 0.90)")
    to_c = [a / b for a, b in zip(rates["evtech"], rates["C libmodbus"], strict=True)]
    print(f"evtech / C libmodbus:      {statistics.median(to_c):.2f}")


if __name__ == "__main__":
    main()
