"""Writes corpus.jsonl: texts, and what other people's programs say they take as an SMS. README.md has the command.

A line is [pieces, encoding, segments, units, forced_by, others]: pieces are [text, count, text, count, ...], and
others has the answers [encoding, segments, units] that differ, by the name of the program that gave them.
"""

import json
import os
import pathlib
import subprocess
import sys
from collections import Counter

import smsutil

HERE = pathlib.Path(__file__).parent
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"
NEARLY = "ç`\t\x1b\x00\x7f\x85\u00a0ÀÈáêíóôúÍÓÚñ\u0303ÿ“”‘’–—…«»•°\u200b\u2028ΑαςЖяẾ₺ⅷＡ１中あ한עع"
EMOJI = [
    "😀", "𝟙", "𠮷", "🇧🇪", "👍🏽", "❤️", "1️⃣", "👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🧑🏿‍🤝‍🧑🏻",
]
MARKED = ["e\u0301", "a\u0300", "q\u0307\u0323", "n\u0303", "Z\u0351\u036b\u0343\u036a", "क्षि", "กำ้", "각", "é\u0327"]
SENTENCES = [
    "{code} is your Example code. It expires in 10 minutes. Do not tell it to anybody, not even to us.",
    "Pay €12.50 to [Ada & Co] with {code} {{ref|7}} ~ 5^2 \\ ok",
    "Votre code d'accès est {code}. Il a été demandé à Liège ; ne le donnez à personne.",
    "Votre code reçu : {code}. N’oubliez pas : il périme bientôt…",
    "Ihr Prüfcode für Straße & Gruß lautet {code}. Nicht weitergeben!",
    "Su código es {code}. ¿No lo pidió? ¡Avísenos mañana!",
    "O seu código é {code}. Não o diga a ninguém, é só seu.",
    "Il suo codice è {code}. Non lo dica a nessuno, perché è già attivo.",
    "Uw code is {code}. Geef hem aan niemand, ook niet aan ons.",
    "Twój kod to {code}. Nie podawaj go nikomu, wygaśnie za dziesięć minut.",
    "Váš kód je {code}. Nikomu ho neříkejte, platí deset minut.",
    "A kódja {code}. Ne adja oda senkinek, tíz percig érvényes, köszönjük őszintén.",
    "Codul tău este {code}. Nu îl spune nimănui și nu îl scrie nicăieri, mulțumim.",
    "Kodunuz {code}. Kimseye söylemeyin, on dakika geçerlidir, iyi günler.",
    "Mã của bạn là {code}. Đừng nói cho ai biết, mã hết hạn sau mười phút.",
    "Din kod är {code}. Säg den inte till någon, den gäller i tio minuter på Öland.",
    "Kóðinn þinn er {code}. Segðu engum frá honum, hann rennur út bráðum.",
    "Koodisi on {code}. Älä kerro sitä kenellekään.",
    "Ο ΚΩΔΙΚΟΣ ΣΑΣ ΕΙΝΑΙ {code}. ΜΗΝ ΤΟΝ ΠΕΙΤΕ ΣΕ ΚΑΝΕΝΑΝ.",
    "Ο κωδικός σας είναι {code}. Μην τον πείτε σε κανέναν, λήγει σε δέκα λεπτά.",
    "Ваш код {code}. Никому его не говорите, он действует десять минут.",
    "Ваш код {code}. Нікому його не кажіть, їжак теж не знає.",
    "הקוד שלך הוא {code}. אל תגלו אותו לאיש, הוא תקף לעשר דקות.",
    "رمزك هو {code}. لا تخبر به أحدا، وهو صالح لعشر دقائق.",
    "کد شما {code} است. آن را به هیچ‌کس نگویید.",
    "आपका कोड {code} है। इसे किसी को न बताएं, यह दस मिनट तक मान्य है।",
    "আপনার কোড {code}। এটি কাউকে বলবেন না।",
    "உங்கள் குறியீடு {code}. இதை யாரிடமும் சொல்ல வேண்டாம்.",
    "รหัสของคุณคือ {code} อย่าบอกใคร รหัสหมดอายุในสิบนาที",
    "លេខកូដរបស់អ្នកគឺ {code} កុំប្រាប់អ្នកណា។",
    "თქვენი კოდია {code}. არავის უთხრათ.",
    "Ձեր կոդը {code} է։ Ոչ մեկին մի ասեք։",
    "ኮድዎ {code} ነው። ለማንም አይንገሩ።",
    "您的验证码是{code}，十分钟内有效，请勿告诉他人。",
    "認証コードは{code}です。だれにも教えないでください。",
    "인증번호는 {code}입니다. 누구에게도 알리지 마세요.",
    "Code {code} 🔐 for 👩‍💻 at 🏦, valid 10 min ⏱️",
]


