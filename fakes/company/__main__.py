"""`python -m fakes.company DIR [--now ISO] [--candidates N]` writes the sample company's files."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from fakes import company
from fakes.company import candidates


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fakes.company", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--now", type=datetime.fromisoformat, default=None, help="the moment its dates lie around")
    parser.add_argument("--candidates", type=int, default=candidates.COUNT, help="how many")
    options = parser.parse_args()
    company.write(options.folder, (options.now or datetime.now(UTC)).astimezone(), options.candidates)
    print(f"{options.folder}: {', '.join(f'{name}.csv' for name in company.FILES)}, people.json")


if __name__ == "__main__":
    main()
