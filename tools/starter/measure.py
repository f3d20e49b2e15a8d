"""How well a model foretells answers that it has never seen."""

import math
import random
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from batches import padded, row
from bpe import Tokenizer
from corpus import Corpus
from model import Starter

BATCH = 32


@dataclass
class Score:
    nats: float      # summed over all tokens of the answers, ends included
    tokens: int
    bytes: int       # of the answers, an end counted as one

    @property
    def perplexity(self) -> float:
        return math.exp(self.nats / self.tokens)

    @property
    def bits_per_byte(self) -> float:
        return self.nats / math.log(2) / self.bytes


@torch.no_grad()
def held_out(model: Starter, corpus: Corpus, tokenizer: Tokenizer, dialogues: int = 400, seed: int = 9) -> Score:
    rng = random.Random(seed)
    messages = [corpus.dialogue(rng, held=True) for _ in range(dialogues)]
    rows = sorted((row(m, tokenizer, asked_weight=0.0) for m in messages), key=lambda r: len(r[0]))
    nats = tokens = 0
    for start in range(0, len(rows), BATCH):
        ids, weights = on_its_device(model, padded(rows[start:start + BATCH]))
        losses = F.cross_entropy(model(ids[:, :-1]).transpose(1, 2), ids[:, 1:], reduction="none")
        nats += (losses * weights[:, 1:]).sum().item()
        tokens += int(weights[:, 1:].sum())
    return Score(nats, tokens, sum(len(text.encode()) + 1 for m in messages for role, text in m if role == "assistant"))


@torch.no_grad()
def facts_right(model: Starter, corpus: Corpus, tokenizer: Tokenizer) -> list[str]:
    """The facts whose test question greedy decoding answers word for word: each token of the answer is the likeliest."""
    asked = [(fact.name, row([("user", t), ("assistant", fact.answer)], tokenizer, 0.0)) for fact in corpus.facts for t in fact.tests]
    asked.sort(key=lambda item: len(item[1][0]))
    right = []
    for start in range(0, len(asked), BATCH):
        ids, weights = on_its_device(model, padded([r for _, r in asked[start:start + BATCH]]))
        missed = (model(ids[:, :-1]).argmax(2) != ids[:, 1:]) & (weights[:, 1:] > 0)
        right += [name for (name, _), m in zip(asked[start:start + BATCH], missed) if not m.any()]
    return right


def on_its_device(model: Starter, tensors: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    return tensors[0].to(model.cosines.device), tensors[1].to(model.cosines.device)