class Dice:
    """Numbers that look random and are the same everywhere (Numerical Recipes' generator)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return (self.state >> 8) % bound

    def one(self, choices):
        return choices[self.below(len(choices))]


def texts():
    """Every text, as its pieces."""
    yield []

    # Each character there is in the alphabet and each near it, alone and filling segments to the brim.
    for character in ALPHABET + EXTENSION:
        for count in (1, 2, 76, 77, 80, 81, 152, 153, 154, 159, 160, 161, 306, 307, 459, 460):
            yield [character, count]
    for character in NEARLY:
        for count in (1, 35, 36, 67, 70, 71, 134, 135, 201, 202):
            yield [character, count]
    for code in [*range(0x500), *range(0x1E00, 0x2300), *range(0x1F600, 0x1F650)]:
        yield ["Code ", 1, chr(code), 1]

    # An escape sequence at each place near each end of a segment, and near the end of a single one.
    for character in EXTENSION:
        for segment in range(1, 8):
            for shift in range(-3, 2):
                for tail in (0, 1, 151, 152, 153):
                    yield ["a", 153 * segment + shift, character, 1, "b", tail]
        for before in range(156, 161):
            for tail in range(4):
                yield ["a", before, character, 1, "b", tail]
        for count in range(74, 83):
            yield ["a", 1, character, count]

    # A surrogate pair, and what looks like one character but is many, likewise; with and without GSM-7 around it.
    for character in [*EMOJI, *MARKED]:
        for filler in "aя€":
            for segment in range(1, 5):
                for shift in range(-3, 2):
                    for tail in (0, 66):
                        yield [filler, 67 * segment + shift, character, 1, filler, tail]
            for before in range(60, 71):
                yield [filler, before, character, 1]

    # A character that forces UCS-2, wherever it stands.
    for character in NEARLY:
        for length in (69, 70, 133, 134, 159, 160):
            for before in (0, length // 2, length):
                yield ["a", before, character, 1, "{", length - before]

    # Sentences, once and again, whole and cut where a segment ends.
    for number, sentence in enumerate(SENTENCES):
        sentence = sentence.replace("{code}", f"{7919 * number % 1000000:06}").replace("{{", "{").replace("}}", "}")
        for count in range(1, 13):
            yield [sentence, count]
        for length in (67, 70, 71, 134, 153, 154, 160, 161):
            yield [sentence, length // len(sentence), sentence[: length % len(sentence)], 1]

    dice = Dice(1)
    for number in range(3000):
        kinds = [ALPHABET, EXTENSION, EXTENSION, "abc"]
        if number % 3:
            kinds += [NEARLY, EMOJI, MARKED]
        pieces = []
        for _ in range(1 + dice.below(6)):
            pieces += [dice.one(dice.one(kinds)), 1 + dice.below(dice.one((2, 5, 40, 80, 160)))]
        yield pieces


def joined(pieces):
    return "".join(text * count for text, count in zip(pieces[::2], pieces[1::2]))


def python(text):
    """What smsutil says."""
    result = smsutil.split(text)
    if result.encoding == "gsm0338":
        return ["GSM-7", len(result.parts), result.total_bytes]
    return ["UCS-2", len(result.parts), result.total_bytes // 2]


def run(command, lines):
    """What a program prints for these lines."""
    done = subprocess.run(command, input="\n".join(lines) + "\n", stdout=subprocess.PIPE, encoding="utf-8", check=True)
    answers = [json.loads(line) for line in done.stdout.split("\n")[:-1]]
    assert len(answers) == len(lines), command
    return answers


def legible(line):
    """JSON in which what can be seen stands as it is."""
    line = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def main():
    corpus = {}
    for pieces in texts():
        pieces = [part for pair in zip(pieces[::2], pieces[1::2]) if pair[0] and pair[1] for part in pair]
        corpus.setdefault(joined(pieces), pieces)
    lines = [json.dumps(text) for text in corpus]
    from_node = run(["node", str(HERE / "counters.cjs")], lines)
    from_perl = run(["perl", str(HERE / "alphabet.pl")], lines)

    differ = Counter()
    with open(HERE / "corpus.jsonl", "w", encoding="utf-8", newline="\n") as file:
        for (text, pieces), node, perl in zip(corpus.items(), from_node, from_perl):
            encoding, segments, units = node["split-sms"]
            if perl[:2] != [encoding, units]:
                sys.exit(f"split-sms and Encode differ, which nobody has explained yet: {text!r}")
            answers = {"smsutil": python(text), "sms-segments-calculator": node["sms-segments-calculator"]}
            others = {name: answer for name, answer in answers.items() if answer != [encoding, segments, units]}
            differ.update(others.keys())
            file.write(legible([pieces, encoding, segments, units, perl[2], others]) + "\n")
    print(f"{len(corpus)} texts, {os.path.getsize(HERE / 'corpus.jsonl')} bytes; differ: {dict(differ)}")


if __name__ == "__main__":
    main()
