"""Draws the course of a training run as an SVG."""

import json
from pathlib import Path

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 360, 52, 30, 52, 40


def draw(log: Path, out: Path, facts: int) -> None:
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    last, highest = entries[-1]["tokens"], 3.0
    across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def line(points: list[tuple[float, float]], colour: str) -> str:
        path = " ".join(f"{LEFT + x * across:.1f},{TOP + (1 - min(max(y, 0), 1)) * up:.1f}" for x, y in points)
        return f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{path}"/>'

    def text(x: float, y: float, content: str, anchor: str = "middle", colour: str = "#444") -> str:
        return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}">{content}</text>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for i in range(7):
        y = TOP + up * i / 6
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + across}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(text(LEFT - 8, y + 4, f"{highest * (1 - i / 6):.1f}", "end"))
        parts.append(text(LEFT + across + 8, y + 4, f"{100 * (1 - i / 6):.0f} %", "start"))
    for i in range(5):
        parts.append(text(LEFT + across * i / 4, HEIGHT - 20, f"{last * i / 4 / 1e6:.1f}"))
    parts.append(text(LEFT + across / 2, HEIGHT - 5, "million tokens"))
    parts.append(text(LEFT, 18, "training loss (nats a token)", "start", "#1f77b4"))
    parts.append(text(LEFT + 190, 18, "held-out loss", "start", "#d62728"))
    parts.append(text(LEFT + 290, 18, "test questions answered word for word", "start", "#2ca02c"))
    measured = [e for e in entries if "facts" in e]
    parts.append(line([(e["tokens"] / last, e["loss"] / highest) for e in entries], "#1f77b4"))
    parts.append(line([(e["tokens"] / last, e["held_out"] / highest) for e in measured], "#d62728"))
    parts.append(line([(e["tokens"] / last, e["facts"] / facts) for e in measured], "#2ca02c"))
    out.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")
