#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""A terminal's screen, as `tmux capture-pane -e -p` prints it, as an SVG picture: stdin to stdout."""
import re
import sys
from html import escape

WIDTH, HEIGHT, PAD = 8.4, 17, 12
PLAIN, GROUND = "#d6deeb", "#0f1720"
NORMAL = ["#3b4252", "#e0626e", "#7fc47f", "#e0b95e", "#6fa8dc", "#b48ead", "#6fc3c3", PLAIN]
BRIGHT = ["#7b869c", "#ff7b86", "#97e297", "#ffd479", "#8ec5ff", "#d3a6ce", "#8be0e0", "#ffffff"]


def colour(number):
    if number < 8:
        return NORMAL[number]
    if number < 16:
        return BRIGHT[number - 8]
    if number >= 232:
        return "#%02x%02x%02x" % ((8 + 10 * (number - 232),) * 3)
    levels = [0, 95, 135, 175, 215, 255]
    number -= 16
    return "#%02x%02x%02x" % (levels[number // 36], levels[number // 6 % 6], levels[number % 6])


class Style:
    def __init__(self):
        self.fore = self.back = None
        self.bold = self.faint = self.reverse = False

    def take(self, codes):
        codes = [int(each or 0) for each in codes.split(";")]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.__init__()
            elif code in (38, 48) and len(codes) > 1 and codes[0] == 5:
                setattr(self, "fore" if code == 38 else "back", colour(codes[1]))
                del codes[:2]
            elif code in (1, 22):
                self.bold, self.faint = code == 1, False
            elif code == 2:
                self.faint = True
            elif code in (7, 27):
                self.reverse = code == 7
            elif 30 <= code < 38 or 90 <= code < 98:
                self.fore = colour(code - 30 if code < 38 else code - 82)
            elif 40 <= code < 48 or 100 <= code < 108:
                self.back = colour(code - 40 if code < 48 else code - 92)
            elif code in (39, 49):
                setattr(self, "fore" if code == 39 else "back", None)

    def colours(self):
        fore = self.fore or (BRIGHT[0] if self.faint else PLAIN)
        back = self.back or GROUND
        return (back, fore) if self.reverse else (fore, back)


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    plain = [re.sub(r"\x1b\[[0-9;]*m|\x0e|\x0f", "", line) for line in lines]
    columns = max([len(line) for line in plain] + [40])
    width, height = columns * WIDTH + 2 * PAD, len(lines) * HEIGHT + 2 * PAD
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
          f'viewBox="0 0 {width:.0f} {height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">')
    print(f'<rect width="100%" height="100%" rx="6" fill="{GROUND}"/>')
    style = Style()
    for row, line in enumerate(lines):
        column = 0
        for part in re.split(r"(\x1b\[[0-9;]*m|\x0e|\x0f)", line):
            if part.startswith("\x1b["):
                style.take(part[2:-1])
            elif part and part not in "\x0e\x0f":
                x, y = PAD + column * WIDTH, PAD + row * HEIGHT
                fore, back = style.colours()
                if back != GROUND:
                    print(f'<rect x="{x:.1f}" y="{y}" width="{len(part) * WIDTH:.1f}" height="{HEIGHT}" fill="{back}"/>')
                if part.strip():
                    weight = ' font-weight="bold"' if style.bold else ""
                    print(f'<text x="{x:.1f}" y="{y + 13}" fill="{fore}"{weight} xml:space="preserve" '
                          f'textLength="{len(part) * WIDTH:.1f}">{escape(part)}</text>')
                column += len(part)
    print("</svg>")


main()
