"""The command `mathwork`, also as `python -m mathwork`."""
import os
import sys

NEEDS = "mathwork: the command line needs click and rich: pip install click rich"


def main():
    """Run the command line; the exit code where the packages it needs are missing."""
    _occupy_closed_descriptors()
    try:
        from mathwork.cli.app import cli
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("click", "rich"):
            raise
        print(NEEDS, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130      # the shell's code for an interrupt
    return cli(prog_name="mathwork")


def _occupy_closed_descriptors():
    """Keep the numbers of standard streams that are closed from the files that are opened next.

    What a library writes to standard output would else go into one of them.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    sys.exit(main())
