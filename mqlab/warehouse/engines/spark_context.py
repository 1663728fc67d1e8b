"""The one Spark of this process: started for the first engine that needs it, stopped after the last.

A process works with one Spark at a time; several engines on the same master share it, each with its own session.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from mqlab.errors import MissingExtraError, RefusedError, UnreachableError
from mqlab.warehouse.engines.urls import EngineUrl

JAVA = 17
"""The oldest Java that Spark 4 runs on."""

REACH_SECONDS = 10
WORKER_SECONDS = 60

SESSION = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.maxPlanStringLength": "2000",
    "spark.sql.unionOutputPartitioning": "false",
}
"""Of each session: overflow is an error as on the other engines, clocks are UTC, plans are not written out for a page
that nobody opens. A union says nothing of how its parts are spread: Spark (SPARK-52921) believes that they are spread
alike, and fails where they are not.
"""
FORGETFUL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.ui.retainedExecutions": "1",
    "spark.ui.retainedJobs": "10",
    "spark.ui.retainedStages": "10",
    "spark.ui.retainedTasks": "100",
}
"""The plan of a compiled definition is large: the driver would run out of memory keeping those of many queries."""

QUIET = """\
rootLogger.level = off
rootLogger.appenderRef.stderr.ref = stderr
logger.gateway.name = org.apache.spark.api.python.PythonGatewayServer
logger.gateway.level = off
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
"""
"""Logging of Spark in this process; `spark.log.level=INFO` in the address lets it speak."""


class _Ours:
    """The Spark that we started, who uses it, and its folder of temporary files."""

    context: Any = None
    sessions: list[Any] = []  # noqa: RUF012  one process, one Spark
    scratch: str | None = None


def session(url: EngineUrl, memory_limit: str | None) -> Any:
    """A new session on the master of an address; every reason why there is none is an UnreachableError."""
    try:
        import pyspark
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise MissingExtraError("PySpark", "spark") from error
    running = pyspark.SparkContext._active_spark_context
    if running is not None and running.master != url.target:
        raise RefusedError(
            f"{url.shown}: this process already works with Spark at {running.master}.",
            code="SparkBusy",
            hint="One process works with one Spark: close the other engine first, or use a process of its own.",
        )
    if running is None:
        check_java(url)
        if not url.target.startswith("local"):
            check_master(url)
        running = _start(url, memory_limit)
    made = SparkSession(running).newSession()
    for key, value in SESSION.items():
        made.conf.set(key, value)
    if not running.getConf().contains("spark.sql.shuffle.partitions"):
        made.conf.set("spark.sql.shuffle.partitions", str(max(8, 4 * int(running.defaultParallelism))))
    for key, value in url.options.items():
        if key.startswith("spark.sql."):
            made.conf.set(key, value)
    _Ours.sessions.append(made)
    return made


def alive(session: Any) -> bool:
    """Whether a session's Spark still runs."""
    return session.sparkContext._jsc is not None


def release(session: Any) -> None:
    """A session is not needed any more; when none is, the Spark that we started stops."""
    _Ours.sessions = [other for other in _Ours.sessions if other is not session]
    if not _Ours.sessions and _Ours.context is not None:
        _stop()


def pyspark_errors() -> Any:
    """PySpark's own errors."""
    from pyspark import errors

    return errors


def java_error() -> type[Exception]:
    """The error of everything that goes wrong in Java, the connection to it included."""
    from py4j.protocol import Py4JError

    found: type[Exception] = Py4JError
    return found


def _start(url: EngineUrl, memory_limit: str | None) -> Any:
    """Spark in this process, working for a master."""
    import pyspark

    scratch = tempfile.mkdtemp(prefix="mqlab-spark-")
    quiet = Path(scratch) / "log4j2.properties"
    quiet.write_text(QUIET, encoding="utf-8")
    settings = {
        "spark.app.name": "mqlab",
        "spark.master": url.target,
        "spark.local.dir": scratch,
        "spark.sql.warehouse.dir": f"{scratch}/warehouse",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile=file:{quiet} -Dderby.system.home={scratch}",
        **({"spark.driver.memory": _mebibytes(memory_limit)} if memory_limit else {}),
        **({"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"} if _on_loopback(url) else {}),
        **FORGETFUL,
        **SESSION,
        **url.options,
    }
    conf = pyspark.SparkConf().setAll(list(settings.items()))
    _Ours.scratch = scratch
    try:
        _Ours.context = pyspark.SparkContext(conf=conf)
        if not url.target.startswith("local"):
            _wait_for_worker(url, _Ours.context)
    except UnreachableError:
        _stop()
        raise
    except (java_error(), pyspark_errors().PySparkException) as error:
        _stop()
        raise UnreachableError(
            f"{url.shown}: Spark does not start: {str(error).strip().splitlines()[0]}",
            code="EngineUnreachable",
            hint=f"Check that Java {JAVA} or newer is installed and that the master runs the same version of Spark, "
            f"{pyspark.__version__}.",
        ) from error
    return _Ours.context


def _stop() -> None:
    """Stop what we started."""
    from pyspark.sql import SparkSession

    if _Ours.context is not None:
        _Ours.context.stop()
        SparkSession._instantiatedSession = None
        _Ours.context = None
    if _Ours.scratch is not None:
        shutil.rmtree(_Ours.scratch, ignore_errors=True)
        _Ours.scratch = None


def check_java(url: EngineUrl) -> None:
    """Spark needs a Java that is new enough."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if java is None:
        where = f"JAVA_HOME, {home}, holds none" if home else "none was found"
        raise UnreachableError(
            f"{url.shown}: Spark needs Java {JAVA} or newer, and {where}.",
            code="NoJava",
            hint="Install a Java runtime, such as the package openjdk-17-jre-headless, or set JAVA_HOME.",
        )
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=60).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < JAVA:
        raise UnreachableError(
            f"{url.shown}: Spark needs Java {JAVA} or newer, and {java} says {said.strip().splitlines()[:1]}.",
            code="NoJava",
            hint="Install a newer Java runtime, or set JAVA_HOME.",
        )


def check_master(url: EngineUrl) -> None:
    """Spark itself would try for a minute and then say little."""
    host, _, port = url.target.removeprefix("spark://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=REACH_SECONDS).close()
    except OSError as error:
        raise UnreachableError(
            f"{url.shown}: nothing answers at {host}, port {port}: {error.strerror or error}.",
            code="EngineUnreachable",
            hint="Check that the Spark master runs and can be reached.",
        ) from error


def _wait_for_worker(url: EngineUrl, context: Any) -> None:
    """A job without a worker would wait for ever."""
    until = time.monotonic() + WORKER_SECONDS
    while time.monotonic() < until:
        if context._jsc.sc().getExecutorMemoryStatus().size() > 1:  # the driver is one of them
            return
        time.sleep(0.1)
    raise UnreachableError(
        f"{url.shown}: no worker took the work within {WORKER_SECONDS} seconds.",
        code="EngineUnreachable",
        hint="Check that the cluster has workers with free cores, and memory for spark.executor.memory.",
    )


def _on_loopback(url: EngineUrl) -> bool:
    """Whether everything happens on this machine."""
    if url.target.startswith("local"):
        return True
    host = url.target.removeprefix("spark://").rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _mebibytes(size: str) -> str:
    """A size such as 4GB as Java takes it."""
    number, unit = re.fullmatch(r"([\d.]+)\s*([KMGT]?)i?B?", size.strip()).groups()  # type: ignore[union-attr]
    power = {"": -2, "K": -1, "M": 0, "G": 1, "T": 2}[unit]
    return f"{max(int(float(number) * 1024**power), 512)}m"
