"""Asks a running node over HTTP, as any client would, and looks at how it answers."""

import http.client
import json
import re
import time
import urllib.request
from dataclasses import dataclass


@dataclass
class Reply:
    text: str
    finished: str            # "stop" when the model ended by itself
    first_token: float       # seconds from sending the request to the first text
    rest: float              # seconds from there to the last text
    tokens: int


def ask(port: int, messages: list[tuple[str, str]], temperature: float = 0, limit: int = 120, model: str = "starter") -> Reply:
    body = json.dumps({
        "model": model, "messages": [{"role": role, "content": text} for role, text in messages], "temperature": temperature,
        "seed": 1, "max_tokens": limit, "stream": True, "stream_options": {"include_usage": True}})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.monotonic()
    connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        raise RuntimeError(f"{response.status}: {response.read().decode()}")
    text, finished, times, tokens = "", "", [], 0
    for line in response:
        if not line.startswith(b"data: {"):
            continue
        event = json.loads(line[6:])
        tokens = (event.get("usage") or {}).get("completion_tokens", tokens)
        for choice in event["choices"]:
            if choice["delta"].get("content"):
                times.append(time.monotonic())
                text += choice["delta"]["content"]
            finished = choice["finish_reason"] or finished
    connection.close()
    return Reply(text, finished, times[0] - began if times else 0, times[-1] - times[0] if times else 0, tokens)


def engine(port: int, model: str) -> str:
    """What computes a model that is loaded."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/ps", timeout=60) as response:
        loaded = {entry["name"].removesuffix(":latest"): entry["offlm"] for entry in json.load(response)["models"]}
    return f"{loaded[model]['engine']} on {loaded[model]['provider']}"


def well_formed(text: str, known: set[str]) -> bool:
    """A sentence: begins like one, ends like one, made of words that exist, none of them again and again."""
    words = re.findall(r"[A-Za-z]+", text)
    begins = bool(re.match(r"[A-Z0-9]|offlm-|scripts/|/|[a-z]+\.[a-z]", text))
    stutters = any(a == b == c for a, b, c in zip(words, words[1:], words[2:]))
    paired = text.count("(") == text.count(")") and text.count('"') % 2 == 0
    return begins and text[-1:] in (".", "!", "?") and not stutters and paired and all(w.lower() in known for w in words)
