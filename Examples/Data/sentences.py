"""A small parallel grammar: English sentences about films, numbers and dates, with their German and
French translations, of which each has exactly one that is right, and a sentiment."""

from typing import NamedTuple

# Kinds of sentences, in the order of FREQUENCIES.
THE, THIS, FEELING, RELATIVE, TWO_CLAUSES, POINTS, DATE, NAME, NUMBER = range(9)
FREQUENCIES = [0.24, 0.17, 0.15, 0.10, 0.10, 0.07, 0.05, 0.06, 0.06]
# Those that judge something.
OPINIONS = [THE, THIS, FEELING, RELATIVE, TWO_CLAUSES]


class Sentence(NamedTuple):
    english: str
    german: str
    french: str
    # Above 0 for praise, below for blame; None where it makes no sense to ask.
    sentiment: float | None


class Noun(NamedTuple):
    english: str
    german_the: str
    german_the_object: str
    german: str
    french_the: str
    french: str
    gender: str

    @property
    def in_french(self):
        return self.french_the + ("" if self.french_the.endswith("'") else " ") + self.french

    @property
    def this_in_french(self):
        masculine = "cet" if self.french_the == "l'" else "ce"
        return f"{'cette' if self.gender == 'f' else masculine} {self.french}"

    @property
    def this_in_german(self):
        return {"der": "dieser", "die": "diese", "das": "dieses"}[self.german_the]

    @property
    def this_object_in_german(self):
        return {"den": "diesen", "die": "diese", "das": "dieses"}[self.german_the_object]


class Adjective(NamedTuple):
    english: str
    german: str
    masculine: str
    feminine: str
    sentiment: int

    def in_french(self, noun):
        return self.feminine if noun.gender == "f" else self.masculine


