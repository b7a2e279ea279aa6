"""kgan's commands: `python cli.py --help`. The installed `kgan` is the same."""

from kgan.cli import main

if __name__ == "__main__":
    main()
