"""The command `mathwork` as it is started: what stops the package's import is one line, too.

This module stands beside the package, because any module in it is imported after it.
"""
import sys


def main():
    """Run the command line; the exit code if the package cannot be imported, or for an interrupt.
    """
    try:
        from mathwork.__main__ import main as run
        return run()
    except KeyboardInterrupt:
        return 130      # the shell's code for an interrupt
    except ImportError as error:
        print(f"mathwork: {error}", file=sys.stderr)
        return 2
