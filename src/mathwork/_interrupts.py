"""Where the interpreter looks for interrupts during a call of compiled code."""


def turn() -> None:
    """Do nothing.

    At the start of any function in Python the interpreter runs signal handlers, raises what another
    thread has sent to this one, and lets other threads run.
    """
