"""Definitions and examples of common English words from Debian's wordnet-base."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("/usr/share/wordnet")
KINDS = {"n": "noun", "v": "verb", "a": "adj", "s": "adj", "r": "adv"}
LONGEST_DEFINITION = 70
LONGEST_EXAMPLE = 60


@dataclass(frozen=True)
class Word:
    word: str
    definition: str
    example: str    # empty where WordNet has none that is short and has the word in it


def common(count: int) -> list[Word]:
    """The most frequent words of WordNet's tagged texts, each in its most frequent sense."""
    glosses = {kind: read_glosses(kind) for kind in ("noun", "verb", "adj", "adv")}
    words: dict[str, Word] = {}
    for line in (FOLDER / "cntlist.rev").read_text(encoding="latin-1").splitlines():
        sense, number, uses = line.split()
        lemma, _, rest = sense.partition("%")
        if number == "1" and re.fullmatch(r"[a-z]{3,11}", lemma):
            kind = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}[rest[0]]
            gloss = glosses[kind].get(lemma)
            if gloss:
                word = split(lemma, gloss)
                if len(word.definition) <= LONGEST_DEFINITION and (lemma not in words or words[lemma][0] < int(uses)):
                    words[lemma] = (int(uses), word)
    ranked = sorted(words.values(), key=lambda item: (-item[0], item[1].word))
    return [word for _, word in ranked[:count]]


def read_glosses(kind: str) -> dict[str, str]:
    """Lemma to the gloss of its first sense."""
    by_offset = {}
    for line in (FOLDER / f"data.{kind}").read_text(encoding="latin-1").splitlines():
        if line[:1] != " " and " | " in line:
            by_offset[line[:8]] = line.partition(" | ")[2].strip()
    first = {}
    for line in (FOLDER / f"index.{kind}").read_text(encoding="latin-1").splitlines():
        if line[:1] != " ":
            parts = line.split()
            synsets = int(parts[2])
            first[parts[0]] = by_offset[parts[-synsets]]
    return first


def split(lemma: str, gloss: str) -> Word:
    definition = re.sub(r'[;:,]?\s*"[^"]*".*', "", gloss)
    definition = re.sub(r"\([^)]*\)\s*", "", definition).split(";")[0].strip(" ,;:.")
    examples = [e.strip(" .;") for e in re.findall(r'"([^"]*)"', gloss)]
    fit = [e for e in examples if lemma in e.lower().split() and 12 <= len(e) <= LONGEST_EXAMPLE and e.isascii()]
    return Word(lemma, definition, fit[0] if fit else "")
