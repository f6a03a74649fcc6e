"""`keepwarm understand`: what a sentence is taken to mean, and how well a data set is understood."""

import json
import resource
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import TypeAdapter, ValidationError

from bot.cli.not_understood import print_missed
from bot.settings import Duration
from bot.understanding import Meaning, Model
from bot.understanding.evaluation import (
    EvaluationRow,
    Prediction,
    RowError,
    examples,
    figures,
    latency,
    predicted,
    rows,
    timed,
)


def understand(
    text: Annotated[str | None, typer.Argument(help="A sentence as a candidate would write it.")] = None,
    locale: Annotated[str | None, typer.Option(help="Train on this language's ways of asking only: zh or en.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    train: Annotated[Path | None, typer.Option(help="JSONL with text and intent to learn from.")] = None,
    test: Annotated[Path | None, typer.Option(help="JSONL with text and intent to be asked.")] = None,
    oos_label: Annotated[str, typer.Option(help="The intent that marks rows out of scope.")] = "oos",
    threshold: Annotated[str, typer.Option(help="Fall back below this p: auto, none or a number 0..1.")] = "auto",
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 0,
    predictions: Annotated[Path | None, typer.Option(help="Writes one line a test row here.")] = None,
    out: Annotated[Path | None, typer.Option(help="Writes the figures here too.")] = None,
    bench: Annotated[int, typer.Option(help="Measures the latency of so many messages.", min=0)] = 0,
    missed: Annotated[bool, typer.Option("--missed", help="What people wrote and nobody understood, as YAML.")] = False,
    since: Annotated[str, typer.Option(help="How far --missed looks back: 24h, 7d.")] = "7d",
) -> None:
    """Print what TEXT is taken to mean, or score the understanding of --test after learning from --train.

    With --missed: what was not understood, grouped by the best guess, to be pasted under `ask:` of messages/.
    """
    if missed and text is None and not (train or test):
        print_missed(_ago(since), as_json)
    elif missed:
        _refuse("--missed stands alone: it takes --since and --json")
    elif text is not None and not (train or test):
        _print_meaning(_meaning(text, locale), as_json)
    elif text is None and train and test:
        _score(train, test, oos_label, threshold, seed, predictions, out, bench)
    else:
        _refuse("give a TEXT, or both --train FILE and --test FILE, or --missed")


def _ago(since: str) -> timedelta:
    try:
        return TypeAdapter[timedelta](Duration).validate_python(since)
    except ValidationError:
        _refuse(f"--since {since} is no duration: use a number with m, h or d, like 24h")


def _meaning(text: str, locale: str | None) -> Meaning:
    from bot import content, settings
    from bot.runtime import understanding

    loaded = settings.load()
    known = content.load(loaded)
    if locale and locale not in known.words:
        _refuse(f"no messages in {locale!r}: use one of {', '.join(known.words)}")
    return understanding(loaded, known.only(locale) if locale else known).meaning(text)


def _print_meaning(meaning: Meaning, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_as_mapping(meaning), ensure_ascii=False))
        return
    typer.echo(f"{meaning.decision}  p {meaning.p:.2f}" + (f"  rule {meaning.rule}" if meaning.rule else ""))
    for intent, score in meaning.top:
        typer.echo(f"{score:6.2f}  {intent}")


def _as_mapping(meaning: Meaning) -> dict[str, Any]:
    return {name: getattr(meaning, name) for name in Meaning.__dataclass_fields__}


def _score(
    train: Path,
    test: Path,
    oos_label: str,
    threshold: str,
    seed: int,
    predictions: Path | None,
    out: Path | None,
    bench: int,
) -> None:
    fixed = _fixed(threshold)
    learned, asked = _read(train), _read(test)
    start = time.perf_counter()
    model = _trained(train, examples(learned, oos_label), seed)
    train_s = time.perf_counter() - start
    found = predicted(model, asked, model.threshold if threshold == "auto" else fixed)
    seconds = timed(model, asked, bench) if bench else [each.seconds for each in found]
    report = figures(found, oos_label) | {
        "train_s": round(train_s, 3),
        "latency_ms": latency(seconds),
        "model_bytes": len(model.dumped()),
        "rss_bytes": _rss(),
    }
    _write(report, found, predictions, out)


def _fixed(threshold: str) -> float | None:
    if threshold in ("auto", "none"):
        return None
    try:
        return float(threshold)
    except ValueError:
        _refuse(f"--threshold {threshold} is neither auto nor none nor a number 0..1")


def _read(path: Path) -> list[EvaluationRow]:
    try:
        found = list(rows(path.read_text(encoding="utf-8-sig").split("\n")))
    except OSError as error:
        _refuse(f"{path}:1: cannot be read ({error.strerror}): give a JSONL file")
    except UnicodeDecodeError:
        _refuse(f"{path}:1: is not UTF-8 text: save it as UTF-8")
    except RowError as error:
        _refuse(f"{path}:{error.line}: {error}")
    return found or _refuse(f"{path}:1: is empty: give at least one row")


def _trained(path: Path, asks: dict[str, list[str]], seed: int) -> Model:
    from bot.understanding.cache import train_apart

    if len(asks) < 2:
        _refuse(f"{path}:1: has {len(asks)} intents: give examples of two at least")
    return train_apart(asks, seed)


def _write(report: dict[str, Any], found: Sequence[Prediction], predictions: Path | None, out: Path | None) -> None:
    text = json.dumps(report, indent=2)
    try:
        if predictions:
            predictions.write_text("".join(f"{each.json()}\n" for each in found), encoding="utf-8")
        if out:
            out.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        _refuse(f"{error.filename}:1: cannot be written ({error.strerror}): name a file in an existing folder")
    typer.echo(text)


def _rss() -> int:
    """The most memory that this process, which serves and does not train, has held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _refuse(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(2)
