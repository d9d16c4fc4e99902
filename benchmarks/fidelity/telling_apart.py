"""Whether a trained classifier tells our answers from the recorded ones.

The area under the curve is 0.5 where it can only guess, and 1 where it is always right. Of each answer it sees the
text: gradient boosting by what stands in its fields, logistic regression by its runs of one to five characters. It
learns from some files of recordings and is asked about others.

Knows: texts and scikit-learn. Must not know: whose they are.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sklearn.ensemble import GradientBoostingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDS = 5
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
EPOCH = 1_576_800_000
LONGEST_RUN = 5
SHORT = 40


class Apart(NamedTuple):
    """The areas under the curve of the two classifiers."""

    boosting: float
    characters: float


def told_apart(theirs: Sequence[str], ours: Sequence[str], groups: Sequence[str]) -> Apart:
    """Train on some groups, ask about the others.

    Args:
        theirs: The recorded texts.
        ours: Ours, in the same order.
        groups: The group of each, such as the file it is from: a pair is learnt or asked about as a whole.

    """
    texts, labels, of = [*theirs, *ours], [0] * len(theirs) + [1] * len(ours), [*groups, *groups]
    fields = make_pipeline(DictVectorizer(), GradientBoostingClassifier(max_features="sqrt", random_state=0))
    runs = make_pipeline(
        HashingVectorizer(analyzer="char", ngram_range=(1, LONGEST_RUN), lowercase=False, n_features=2**18),
        LogisticRegression(max_iter=1000, C=10),
    )
    return Apart(
        _area(fields, [features(text) for text in texts], labels, of),
        _area(runs, texts, labels, of),
    )


def _area(model: Any, items: Sequence[Any], labels: Sequence[int], groups: Sequence[str]) -> float:
    scores = [0.0] * len(items)
    for learnt, asked in GroupKFold(min(FOLDS, len(set(groups)))).split(items, labels, groups):
        model.fit([items[at] for at in learnt], [labels[at] for at in learnt])
        for at, score in zip(asked, model.predict_proba([items[at] for at in asked])[:, 1], strict=True):
            scores[at] = score
    return float(roc_auc_score(labels, scores))


def features(text: str) -> dict[str, float | str]:
    """What stands in each field of an answer, by numbers: values, lengths, the beginnings of words, how often."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    events = list(_events(text))
    for event in events:
        for path, value in _leaves(event, ""):
            found[path].append(value)
    numbers: dict[str, float | str] = {"length": len(text), "events": len(events)}
    for path, values in found.items():
        numbers.update(_of_field(path, values))
    numbers.update(_of_layout(text))
    numbers.update(_of_time(text))
    return numbers


def _events(text: str) -> Iterator[Any]:
    try:
        yield json.loads(text)
    except ValueError:
        for line in text.splitlines():
            data = line.removeprefix("data:").strip()
            if data.startswith("{"):
                yield json.loads(data)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for at, (name, one) in enumerate(cast("dict[str, Any]", value).items()):
            yield f"{path}#{name}", at
            yield from _leaves(one, f"{path}.{name}")
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _leaves(one, f"{path}[]")
    else:
        yield path, value


def _of_field(path: str, values: list[Any]) -> dict[str, float | str]:
    told: dict[str, float | str] = {f"{path} count": len(values), f"{path} different": len(set(map(str, values)))}
    sizes = [len(one) if isinstance(one, str) else float(one or 0) for one in values]
    told[f"{path} mean"], told[f"{path} spread"] = fmean(sizes), pstdev(sizes)
    texts = [one for one in values if isinstance(one, str) and one]
    if texts:
        told[f"{path} begins"] = ord(texts[0][0])
        told[f"{path} at 9"] = ord(texts[0][9]) if len(texts[0]) > 9 else 0  # noqa: PLR2004 - after a prefix
        told[f"{path} digits"] = fmean(sum(letter.isdigit() for letter in one) / len(one) for one in texts)
        told[f"{path} capitals"] = fmean(sum(letter.isupper() for letter in one) / len(one) for one in texts)
        told[f"{path} shared"] = _shared(texts)
    return told


def _shared(texts: list[str]) -> float:
    """How many of the beginnings of three letters were there before."""
    begun = Counter(one[:3] for one in texts if len(one) < SHORT)
    return sum(begun.values()) - len(begun)


def _of_layout(text: str) -> dict[str, float]:
    return {
        "line ends": text.count("\n"),
        "spaces after colons": len(re.findall(r'": ', text)),
        "spaces after commas": len(re.findall(r", \"", text)),
        "escapes": text.count("\\u"),
        "carriage returns": text.count("\r"),
    }


def _of_time(text: str) -> dict[str, float]:
    """How far `created` is from the time in a completion's id, in seconds."""
    id_, made = re.search(r'"id": ?"chatcmpl-(\w{5})', text), re.search(r'"created": ?(\d+)', text)
    if not id_ or not made:
        return {}
    seconds = 0
    for digit in id_.group(1):
        seconds = seconds * len(BASE62) + BASE62.index(digit)
    return {"time in id": abs(int(made.group(1)) - EPOCH - seconds)}
