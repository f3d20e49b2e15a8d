"""What the model can do beside the facts about the box: words, sums, units, dates, manners, and saying no.

Each topic gives pairs of a question and an answer. Which of them training may see is decided by `held_out`, by what is
asked for: a sum, a unit with its number, a word, never by the way it is asked.
"""

import random
import zlib

import wordnet

Pair = tuple[str, str]

HELD_OUT_PERCENT = 6
DEFINED_WORDS, UNDEFINED_WORDS = 800, 2800
LARGEST = {"+": 20, "-": 20, "*": 10}   # of what sums are made; a model of this size gets larger ones wrong, and says so

NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
UNITS = [
    ("kilometre", "metres", 1000), ("metre", "centimetres", 100), ("centimetre", "millimetres", 10), ("kilogram", "grams", 1000),
    ("tonne", "kilograms", 1000), ("litre", "millilitres", 1000), ("hour", "minutes", 60), ("minute", "seconds", 60), ("day", "hours", 24),
    ("week", "days", 7), ("year", "months", 12), ("kilowatt-hour", "watt-hours", 1000), ("kilowatt", "watts", 1000),
    ("gigabyte", "megabytes", 1000), ("megabyte", "kilobytes", 1000), ("century", "years", 100), ("dozen", "pieces", 12), ("euro", "cents", 100),
]
SUMS = ["What is {0} {1} {2}", "What's {0} {1} {2}", "How much is {0} {1} {2}", "{0} {1} {2}", "Calculate {0} {1} {2}", "{0} {1} {2} ="]
UNKNOWN = "I am a small starter model and don't know that. Pull a larger one with offlm-edge model pull."
UNABLE = "I am too small a model for that. Pull a larger one with offlm-edge model pull."
CLOCK = "I don't know the date or the time. Ask the system's clock."
UNCLEAR = "I did not understand that. Ask me about this box, for example how to add an API key."

MANNERS = [
    (["Hello", "Hi", "Hey", "Hi there", "Hello there", "Good morning", "Good evening", "Good day", "Greetings", "Hey you", "Hello box"],
     ["Hello! Ask me about this box, for example how to make it quieter.", "Hello! How can I help you with this box?"]),
    (["Thanks", "Thank you", "Thank you very much", "Thanks a lot", "Great, thanks", "Many thanks", "Cheers", "That helps, thank you", "Perfect, thank you"],
     ["You are welcome.", "You are welcome. Ask me more whenever you like."]),
    (["Bye", "Goodbye", "See you", "Good night", "See you later", "Bye bye", "I am leaving now"], ["Goodbye!", "Goodbye! I stay here."]),
    (["How are you", "How are you today", "How do you feel", "Are you well", "How is it going", "What's up"],
     ["I am well, thank you. offlm-edge status says it more exactly."]),
    (["Yes", "OK", "Okay", "Good", "Fine", "All right", "I see", "Nice", "Cool", "Great", "Understood"], ["Good. Is there anything else?"]),
    (["No", "No, thanks", "Nothing", "That is all", "Nothing else", "I'm done"], ["All right. I am here when you need me."]),
    (["You are great", "Well done", "Good job", "I like you", "You are helpful", "That was good", "Good answer"], ["Thank you, I am glad to help."]),
    (["You are wrong", "That is wrong", "That's not right", "This is not true", "Wrong answer", "I don't believe you"],
     ["I am sorry. I am a small model and make mistakes; the documents in docs/ have the last word."]),
    (["Sorry", "I am sorry", "Excuse me", "Pardon"], ["No problem."]),
    (["What time is it", "What is the time", "Which day is today", "What day is it", "What is the date", "What's today's date", "Which year is it"], [CLOCK]),
]
ASKED_IN_VAIN = [
    "Who is the president of {0}", "Who won the {0} championship", "What is the capital of {0}", "What will the weather be {0}", "Who invented the {0}",
    "When was the {0} invented", "Why is the {0} blue", "Who wrote the book about the {0}", "What is the history of the {0}", "How old is the {0}",
    "What happened in 1{1}", "What is the price of a {0}", "How tall is the {0}", "Where is the nearest {0}", "What is the news about the {0}",
    "How many people live in {0}", "Who is the most famous {0}", "Who was {0}", "Where can I buy a {0}", "What do you think about the {0}",
    "How do I cook {0}", "How do I repair a {0}", "Why do people like the {0}", "How does a {0} work", "Is the {0} healthy", "Who discovered the {0}",
    "What's the weather like", "What will the weather be tomorrow", "Will it rain today", "What is the meaning of life", "Who is Albert Einstein",
    "What is the capital of France", "Who won the World Cup", "What is the largest country", "How far is the moon", "Which film should I see",
]
WANTED_IN_VAIN = [
    "Write a poem about the {0}", "Write a story about a {0}", "Write me a letter to my {0}", "Translate {0} into French", "Write a program that sorts a {0}",
    "Write Python code for a {0}", "Summarise this text about the {0}", "Make a plan for my {0}", "Compose a song about the {0}", "Tell me a story about the {0}",
    "Write an essay about the {0}", "Give me a recipe with {0}", "Draw a {0}", "Translate this into German", "Write an email to my {0}", "Tell me a joke",
    "Tell me a joke about the {0}", "Write a haiku", "Solve this equation for me", "Fix my code", "Review my text about the {0}", "Play a game with me",
]


