"""Byte-level byte-pair encoding: training, encoding, and the tokenizer.json that other programs read."""

import json
import re
from collections import Counter, defaultdict
from pathlib import Path

# Qwen2's way to cut text, and the same for Python's re, which has no classes for letters and numbers of all scripts.
PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CUT = re.compile(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|(?:[^\r\n\w]|_)?[^\W\d_]+|\d| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
CONTROL = 3    # the first of them are left out when text is decoded


def alphabet() -> dict[int, str]:
    """GPT-2's printable character for each byte, in the order of the token ids."""
    printable = [*range(33, 127), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}


ALPHABET = alphabet()


class Tokenizer:
    def __init__(self, merges: list[tuple[str, str]]):
        self.merges = merges
        self.ranks = {pair: i for i, pair in enumerate(merges)}
        self.tokens = [*ALPHABET.values(), *(a + b for a, b in merges), *SPECIAL]
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self.bytes = {c: b for b, c in ALPHABET.items()}
        self.cache: dict[str, list[int]] = {}
        self.end = self.ids["<|im_end|>"]

    @staticmethod
    def train(texts: Counter, size: int) -> "Tokenizer":
        """Merges the most frequent pair again and again until there are `size` tokens, special ones included."""
        words = [[ALPHABET[b] for b in w.encode()] for w in texts]
        uses = list(texts.values())
        counts, where = Counter(), defaultdict(set)
        for i, word in enumerate(words):
            for pair in zip(word, word[1:]):
                counts[pair] += uses[i]
                where[pair].add(i)
        merges = []
        while len(merges) + len(ALPHABET) + len(SPECIAL) < size:
            best = max(counts, key=lambda p: (counts[p], p))
            merges.append(best)
            for i in list(where.pop(best)):
                for pair in zip(words[i], words[i][1:]):
                    counts[pair] -= uses[i]
                words[i] = merged(words[i], best)
                for pair in zip(words[i], words[i][1:]):
                    counts[pair] += uses[i]
                    where[pair].add(i)
            counts.pop(best, None)
        return Tokenizer(merges)

    def encode(self, text: str) -> list[int]:
        return [id for word in CUT.findall(text) for id in self.word(word)]

    def word(self, word: str) -> list[int]:
        if word not in self.cache:
            parts = [ALPHABET[b] for b in word.encode()]
            while len(parts) > 1:
                best = min(zip(parts, parts[1:]), key=lambda p: self.ranks.get(p, len(self.ranks)))
                if best not in self.ranks:
                    break
                parts = merged(parts, best)
            self.cache[word] = [self.ids[p] for p in parts]
        return self.cache[word]

    def decode(self, ids: list[int]) -> str:
        text = "".join(self.tokens[i] for i in ids if i < len(self.tokens) - len(SPECIAL))
        return bytes(self.bytes[c] for c in text).decode("utf-8", "replace")

    def save(self, path: Path) -> None:
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
        first = len(self.tokens) - len(SPECIAL)
        document = {
            "version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [
                {"id": first + i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": i < CONTROL}
                for i, token in enumerate(SPECIAL)],
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}, level]},
            "post_processor": level, "decoder": level,
            "model": {
                "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False,
                "byte_fallback": False, "vocab": {t: i for i, t in enumerate(self.tokens[:first])}, "merges": [f"{a} {b}" for a, b in self.merges]},
        }
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")

    @staticmethod
    def load(path: Path) -> "Tokenizer":
        merges = json.loads(path.read_text(encoding="utf-8"))["model"]["merges"]
        return Tokenizer([tuple(m.split(" ")) for m in merges])


def merged(parts: list[str], pair: tuple[str, str]) -> list[str]:
    result, i = [], 0
    while i < len(parts):
        if i + 1 < len(parts) and (parts[i], parts[i + 1]) == pair:
            result.append(parts[i] + parts[i + 1])
            i += 2
        else:
            result.append(parts[i])
            i += 1
    return result
