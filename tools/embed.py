#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write a text file as a C array: embed.py FILE NAME OUTPUT."""
import sys

source, name, output = sys.argv[1:4]
with open(source, "rb") as file:
    data = file.read()
with open(output, "w", encoding="ascii") as out:
    out.write("#include <stddef.h>\n")
    out.write(f"extern const unsigned char {name}[];\nextern const size_t {name}_bytes;\n")
    out.write(f"const unsigned char {name}[] = {{\n")
    for at in range(0, len(data), 16):
        out.write(" ".join(f"{byte}," for byte in data[at:at + 16]) + "\n")
    out.write(f"0 }};\nconst size_t {name}_bytes = {len(data)};\n")
