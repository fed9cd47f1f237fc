"""Small files of each kind of a user's own data, made from a rule that can be learned."""

from pathlib import Path

import numpy as np


def recordings(path: Path, speakers: int = 3, count: int = 60) -> Path:
    """Sequence classification: recordings of 4 to 9 frames, whose mean gives the speaker away."""
    random = np.random.default_rng(0)
    lines = ["recording_id,frame,c1,c2,speaker"]
    for i in range(count):
        for frame in range(random.integers(4, 10)):
            c1, c2 = random.normal(i % speakers, 0.3), random.normal(0, 1)
            lines.append(f"{i},{frame},{c1:.3f},{c2:.3f},{('Ann', 'Bo', 'Cy')[i % speakers]}")
    path.write_text("\n".join(lines) + "\n")
    return path


def power(path: Path, hours: int = 400) -> Path:
    """Forecasting: two hourly series with a daily season, as Excel writes them in half of Europe."""
    random, hour = np.random.default_rng(1), np.arange(hours)
    temperature = 10 + 5 * np.sin(2 * np.pi * hour / 24) + random.normal(0, 0.5, hours)
    load = 3 - 0.2 * np.roll(temperature, 1) + random.normal(0, 0.1, hours)
    stamps = np.datetime64("2024-01-01T00", "h") + hour
    lines = ["Datum;Temperatur;Last"]
    for stamp, *values in zip(stamps.astype(object), temperature, load, strict=True):
        lines.append(
            ";".join([stamp.strftime("%d.%m.%Y %H:%M"), *(f"{value:.2f}".replace(".", ",") for value in values)])
        )
    path.write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())
    return path


def reviews(path: Path, count: int = 60) -> Path:
    """Text classification: a word gives the label away."""
    random = np.random.default_rng(2)
    filler = ["the film", "was", "really", "quite, I think,", "a bit", '"so" to say']
    lines = ["review\tsentiment"]
    for i in range(count):
        words = [filler[j] for j in random.integers(0, len(filler), 5)]
        words.insert(int(random.integers(0, 5)), ("good", "bad")[i % 2])
        text = " ".join(words).replace('"', '""')
        lines.append(f'"{text}"\t{("positive", "negative")[i % 2]}')
    path.write_text("\n".join(lines) + "\n")
    return path


def story(path: Path) -> Path:
    """Language modelling: a text that repeats itself."""
    path.write_text("to be or not to be, that is the question.\n" * 80)
    return path


def purchases(path: Path, customers: int = 60) -> Path:
    """Event streams with categories, numbers, gaps and missing values; who calls support leaves."""
    random = np.random.default_rng(3)
    lines = ["customer,timestamp,action,channel,amount,left"]
    for i in range(customers):
        time, leaves = np.datetime64("2024-03-01T08:00:00"), i % 2 == 0
        for step in range(random.integers(3, 8)):
            time += np.timedelta64(int(random.integers(60, 90_000)), "s")
            action = "support" if leaves and step == 1 else random.choice(["view", "buy", "return"])
            amount = f"{random.gamma(2, 20):.2f}" if action == "buy" else ""
            lines.append(f"c{i},{time},{action},{random.choice(['web', 'app'])},{amount},{'yes' if leaves else 'no'}")
    path.write_text("\n".join(lines) + "\n")
    return path


MAKERS = {
    "recordings.csv": (recordings, "speaker"),
    "power.csv": (power, "Last"),
    "reviews.tsv": (reviews, "sentiment"),
    "story.txt": (story, None),
    "purchases.csv": (purchases, "left"),
}
