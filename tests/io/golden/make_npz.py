"""Writes golden/numpy_npz.h: a .npz made byte by byte as numpy.savez and savez_compressed make it
(zipfile with force_zip64), with the standard library alone.  Run: python3 make_npz.py > numpy_npz.h"""

import io
import struct
import zipfile


def npy(descr, shape, data):
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (descr, shape)
    text += " " * (63 - (10 + len(text)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin1") + data


buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
    for name, method, content in [
        ("train", zipfile.ZIP_DEFLATED, npy("<f4", (2, 3), struct.pack("<6f", 0, 1, 2, 3, 4, -5.5))),
        ("labels", zipfile.ZIP_STORED, npy("|u1", (3,), b"\x07\x08\x09")),
    ]:
        info = zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0))
        info.compress_type = method
        with archive.open(info, "w", force_zip64=True) as member:
            member.write(content)

data = buffer.getvalue()
print("#pragma once\n\n#include <cstdint>\n\nnamespace kiln {\n")
print("/// A .npz with train <f4 [2, 3] (deflated) and labels |u1 [3] (stored); made by make_npz.py.")
print("inline constexpr std::uint8_t kNumpyNpz[] = {")
for start in range(0, len(data), 16):
    print("    " + ", ".join("0x%02x" % byte for byte in data[start:start + 16]) + ",")
print("};\n\n}  // namespace kiln")
