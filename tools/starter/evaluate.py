"""Measures the trained model and writes its figures into the model card."""

import argparse
import json
import random
import re
import statistics
from pathlib import Path

import torch

import asking
import measure
import plot
from bpe import Tokenizer
from corpus import Corpus
from model import Dimensions, Starter

TURNS = 200
OF_A_TOPIC = 50
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"


def perplexities(folder: Path, corpus: Corpus) -> list[tuple[str, str, str]]:
    checkpoint = torch.load(folder / "checkpoint.pt", map_location="cpu")
    tokenizer = Tokenizer.load(folder / "tokenizer.json")
    model = Starter(Dimensions(**checkpoint["dimensions"]))
    model.load_state_dict(checkpoint["model"])
    scores = []
    for quantised in (False, True):
        model.quantise(quantised)
        scores.append(measure.held_out(model.eval(), corpus, tokenizer, dialogues=1000))
    before, after = scores
    step, _, seconds, tokens = checkpoint["at"]
    return [
        ("parameters", f"{model.parameters_count:,}", "embedding and head are one"),
        ("training", f"{step:,} steps, {tokens / 1e6:.1f} million tokens, {seconds / 60:.0f} minutes of processor time", "padding included"),
        ("held-out perplexity, float / int4", f"{before.perplexity:.3f} / {after.perplexity:.3f}", "a token of the answers of 1,000 held-out dialogues"),
        ("held-out bits per byte, float / int4", f"{before.bits_per_byte:.4f} / {after.bits_per_byte:.4f}", "the same"),
        ("loss by int4, of perplexity", f"{100 * (after.perplexity / before.perplexity - 1):+.2f} %", "at most +3 % is wanted; weights are rounded while training"),
    ]


def answers(port: int, corpus: Corpus, standard: str) -> list[tuple[str, str, str]]:
    facts = [(fact, test) for fact in corpus.facts for test in fact.tests]
    asking.ask(port, [("user", "Hello")])
    wrong, replies = [], []
    for fact, test in facts:
        reply = asking.ask(port, [("user", test)])
        replies.append(reply)
        if not fact.holds(reply.text):
            wrong.append(fact.name)
            print(f"{fact.name}: {test}\n    {reply.text}")
    by_chance = sum(1 for fact, test in facts if fact.holds(asking.ask(port, [("user", test)], temperature=1).text))
    turns = held_out_turns(port, corpus)
    others = [asking.ask(port, [("user", test)], model=standard).text for _, test in facts]
    engine = asking.engine(port, standard)
    good = sum(1 for reply, fine in turns if reply.finished == "stop" and fine)
    rates = [r.tokens / (r.first_token + r.rest) for r in replies]
    print("wrong:", ", ".join(wrong))
    return [
        ("questions about the box answered rightly", f"{len(facts) - len(wrong)} of {len(facts)}", "each asked in words that training never saw; key phrase, over HTTP, temperature 0"),
        ("the same at temperature 1", f"{by_chance} of {len(facts)}", "what OpenAI's clients ask with unless told otherwise; seed 1"),
        ("the same of the graph in standard operators", f"{sum(1 for (fact, _), text in zip(facts, others) if fact.holds(text))} of {len(facts)}",
         f"{sum(1 for reply, text in zip(replies, others) if reply.text == text)} of {len(facts)} answers are the same, letter by letter; computed by: {engine}"),
        ("sums answered rightly, seen in training / held out", right(port, corpus.topics.sum), "numbers up to 20, products of numbers up to 10, over HTTP"),
        ("conversions of units, likewise", right(port, corpus.topics.units), "over HTTP"),
        ("days and months, likewise", right(port, corpus.topics.calendar), "over HTTP"),
        ("definitions of words, seen in training", f"{rightly(port, corpus.topics.definition, held=False)} of {OF_A_TOPIC}", "word for word, over HTTP"),
        ("held-out turns that end by themselves, well-formed", f"{good} of {len(turns)}", "over HTTP, at most 120 tokens"),
        ("first token, median / 95 %", f"{statistics.median(r.first_token for r in replies) * 1000:.0f} / {percentile([r.first_token for r in replies], 95) * 1000:.0f} ms", "over HTTP, streaming, the durable hold included"),
        ("tokens a second, median / 5 %", f"{statistics.median(rates):.0f} / {percentile(rates, 5):.0f}", "of an answer, from sending the request to its last text, over HTTP"),
    ]


def right(port: int, topic) -> str:
    return f"{rightly(port, topic, held=False)} of {OF_A_TOPIC} / {rightly(port, topic, held=True)} of {OF_A_TOPIC}"


def rightly(port: int, topic, held: bool) -> int:
    """How many questions of a topic with one right answer get it."""
    rng = random.Random(13)
    pairs = [topic(rng, held) for _ in range(OF_A_TOPIC)]
    return sum(1 for question, answer in pairs if asking.ask(port, [("user", question + "?")]).text == answer)


def held_out_turns(port: int, corpus: Corpus) -> list[tuple[asking.Reply, bool]]:
    rng = random.Random(11)
    known = known_words(corpus)
    turns: list[tuple[asking.Reply, bool]] = []
    while len(turns) < TURNS:
        dialogue = corpus.dialogue(rng, held=True)
        for i, (role, _) in enumerate(dialogue):
            if role == "assistant" and len(turns) < TURNS:
                reply = asking.ask(port, dialogue[:i])
                asked = {w.lower() for w in re.findall(r"[A-Za-z]+", dialogue[i - 1][1])}
                fine = asking.well_formed(reply.text, known | asked)
                turns.append((reply, fine))
                if not fine or reply.finished != "stop":
                    print(f"turn: {dialogue[i - 1][1]}\n    {reply.finished}: {reply.text}")
    return turns


def known_words(corpus: Corpus) -> set[str]:
    """Words of answers and questions that training sees, and all that WordNet has in short definitions."""
    rng, words = random.Random(12), set()
    texts = [text for _ in range(20_000) for _, text in corpus.dialogue(rng)]
    texts += [f"{w.word} {w.definition} {w.example}" for w in corpus.topics.words] + [" ".join(corpus.topics.rare)]
    for text in texts:
        words.update(w.lower() for w in re.findall(r"[A-Za-z]+", text))
    return words


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where training left tokenizer, checkpoint and log")
    parser.add_argument("--port", type=int, required=True, help="of a node on this machine that serves the model")
    parser.add_argument("--standard", required=True, help="name there of the same model in standard operators")
    parser.add_argument("--model", type=Path, required=True, help="the model's folder, for its size")
    parser.add_argument("--card", type=Path, required=True, help="the model card to write the figures into")
    options = parser.parse_args()
    corpus = Corpus()
    rows = perplexities(options.folder, corpus)
    size = sum(f.stat().st_size for f in options.model.iterdir())
    rows.append(("size on disk", f"{size / 1e6:.1f} MB", "at most 12 MB is wanted"))
    rows += answers(options.port, corpus, options.standard)
    table = "| figure | measured | how |\n| --- | --- | --- |\n" + "".join(f"| {a} | {b} | {c} |\n" for a, b, c in rows)
    card = options.card.read_text(encoding="utf-8")
    before, _, rest = card.partition(BEGIN)
    options.card.write_text(before + BEGIN + "\n" + table + "\n" + END + rest.partition(END)[2], encoding="utf-8")
    plot.draw(options.folder / "losses.jsonl", options.card.with_suffix(".svg"), sum(len(f.tests) for f in corpus.facts))
    print(table)


if __name__ == "__main__":
    main()
