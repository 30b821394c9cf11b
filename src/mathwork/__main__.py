"""The command `mathwork`, also as `python -m mathwork`."""
import sys

NEEDS = ("mathwork: the command line needs click and rich: install mathwork with its cli extra, "
         "for example pip install '.[cli]' from the checkout")


def main():
    """Run the command line; the exit code where the packages it needs are missing."""
    try:
        from mathwork.cli.app import cli
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("click", "rich"):
            raise
        print(NEEDS, file=sys.stderr)
        return 2
    return cli(prog_name="mathwork")


if __name__ == "__main__":
    sys.exit(main())
