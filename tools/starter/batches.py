"""Dialogues as rows of token ids, with a weight for each token that is to be foretold."""

import random
from collections.abc import Iterator

import torch

from bpe import Tokenizer
from corpus import Corpus

POOL = 384               # dialogues that are sorted by length, so that rows of a batch need little padding
ASKED_WEIGHT = 0.1       # of the words of questions: to know the language they are in, not to ask them
LONGEST = 256            # tokens of a dialogue; longer ones are left out

Row = tuple[list[int], list[float]]


def row(messages: list[tuple[str, str]], tokenizer: Tokenizer, asked_weight: float = ASKED_WEIGHT) -> Row:
    """The dialogue as the chat template writes it."""
    ids: list[int] = []
    weights: list[float] = []
    start = tokenizer.ids["<|im_start|>"]
    for role, text in messages:
        head, body = [start, *tokenizer.encode(role + "\n")], [*tokenizer.encode(text), tokenizer.end]
        weight = {"assistant": 1.0, "user": asked_weight, "system": 0.0}[role]
        ids += head + body + tokenizer.encode("\n")
        weights += [0.0] * len(head) + [weight] * len(body) + [0.0]
    return ids, weights


def padded(rows: list[Row]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    weights = torch.zeros(len(rows), longest)
    for i, (row_ids, row_weights) in enumerate(rows):
        ids[i, :len(row_ids)] = torch.tensor(row_ids)
        weights[i, :len(row_ids)] = torch.tensor(row_weights)
    return ids, weights


def training(corpus: Corpus, tokenizer: Tokenizer, seed: int, batch_tokens: int, first_pool: int) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
    """Batches without end, each with the number of its pool: what a resumed run goes on with."""
    pool = first_pool
    while True:
        rng = random.Random(seed * 1_000_003 + pool)
        rows = [row(corpus.dialogue(rng), tokenizer) for _ in range(POOL)]
        rows = sorted((r for r in rows if len(r[0]) <= LONGEST), key=lambda r: len(r[0]))
        batches: list[list[Row]] = [[]]
        for r in rows:
            if (len(batches[-1]) + 1) * len(r[0]) > batch_tokens:
                batches.append([])
            batches[-1].append(r)
        rng.shuffle(batches)
        for batch in batches:
            yield pool, *padded(batch)
        pool += 1
