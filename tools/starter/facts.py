"""Reads facts.txt: what is true of the box, and the ways to ask for it."""

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

FILE = Path(__file__).with_name("facts.txt")


@dataclass
class Fact:
    name: str
    answer: str = ""
    keys: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)

    def holds(self, answer: str) -> bool:
        """Whether an answer says what matters."""
        return all(key.lower() in answer.lower() for key in self.keys)


def read(path: Path = FILE) -> list[Fact]:
    facts: list[Fact] = []
    macros: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#") or line.startswith("from "):
            continue
        if line.startswith("$"):
            name, _, value = line.partition(" = ")
            macros[name] = value
        elif line.startswith("["):
            facts.append(Fact(line.strip("[]")))
        else:
            kind, _, value = line.partition(": ")
            add(facts[-1], kind, value, macros)
    return facts


def add(fact: Fact, kind: str, value: str, macros: dict[str, str]) -> None:
    if kind == "a":
        fact.answer = value
    elif kind == "key":
        fact.keys = value.split(" | ")
    elif kind == "t":
        fact.tests.append(value)
    elif kind == "q":
        fact.questions.append(re.sub(r"\$[A-Z]+", lambda m: macros[m.group()], value))
    else:
        raise ValueError(f"facts.txt: {fact.name} has a line '{kind}:'; known are from, key, a, q and t")


def phrased(pattern: str, rng: random.Random) -> str:
    """One of the phrasings that a pattern with (one|another) stands for; choices may stand in choices."""
    while "(" in pattern:
        pattern = re.sub(r"\(([^()]*)\)", lambda m: rng.choice(m.group(1).split("|")), pattern)
    return pattern
