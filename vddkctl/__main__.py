"""``python -m vddkctl``."""

from vddkctl.cli.main import main

if __name__ == "__main__":
    main()
