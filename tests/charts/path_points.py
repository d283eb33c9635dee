"""Path data read back by a reader of its own, so that no test asks the code it tests."""

import re

TOKEN = re.compile(r"[MlhvzZ]|-?\d+")


def points(d: str) -> list[list[tuple[int, int]]]:
    """The corners of each subpath, in absolute units."""
    tokens = TOKEN.findall(d)
    paths, x, y, command, i = [], 0, 0, "", 0
    while i < len(tokens):
        if tokens[i].isalpha():
            command = tokens[i]
            i += 1
            if command == "z":
                continue
        if command == "M":
            x, y = int(tokens[i]), int(tokens[i + 1])
            paths.append([(x, y)])
            i += 2
            continue
        if command == "h":
            steps = [(1 if int(tokens[i]) > 0 else -1, 0)] * abs(int(tokens[i]))
            i += 1
        elif command == "v":
            steps = [(0, int(tokens[i]))]
            i += 1
        else:
            steps = [(int(tokens[i]), int(tokens[i + 1]))]
            i += 2
        for dx, dy in steps:
            x, y = x + dx, y + dy
            paths[-1].append((x, y))
    return paths
