import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from random import Random

import numpy as np
import pytest

from bot.understanding import Model, WordLists, load_or_train, train
from bot.understanding.corpus import corpus
from bot.understanding.features import features
from bot.understanding.fit import fit, weighted

SOME = {
    name: [f"{ask} {thing}" for ask in ("show me the", "where is my", "i need a", "tell me about") for thing in things]
    for name, things in {
        "food.eat": ["pizza", "noodles", "bread"],
        "pets.walk": ["dog", "puppy", "leash"],
        "cars.fix": ["engine", "wheel", "brake"],
        "home.rent": ["flat", "room", "house"],
    }.items()
}


def test_the_same_examples_give_the_same_bytes(words: WordLists) -> None:
    assert train(SOME, words=words).dumped() == train(SOME, words=words).dumped()


def test_a_stored_model_judges_as_before(model: Model) -> None:
    assert Model.loaded(model.dumped()).judge("什么时候培训") == model.judge("什么时候培训")


def test_serving_computes_the_scores_that_training_meant() -> None:
    learned = corpus(SOME, {}, None, Random(0))
    fitted = fit(learned, np.arange(len(learned.gold)), 0)
    meant = weighted(learned, np.arange(1), fitted.idf) @ fitted.coefficients + fitted.bias
    served = train(SOME)
    scores = served._scores(features(SOME[learned.intents[0]][0], {}))
    assert np.allclose(scores, meant[0], atol=2e-3)


def test_held_out_asks_tell_what_to_expect() -> None:
    expected = train(SOME).expected
    assert expected is not None
    assert 0 < expected.asked <= sum(map(len, SOME.values()))
    assert sum(expected.shares.values()) == pytest.approx(1)


def test_meanings_asked_for_in_the_same_words_are_named_as_confused() -> None:
    twins = {"food.drink": [f"{ask} pizza now" for ask in ("hey", "oh", "well", "so", "yes", "right")]}
    twins |= {"food.order": [f"{ask} pizza now" for ask in ("hm", "ah", "er", "no", "say", "look")]}
    expected = train(SOME | twins).expected
    assert expected is not None
    worst = expected.confusions[0]
    assert {worst.meant, worst.taken_for} == set(twins)
    assert worst.example in twins[worst.meant]


def test_what_to_expect_is_stored_with_the_model() -> None:
    model = train(SOME)
    assert Model.loaded(model.dumped()).expected == model.expected


def test_with_few_intents_nothing_is_held_out() -> None:
    model = train({"a": ["one", "two"], "b": ["three", "four"]})
    assert (model.expected, Model.loaded(model.dumped()).expected) == (None, None)


@pytest.mark.parametrize("typed", ["where is my engien", "wehre is my engine", "where is my wheel"])
def test_letters_that_changed_places_hardly_matter(typed: str) -> None:
    assert train(SOME).judge(typed).top[0][0] == "cars.fix"


def test_one_intent_is_too_few() -> None:
    with pytest.raises(ValueError, match="two intents"):
        train({"a": ["b"], "c": []})


def test_the_cache_is_read_where_it_exists_and_mended_where_it_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_or_train(SOME, tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"half a file")
    assert load_or_train(SOME, tmp_path).dumped() == first.dumped()
    monkeypatch.setattr("bot.understanding.cache._trained", None)
    assert load_or_train(SOME, tmp_path).dumped() == first.dumped()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_other_examples_have_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = train(SOME).dumped()
    monkeypatch.setattr("bot.understanding.cache._trained", lambda asked: content)
    load_or_train(SOME, tmp_path)
    load_or_train({**SOME, "food.eat": ["soup"]}, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_serving_never_imports_scikit_learn(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from bot.understanding import *\n"
        f"Understanding(load_or_train({SOME!r}, Path({str(tmp_path)!r})), WordLists.of()).meaning('my dog')\n"
        "sys.exit('sklearn' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_no_utterance_stands_under_two_intents(asks: Mapping[str, list[str]]) -> None:
    seen: dict[str, str] = {}
    assert not [text for intent, texts in asks.items() for text in texts if seen.setdefault(text, intent) != intent]


def test_every_intent_has_eighty_ways_of_asking_in_all_languages(asks: Mapping[str, list[str]]) -> None:
    own = "faq.parking"  # the sample company's
    assert not {intent: len(texts) for intent, texts in asks.items() if len(texts) < 80 and intent != own}
