"""Runs the phone simulator: `python -m fakes.simulator --wechat URL --twilio URL --people FILE.json`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from fakes import serving
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
        options,
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = serving.options("fakes.simulator", __doc__)
    parser.add_argument("--wechat", required=True, help="address of fakes.wechat")
    parser.add_argument("--twilio", required=True, help="address of fakes.twilio")
    parser.add_argument("--people", type=Path, required=True, help="who can hold the phone; read anew at every look")
    parser.add_argument("--time", default="", help="address of the time machine, if there is one")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
