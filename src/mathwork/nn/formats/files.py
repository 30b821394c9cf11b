"""For every format: paths, and the error for a file that it cannot read."""
LONGEST_REASON = 1000           # characters


def as_path(path):
    """Return `path` as a pathlib.Path"""
    from pathlib import Path  # imported here: it takes as long as a fifth of mathwork

    return Path(path)


def refusal(what, reason):
    """Return the ValueError for the file `what`; its reason is one line, and not too long."""
    reason = str(reason) or repr(reason)
    if len(reason) > LONGEST_REASON:
        reason = f"{reason[:LONGEST_REASON // 2]}...{reason[-LONGEST_REASON // 2:]}"
    # The reason may quote the file, and the file may have control characters for a terminal.
    reason = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in reason)
    return ValueError(f"{what}: {reason}")
