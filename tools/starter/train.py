"""Trains the starter model for a number of steps: the same weights on the same machine. Stops at a signal and goes on from its last checkpoint."""

import argparse
import json
import math
import os
import random
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
import torch.nn.functional as F

import batches
import bpe
import measure
from corpus import Corpus
from model import Dimensions, Starter

SEED = 7
VOCABULARY_DIALOGUES = 40_000   # that the tokenizer is made from
BATCH_TOKENS = 1_400            # padding included
PEAK_RATE, LAST_RATE = 2.5e-3, 2e-5
WARM_UP = 0.03                  # share of the run in which the rate rises
ROUNDED_FROM = 0.6              # share of the run after which weights are rounded to 4 bits while training
CHECKPOINT_SECONDS = 180
MEASURE_STEPS = 300


def rate(progress: float) -> float:
    if progress < WARM_UP:
        return PEAK_RATE * (progress + 0.001) / WARM_UP
    return LAST_RATE + (PEAK_RATE - LAST_RATE) * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2


def tokenizer_of(corpus: Corpus, folder: Path, size: int) -> bpe.Tokenizer:
    path = folder / "tokenizer.json"
    if not path.exists():
        rng, words = random.Random(SEED), Counter()
        for _ in range(VOCABULARY_DIALOGUES):
            for role, text in [*corpus.dialogue(rng), ("system", "\n")]:
                words.update(bpe.CUT.findall(f"{role}\n"))
                words.update(bpe.CUT.findall(text))
        bpe.Tokenizer.train(words, size).save(path)
    return bpe.Tokenizer.load(path)


class Run:
    """What a checkpoint holds, and how it is saved so that a cut-off write leaves the earlier one."""

    def __init__(self, folder: Path, dimensions: Dimensions, device: str):
        torch.manual_seed(SEED)
        self.path = folder / "checkpoint.pt"
        self.model = Starter(dimensions).to(device)
        matrices = [p for p in self.model.parameters() if p.dim() > 1]
        vectors = [p for p in self.model.parameters() if p.dim() == 1]
        groups = [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.97))
        self.parts = 1 if device == "cuda" else os.cpu_count() or 1
        self.threads = ThreadPoolExecutor(self.parts)
        self.step, self.pool, self.seconds, self.tokens = 0, 0, 0.0, 0   # seconds of the processors, all threads together
        if self.path.exists():
            state = torch.load(self.path, map_location=device)
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.pool, self.seconds, self.tokens = state["at"]

    def save(self) -> None:
        partial = self.path.with_suffix(".partial")
        torch.save({
            "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "dimensions": self.model.d.to_json(),
            "at": (self.step, self.pool, self.seconds, self.tokens)}, partial)
        os.replace(partial, self.path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where tokenizer, checkpoint and log lie")
    parser.add_argument("--steps", type=int, default=9000, help="length of the whole run, resumed parts included; fewer than at the start end it early, rate and all")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    torch.set_flush_denormal(True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)

    corpus = Corpus()
    tokenizer = tokenizer_of(corpus, options.folder, Dimensions().vocabulary)
    run = Run(options.folder, Dimensions(), device)
    print(f"{run.model.parameters_count} parameters on {device}, from step {run.step}", flush=True)
    stopped = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.append(True))
    train(run, corpus, tokenizer, options, device, stopped)
    run.save()
    if stopped:
        sys.exit("train: stopped; the same command goes on from here")


def train(run: Run, corpus: Corpus, tokenizer: bpe.Tokenizer, options: argparse.Namespace, device: str, stopped: list) -> None:
    log = (options.folder / "losses.jsonl").open("a")
    began, earlier, saved = time.process_time(), run.seconds, time.monotonic()
    losses: list[float] = []
    for run.pool, ids, weights in batches.training(corpus, tokenizer, SEED, BATCH_TOKENS, run.pool + (run.step > 0)):
        progress = run.step / options.steps
        if progress >= 1 or stopped:
            return
        run.model.quantise(progress >= ROUNDED_FROM)
        for group in run.optimizer.param_groups:
            group["lr"] = rate(progress)
        losses.append(train_step(run, ids.to(device), weights.to(device)))
        run.step += 1
        run.tokens += ids.numel()
        run.seconds = earlier + time.process_time() - began
        if run.step % 50 == 0:
            entry = {"step": run.step, "seconds": round(run.seconds), "tokens": run.tokens, "loss": round(sum(losses) / len(losses), 4)}
            losses.clear()
            if run.step % MEASURE_STEPS == 0:
                entry |= measured(run, corpus, tokenizer)
            print(json.dumps(entry), f"{run.tokens / run.seconds:.0f} tokens per processor second", file=sys.stdout, flush=True)
            print(json.dumps(entry), file=log, flush=True)
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            run.save()
            saved = time.monotonic()


def train_step(run: Run, ids: torch.Tensor, weights: torch.Tensor) -> float:
    """One step; on a CPU each core computes a part of the batch by itself, which loses less than sharing each operation where others work too."""
    parameters, total = list(run.model.parameters()), weights[:, 1:].sum()

    def part(rows: tuple[torch.Tensor, torch.Tensor]) -> tuple[float, tuple[torch.Tensor, ...]]:
        part_ids, part_weights = rows
        losses = F.cross_entropy(run.model(part_ids[:, :-1]).transpose(1, 2), part_ids[:, 1:], reduction="none")
        loss = (losses * part_weights[:, 1:]).sum() / total
        return loss.item(), torch.autograd.grad(loss, parameters)

    results = list(run.threads.map(part, zip(ids.chunk(run.parts), weights.chunk(run.parts))))
    for parameter, *gradients in zip(parameters, *(gradients for _, gradients in results)):
        parameter.grad = sum(gradients[1:], gradients[0])
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    run.optimizer.step()
    return sum(loss for loss, _ in results)


def measured(run: Run, corpus: Corpus, tokenizer: bpe.Tokenizer) -> dict:
    run.model.eval()
    score = measure.held_out(run.model, corpus, tokenizer, dialogues=200)
    right = measure.facts_right(run.model, corpus, tokenizer)
    run.model.train()
    return {"held_out": round(score.nats / score.tokens, 4), "facts": len(right)}


if __name__ == "__main__":
    main()
