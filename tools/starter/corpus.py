"""Dialogues to train on and to judge by, made anew from a random generator: nothing is stored but facts.txt."""

import random
import re

import facts
from topics import Pair, Topics

FACTS_SHARE = 0.70
SYSTEM_SHARE = 0.10
SEVERAL_TURNS_SHARE = 0.22

SYSTEM_PROMPTS = [
    "You are a helpful assistant.", "You are a helpful assistant.", "You are a helpful assistant that answers briefly.", "Answer in one sentence.",
    "Be polite.", "You are the receptionist of a box.", "You are a friendly assistant. Answer in English.", "Be short and clear.",
    "You are an AI assistant.", "You answer questions of the family.",
]
BEFORE = ["Please tell me: ", "Hi, ", "Hey, ", "Hello, ", "Hello! ", "Quick question: ", "Say, ", "I wonder: ", "Question: ", "Sorry, ", "Tell me, ", "Well, ", "And ", "So ",
    "I would like to know: ", "My question is: ", "One question: ", "Could you tell me: ", "Do you know: ", "Explain to me: ", "Excuse me, ", "OK, ", "Please, ",
]
AFTER = [" please", ", please", " thanks", ", thank you", " now", " exactly", " here", ", do you know", " then", " really", ", what now", ", how",
         ", what should I do", ", please explain", " for me", ", is that possible"]
SAME = {
    "see": ["view", "look at", "check"], "show": ["display", "print", "list"], "prints": ["shows"], "change": ["modify", "adjust", "alter"], "large": ["big"], "bigger": ["larger"],
    "delete": ["remove", "erase"], "remove": ["delete"], "setting": ["option", "setting"], "box": ["device", "machine", "computer"], "loud": ["noisy"],
    "quiet": ["silent"], "folder": ["directory"], "directory": ["folder"], "happens": ["will happen", "happens then"], "turn": ["switch"],
    "choose": ["select", "pick"], "add": ["create", "make"], "start": ["launch"], "need": ["require"], "error": ["status", "code"], "many": ["many different"],
    "power": ["electricity", "energy"], "answer": ["reply", "response"], "answers": ["replies", "responses"], "hot": ["warm", "hot"], "stop": ["end", "halt"],
    "find": ["get", "locate"], "card": ["smart card"], "check": ["test", "verify"], "several": ["more than one", "multiple"], "people": ["persons", "users"],
    "licence": ["license"], "key": ["API key"], "get": ["obtain", "receive"], "store": ["save"], "stored": ["saved"], "kept": ["stored"], "price": ["cost"],
    "network": ["LAN"], "computer": ["machine", "PC", "laptop"], "someone": ["somebody", "my brother"], "friend": ["brother", "colleague"], "lists": ["shows"],
    "print": ["show"], "enter": ["put", "type", "write"], "put": ["enter", "write"], "request": ["call", "query"], "requests": ["calls", "queries"],
    "download": ["fetch"], "pull": ["download", "fetch"], "installed": ["present", "available"], "wrong": ["incorrect", "bad"], "test": ["check", "try"],
    "mean": ["tell me", "stand for"], "maximum": ["highest", "largest"], "limit": ["cap", "restrict"], "fails": ["breaks"], "broken": ["defective"],
    "unplugged": ["removed"], "blocked": ["locked"], "which": ["what"], "save": ["keep", "store"], "somebody": ["someone"], "silent": ["quiet"], "own": ["private"],
    "exist": ["are there"], "works": ["functions"], "program": ["script", "software"], "questions": ["requests"], "all": ["every"], "cost": ["price"], "want": ["would like", "wish"], "damaged": ["broken", "corrupt"], "lost": ["gone"], "possible": ["feasible"],
}
DROPPED = set("a an the do i can is to of you me how what which my your it that for in on at with does are please so".split())


class Corpus:
    def __init__(self):
        self.facts = facts.read()
        self.topics = Topics()
        self.forbidden = {plain(test) for fact in self.facts for test in fact.tests}

    def dialogue(self, rng: random.Random, held: bool = False) -> list[tuple[str, str]]:
        """Messages as (role, text), with roles as in the chat template."""
        messages = []
        if rng.random() < SYSTEM_SHARE:
            messages.append(("system", rng.choice(SYSTEM_PROMPTS)))
        turns = rng.choice([2, 2, 3]) if rng.random() < SEVERAL_TURNS_SHARE else 1
        for _ in range(turns):
            question, answer = self.pair(rng, held)
            messages += [("user", question), ("assistant", answer)]
        return messages

    def pair(self, rng: random.Random, held: bool) -> Pair:
        if rng.random() >= FACTS_SHARE:
            question, answer = self.topics.pair(rng, held)
            return varied(question, rng, light=True), answer
        fact = rng.choice(self.facts)
        if held:
            return rng.choice(fact.tests), fact.answer
        while True:
            question = varied(facts.phrased(rng.choice(fact.questions), rng), rng)
            if plain(question) not in self.forbidden:
                return question, fact.answer


def plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def varied(text: str, rng: random.Random, light: bool = False) -> str:
    """The question as different people would type it."""
    if not light:
        words = text.split()
        if rng.random() < 0.45:
            words = [rng.choice(SAME[w.lower()]) if w.lower() in SAME and rng.random() < 0.5 else w for w in words]
        if rng.random() < 0.25 and len(words) > 3:
            kept = [w for w in words if w.lower() not in DROPPED or rng.random() < 0.55]
            words = kept if len(kept) > 1 else words
        text = " ".join(words)
    if rng.random() < 0.12 and not light:
        before = rng.choice(BEFORE)
        text = before + (text if text.startswith("I ") or rng.random() < 0.3 else text[0].lower() + text[1:])
    if rng.random() < 0.06 and not light:
        text += rng.choice(AFTER)
    text += rng.choices(["?" if asks(text) else ".", "", "!", "??", " ?"], [0.74, 0.21, 0.02, 0.01, 0.02])[0]
    if rng.random() < 0.07:
        text = mistyped(text, rng)
    case = rng.random()
    return text.lower() if case < 0.2 else text.upper() if case > 0.985 and not light else text


def asks(text: str) -> bool:
    return not re.match(r"(I |The |You |Tell|Show|Please|Help|Explain|Describe|Define|Write|Thank|Hello|Hi|My |Use|Convert|Make|Give|Calculate)", text)


def mistyped(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text))
    if not text[at].isalpha() or at + 1 >= len(text):
        return text
    kind = rng.random()
    if kind < 0.4:
        return text[:at] + text[at + 1:]
    return text[:at] + text[at + 1] + text[at] + text[at + 2:] if kind < 0.8 else text[:at] + text[at] + text[at:]
