"""`python -m bench` runs every benchmark of this folder, one after another; exit 1 if one broke or missed a floor.

To add one: a module here that can be run by itself, and its name in BENCHMARKS.
"""

import subprocess
import sys
from importlib.util import find_spec

BENCHMARKS = ("webhook", "importing", "understanding", "touchpoints", "delivery", "risk", "inbox")


def main() -> int:
    failed = []
    for name in filter(_is_here, BENCHMARKS):
        print(f"\n== {name} {'=' * (100 - len(name))}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"]).returncode:
            failed.append(name)
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall benchmarks ran, no floor was missed")
    return 1 if failed else 0


def _is_here(name: str) -> bool:
    return find_spec(f"bench.{name}") is not None


if __name__ == "__main__":
    sys.exit(main())
