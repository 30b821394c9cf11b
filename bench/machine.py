"""What is measured and where: so that a table can be read years later."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path

import numpy as np

from bench import peers
from bench.harness import CLOCK


def pin() -> int | None:
    """Bind this process to one of the CPUs it may use; return which, None if it cannot be."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    # The last one: the first usually serves the machine's interrupts.
    cpu = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    return cpu


def kernel_file() -> Path:
    """Return the file of the kernels that the installed mathwork uses."""
    from mathwork import _levels

    return Path(_levels.core.__file__)


def package() -> dict[str, str]:
    """Describe the installed mathwork; a stale build shows in the time of its file."""
    import mathwork
    from mathwork import _levels

    kernel = kernel_file()
    built = time.localtime(kernel.stat().st_mtime)
    return {
        "version": mathwork.__version__,
        "level": _levels.level,
        "kernel": kernel.name,
        "built": time.strftime("%Y-%m-%d %H:%M:%S", built),
    }


def describe(cpu: int | None) -> dict[str, str]:
    """Describe the machine, the interpreter and what the peers were built from."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "cpu": _cpu_model(),
        "cpus": f"{os.cpu_count()}, measured on {'any' if cpu is None else f'number {cpu}'}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_version()} ({platform.python_compiler()})",
        "blas": f"{blas.get('name', '?')} {blas.get('version', '')}".strip(),
        "compiler": _compiler_version(),
        "clock": CLOCK.__name__,
        "date": time.strftime("%Y-%m-%d"),
    }


def _cpu_model() -> str:
    """Return the processor's name with family and model, which tell generations apart."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line)
    name = fields.get("model name", platform.machine())
    if "cpu family" in fields:
        name += f" (family {fields['cpu family']}, model {fields['model']})"
    return name


def _compiler_version() -> str:
    try:
        answer = subprocess.run([peers.compiler(), "--version"], capture_output=True, text=True)
    except OSError:
        return "none"
    return answer.stdout.partition("\n")[0]