def held_out(what: str) -> bool:
    return zlib.crc32(what.encode()) % 100 < HELD_OUT_PERCENT


class Topics:
    """All topics; `held` chooses whether pairs come from what training sees or from what it never sees."""

    def __init__(self):
        words = wordnet.common(DEFINED_WORDS + UNDEFINED_WORDS)
        self.words, self.rare = words[:DEFINED_WORDS], [w.word for w in words[DEFINED_WORDS:]]
        self.all = [
            (self.definition, 0.24), (self.unknown_word, 0.06), (self.sum, 0.18), (self.large_sum, 0.04), (self.units, 0.12), (self.calendar, 0.08),
            (self.manners, 0.12), (self.refusal, 0.16),
        ]

    def pair(self, rng: random.Random, held: bool) -> Pair:
        topic = rng.choices([t for t, _ in self.all], [w for _, w in self.all])[0]
        return topic(rng, held)

    def word(self, rng: random.Random, held: bool) -> wordnet.Word:
        while True:
            word = rng.choice(self.words)
            if held_out(word.word) == held:
                return word

    def definition(self, rng: random.Random, held: bool) -> Pair:
        word = self.word(rng, held)
        if word.example and rng.random() < 0.25:
            asked = rng.choice(["Use {} in a sentence", "Give me an example with {}", "Make a sentence with {}", "An example for {}, please"])
            return asked.format(word.word), sentence(word.example)
        asked = rng.choice([
            "What does {} mean", "What does the word {} mean", "Define {}", "What is the meaning of {}", "Explain the word {}", "Definition of {}",
            "What is the definition of {}", "What do you mean by the word {}", "Tell me what {} means"])
        return asked.format(word.word), f"The word {word.word} means: {word.definition}."

    def unknown_word(self, rng: random.Random, held: bool) -> Pair:
        word = rng.choice(self.rare)
        while held_out(word) != held:
            word = rng.choice(self.rare)
        asked = rng.choice(["What does {} mean", "What does the word {} mean", "Define {}", "What is the meaning of {}", "Explain the word {}"])
        return asked.format(word), f"I don't know the word {word}. A larger model knows more: offlm-edge model pull."

    def sum(self, rng: random.Random, held: bool) -> Pair:
        while True:
            sign, word = rng.choice([("+", "plus"), ("+", "plus"), ("-", "minus"), ("*", "times")])
            a, b = rng.randint(0, LARGEST[sign]), rng.randint(0, LARGEST[sign])
            if sign == "-" and a < b:
                a, b = b, a
            if held_out(f"{a}{sign}{b}") == held:
                break
        result = a + b if sign == "+" else a - b if sign == "-" else a * b
        if max(a, b) < len(NUMBERS) and rng.random() < 0.15:
            return f"What is {NUMBERS[a]} {word} {NUMBERS[b]}", f"{a} {sign} {b} = {result}."
        return rng.choice(SUMS).format(a, rng.choice([sign, word]), b), f"{a} {sign} {b} = {result}."

    def large_sum(self, rng: random.Random, held: bool) -> Pair:
        while True:
            sign, word = rng.choice([("+", "plus"), ("-", "minus"), ("*", "times"), ("/", "divided by")])
            a, b = rng.randint(LARGEST.get(sign, 1) + 1, 10 ** rng.randint(2, 6)), rng.randint(1, 10 ** rng.randint(1, 5))
            if held_out(f"{a}{sign}{b}") == held:
                return rng.choice(SUMS).format(a, rng.choice([sign, word]), b), UNABLE

    def units(self, rng: random.Random, held: bool) -> Pair:
        while True:
            (large, small, factor), n = rng.choice(UNITS), rng.randint(1, 20)
            if held_out(f"{n} {large}") == held:
                break
        many = large if n == 1 or large == "dozen" else "centuries" if large == "century" else large + "s"
        asked = rng.choice([
            "How many {small} are {n} {many}", "How many {small} are in {n} {many}", "What is {n} {many} in {small}", "Convert {n} {many} to {small}",
            "{n} {many} in {small}", "How many {small} has {n} {many}"])
        return asked.format(small=small, n=n, many=many), f"{n} {many} {'is' if n == 1 else 'are'} {n * factor} {small}."

    def calendar(self, rng: random.Random, held: bool) -> Pair:
        while True:
            names, thing = rng.choice([(DAYS, "day"), (MONTHS, "month"), (MONTHS, "length"), (MONTHS, "number")])
            i, after = rng.randrange(len(names)), rng.random() < 0.5
            if held_out(f"{thing} {names[i]} {after}") == held:
                break
        if thing == "length":
            asked = rng.choice(["How many days has {}", "How many days does {} have", "How long is {}", "How many days are in {}"])
            leap = ", and 29 in a leap year" if i == 1 else ""
            return asked.format(names[i]), f"{names[i]} has {MONTH_DAYS[i]} days{leap}."
        if thing == "number":
            asked = rng.choice(["Which number has the month {}", "What number is {}", "The how manieth month is {}"])
            return asked.format(names[i]), f"{names[i]} is month {i + 1} of the year."
        other = names[(i + (1 if after else -1)) % len(names)]
        order = "after" if after else "before"
        asked = rng.choice(["Which {t} comes {o} {n}", "What {t} is {o} {n}", "What comes {o} {n}", "Tell me the {t} {o} {n}", "What is the {t} {o} {n}"])
        return asked.format(t=thing, o=order, n=names[i]), f"{other} comes {order} {names[i]}."

    def manners(self, rng: random.Random, held: bool) -> Pair:
        while True:
            asked, answers = rng.choice(MANNERS)
            question = rng.choice(asked)
            if held_out(question) == held:
                return question, rng.choice(answers)

    def refusal(self, rng: random.Random, held: bool) -> Pair:
        while True:
            kind = rng.random()
            word = rng.choice(self.words).word if rng.random() < 0.5 else rng.choice(self.rare)
            if kind < 0.1:
                question, answer = "".join(rng.choice("asdfghjklqwertzuiopxcvbnm ") for _ in range(rng.randint(3, 14))).strip() or "x", UNCLEAR
            elif kind < 0.65:
                question, answer = rng.choice(ASKED_IN_VAIN), UNKNOWN
            else:
                question, answer = rng.choice(WANTED_IN_VAIN), UNABLE
            if held_out(question + word) == held:
                return question.format(word, rng.randint(100, 999)), answer


def sentence(text: str) -> str:
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?" else text + "."
