"""Runs the phone simulator: `python -m fakes.simulator --wechat URL --twilio URL --people FILE.json`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from fakes.serving import serve
from fakes.simulator.phones import Phones
from fakes.simulator.times import Times
from fakes.simulator.web import application


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    phones, times = Phones(options.wechat, options.twilio), Times(options.time)
    serve(
        "fakes.simulator",
        lambda _: application(phones, options.people, times),
        options.host,
        options.port,
        options.watch_stdin,
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fakes.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--wechat", required=True, help="address of fakes.wechat")
    parser.add_argument("--twilio", required=True, help="address of fakes.twilio")
    parser.add_argument("--people", type=Path, required=True, help="who can hold the phone; read anew at every look")
    parser.add_argument("--time", default="", help="address of the time machine, if there is one")
    parser.add_argument("--watch-stdin", action="store_true", help="stop when stdin ends")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
