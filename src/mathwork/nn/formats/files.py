"""What every format needs: paths, and the error for a file that it cannot read."""
LONGEST_REASON = 1000           # characters


def as_path(path):
    """`path` as a pathlib.Path"""
    from pathlib import Path  # imported here: it takes as long as a fifth of mathwork

    return Path(path)


def refusal(what, reason):
    """The ValueError for a file that `what` names; its reason is one line, and not too long."""
    reason = str(reason) or repr(reason)
    if len(reason) > LONGEST_REASON:
        reason = f"{reason[:LONGEST_REASON // 2]}...{reason[-LONGEST_REASON // 2:]}"
    # The file may have put into it what a terminal obeys.
    reason = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in reason)
    return ValueError(f"{what}: {reason}")
