"""Writes a trace of a model of two layers with 4 experts or more, as text and as bytes: 50 tokens, 2 experts each, most
of them the first ones."""

import struct
import sys

TOKENS, LAYERS, CHOSEN = 50, (0, 1), 2


def experts(token, layer):
    first = 0 if token % 5 else 2
    return first, first + 1 if (token + layer) % 3 else 3 - first


with open(sys.argv[1], "w", encoding="ascii") as text:
    text.write("token,layer,experts\n")
    for token in range(TOKENS):
        for layer in LAYERS:
            text.write(f"{token},{layer},{','.join(map(str, experts(token, layer)))}\n")

with open(sys.argv[2], "wb") as raw:
    raw.write(b"INLAYRT1" + struct.pack("<3I", len(LAYERS), TOKENS, CHOSEN))
    raw.write(struct.pack(f"<{len(LAYERS)}I", *LAYERS))
    for token in range(TOKENS):
        for layer in LAYERS:
            raw.write(struct.pack(f"<{CHOSEN}H", *experts(token, layer)))