NOUNS = [Noun(*fields) for fields in [
    ("movie", "der", "den", "Film", "le", "film", "m"),
    ("story", "die", "die", "Geschichte", "l'", "histoire", "f"),
    ("ending", "das", "das", "Ende", "la", "fin", "f"),
    ("music", "die", "die", "Musik", "la", "musique", "f"),
    ("book", "das", "das", "Buch", "le", "livre", "m"),
    ("actor", "der", "den", "Schauspieler", "l'", "acteur", "m"),
    ("scene", "die", "die", "Szene", "la", "scène", "f"),
    ("dialogue", "der", "den", "Dialog", "le", "dialogue", "m"),
    ("script", "das", "das", "Drehbuch", "le", "scénario", "m"),
    ("director", "der", "den", "Regisseur", "le", "réalisateur", "m"),
    ("comedy", "die", "die", "Komödie", "la", "comédie", "f"),
    ("drama", "das", "das", "Drama", "le", "drame", "m"),
    ("house", "das", "das", "Haus", "la", "maison", "f"),
    ("song", "das", "das", "Lied", "la", "chanson", "f"),
    ("picture", "das", "das", "Bild", "l'", "image", "f"),
    ("show", "die", "die", "Sendung", "l'", "émission", "f"),
]]
ADJECTIVES = [Adjective(*fields) for fields in [
    ("wonderful", "wunderbar", "merveilleux", "merveilleuse", 2),
    ("good", "gut", "bon", "bonne", 1),
    ("great", "großartig", "génial", "géniale", 2),
    ("funny", "lustig", "drôle", "drôle", 1),
    ("beautiful", "schön", "beau", "belle", 1),
    ("exciting", "spannend", "passionnant", "passionnante", 1),
    ("clever", "klug", "intelligent", "intelligente", 1),
    ("perfect", "perfekt", "parfait", "parfaite", 2),
    ("touching", "rührend", "touchant", "touchante", 1),
    ("excellent", "ausgezeichnet", "excellent", "excellente", 2),
    ("bad", "schlecht", "mauvais", "mauvaise", -1),
    ("boring", "langweilig", "ennuyeux", "ennuyeuse", -1),
    ("terrible", "schrecklich", "terrible", "terrible", -2),
    ("stupid", "dumm", "stupide", "stupide", -2),
    ("slow", "langsam", "lent", "lente", -1),
    ("awful", "furchtbar", "affreux", "affreuse", -2),
    ("weak", "schwach", "faible", "faible", -1),
    ("confusing", "verwirrend", "confus", "confuse", -1),
    ("predictable", "vorhersehbar", "prévisible", "prévisible", -1),
    ("sad", "traurig", "triste", "triste", 0),
    ("long", "lang", "long", "longue", 0),
    ("old", "alt", "vieux", "vieille", 0),
    ("small", "klein", "petit", "petite", 0),
]]
# English, German, French (None for the negation), what it does to the sentiment.
ADVERBS = [
    ("", "", "", 1.0), ("very ", "sehr ", "très ", 1.4), ("really ", "wirklich ", "vraiment ", 1.4),
    ("too ", "zu ", "trop ", 1.0), ("not ", "nicht ", None, -0.8),
    ("always ", "immer ", "toujours ", 1.1),
]
COPULAS = [("is", "ist", "est"), ("was", "war", "était")]
FEELINGS = [
    ("love", "liebe", "J'adore", 2), ("hate", "hasse", "Je déteste", -2),
    ("see", "sehe", "Je vois", 0), ("know", "kenne", "Je connais", 0),
    ("recommend", "empfehle", "Je recommande", 2),
]
RELATIVES = [
    ("my brother", "mein Bruder", "mon frère"), ("my sister", "meine Schwester", "ma sœur"),
    ("my father", "mein Vater", "mon père"), ("my mother", "meine Mutter", "ma mère"),
    ("our teacher", "unser Lehrer", "notre professeur"),
]
THEIR_FEELINGS = [
    ("loves", "liebt", "adore", 2), ("hates", "hasst", "déteste", -2), ("sees", "sieht", "voit", 0),
]
NAMES = [
    "Anna", "Peter", "HuggingFace", "Berlin", "Paris", "NYC", "Tokyo", "Maria", "London", "Rome",
    "Oslo", "Madrid",
]
MONTHS = [
    ("January", "Januar", "janvier"), ("February", "Februar", "février"), ("March", "März", "mars"),
    ("April", "April", "avril"), ("May", "Mai", "mai"), ("June", "Juni", "juin"),
    ("July", "Juli", "juillet"), ("August", "August", "août"),
    ("September", "September", "septembre"), ("October", "Oktober", "octobre"),
    ("November", "November", "novembre"), ("December", "Dezember", "décembre"),
]
ENGLISH_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen").split()
ENGLISH_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
GERMAN_NUMBERS = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn "
    "sechzehn siebzehn achtzehn neunzehn").split()
GERMAN_TENS = "- - zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()
FRENCH_NUMBERS = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize "
    "dix-sept dix-huit dix-neuf").split()
FRENCH_TENS = "- - vingt trente quarante cinquante soixante".split()


