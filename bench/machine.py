"""Describe the machine and the package, so that a table can be read years later."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench import peers
from bench.harness import CLOCK

# The levels of the kernels, and those of the peers, are chosen by these.
FLAGS = ("sse4_2", "avx", "fma", "avx2", "avx512f", "avx512dq", "avx512cd", "avx512bw",
         "avx512vl", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve")


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


def describe(cpu: int | None) -> dict[str, Any]:
    """Describe the machine, the interpreter and what the peers were built from."""
    processor = _processor()
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "cpu": _cpu_model(processor),
        "family": processor.get("cpu family", ""),
        "model": processor.get("model", ""),
        "flags": [flag for flag in FLAGS if flag in _flags(processor)],
        "cores": os.cpu_count(),
        "cpus": f"{os.cpu_count()}, measured on {'any' if cpu is None else f'number {cpu}'}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_version()} ({platform.python_compiler()})",
        "blas": f"{blas.get('name', '?')} {blas.get('version', '')}".strip(),
        "compiler": _compiler_version(),
        "clock": CLOCK.__name__,
        "date": time.strftime("%Y-%m-%d"),
    }


def _processor() -> dict[str, str]:
    """Return what the system says of its first processor; nothing where it has no /proc."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return {}
    return dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line)


def _flags(processor: dict[str, str]) -> list[str]:
    return processor.get("flags", processor.get("Features", "")).split()  # x86-64, arm64


def _cpu_model(processor: dict[str, str]) -> str:
    """Return the processor's name with family and model, which tell generations apart."""
    name = processor.get("model name", platform.processor() or platform.machine())
    if "cpu family" in processor:
        name += f" (family {processor['cpu family']}, model {processor['model']})"
    return name


def _compiler_version() -> str:
    try:
        answer = subprocess.run([peers.compiler(), "--version"], capture_output=True, text=True)
    except OSError:
        return "none"
    return answer.stdout.partition("\n")[0]