def english_number(n):
    if n < 20:
        return ENGLISH_NUMBERS[n]
    if n < 100:
        return ENGLISH_TENS[n // 10] + (f"-{ENGLISH_NUMBERS[n % 10]}" if n % 10 else "")
    rest = f" and {english_number(n % 100)}" if n % 100 else ""
    return f"{ENGLISH_NUMBERS[n // 100]} hundred{rest}"


def german_number(n):
    def one_as_prefix(digit):
        return "ein" if digit == 1 else GERMAN_NUMBERS[digit]

    if n < 20:
        return GERMAN_NUMBERS[n]
    if n < 100:
        return (f"{one_as_prefix(n % 10)}und" if n % 10 else "") + GERMAN_TENS[n // 10]
    return f"{one_as_prefix(n // 100)}hundert{german_number(n % 100) if n % 100 else ''}"


def french_number(n):
    if n < 20:
        return FRENCH_NUMBERS[n]
    if n < 70:
        joint = {0: "", 1: " et un"}.get(n % 10, f"-{FRENCH_NUMBERS[n % 10]}")
        return FRENCH_TENS[n // 10] + joint
    if n < 80:
        return "soixante et onze" if n == 71 else f"soixante-{FRENCH_NUMBERS[n - 60]}"
    if n < 100:
        return "quatre-vingts" if n == 80 else f"quatre-vingt-{FRENCH_NUMBERS[n - 80]}"
    hundreds, rest = divmod(n, 100)
    many = "" if hundreds == 1 else f"{FRENCH_NUMBERS[hundreds]} "
    return f"{many}{'cent' if hundreds == 1 or rest else 'cents'}" + (
        f" {french_number(rest)}" if rest else "")


def capital(text):
    return text[0].upper() + text[1:]


def random_sentence(random, kind=None):
    """A sentence of `kind`, or of any. Each call draws the same numbers for the same kind."""
    kind = int(random.choice(9, p=FREQUENCIES)) if kind is None else kind

    def pick(items):
        return items[int(random.integers(len(items)))]

    noun, adjective, adverb, copula = pick(NOUNS), pick(ADJECTIVES), pick(ADVERBS), pick(COPULAS)
    french = adjective.in_french(noun)
    if kind in (THE, THIS):
        if adverb[2] is None:
            french = f"n'{copula[2]} pas {french}"
        else:
            french = f"{copula[2]} {adverb[2]}{french}"
        the, der, le = ("The", noun.german_the, noun.in_french) if kind == THE else (
            "This", noun.this_in_german, noun.this_in_french)
        return Sentence(
            f"{the} {noun.english} {copula[0]} {adverb[0]}{adjective.english}",
            f"{capital(der)} {noun.german} {copula[1]} {adverb[1]}{adjective.german}",
            f"{capital(le)} {french}", adjective.sentiment * adverb[3])
    if kind == FEELING:
        verb = pick(FEELINGS)
        return Sentence(
            f"I {verb[0]} this {noun.english}",
            f"Ich {verb[1]} {noun.this_object_in_german} {noun.german}",
            f"{verb[2]} {noun.this_in_french}", verb[3])
    if kind == RELATIVE:
        who, verb = pick(RELATIVES), pick(THEIR_FEELINGS)
        return Sentence(
            f"{capital(who[0])} {verb[0]} the {noun.english}",
            f"{capital(who[1])} {verb[1]} {noun.german_the_object} {noun.german}",
            f"{capital(who[2])} {verb[2]} {noun.in_french}", verb[3])
    if kind == TWO_CLAUSES:
        other = pick([n for n in NOUNS if n is not noun])
        end = pick(ADJECTIVES)
        return Sentence(
            f"The {noun.english} was {adjective.english} but the {other.english} was {end.english}",
            f"{capital(noun.german_the)} {noun.german} war {adjective.german}, "
            f"aber {other.german_the} {other.german} war {end.german}",
            f"{capital(noun.in_french)} était {french} "
            f"mais {other.in_french} était {end.in_french(other)}",
            adjective.sentiment * 0.5 + end.sentiment)
    if kind == POINTS:
        n = int(random.integers(2, 1000 if random.random() < 0.6 else 100))
        return Sentence(
            f"I have {english_number(n)} points", f"Ich habe {german_number(n)} Punkte",
            f"J'ai {french_number(n)} points", None)
    if kind == DATE:
        month = pick(MONTHS)
        day, year = int(random.integers(1, 29)), int(random.integers(1950, 2030))
        return Sentence(
            f"Today is {month[0]} {day}, {year}", f"Heute ist der {day}. {month[1]} {year}",
            f"Aujourd'hui c'est le {'1er' if day == 1 else day} {month[2]} {year}", None)
    if kind == NAME:
        name = pick(NAMES)
        return pick([
            Sentence(f"Welcome to {name}", f"Willkommen in {name}", f"Bienvenue à {name}", None),
            Sentence(
                f"{name} is a company", f"{name} ist ein Unternehmen", f"{name} est une entreprise",
                None),
        ])
    n = int(random.integers(0, 1000))
    return Sentence(english_number(n), german_number(n), french_number(n), None)


def random_opinion(random):
    """An English sentence that praises or blames, and whether it praises."""
    while True:
        found = random_sentence(random, int(random.choice(OPINIONS)))
        if abs(found.sentiment) >= 0.4:
            return found.english, found.sentiment > 0
