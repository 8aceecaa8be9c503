#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write a tar of entries that no tar program would make.

tar.py FILE ENTRY…   an ENTRY: file:PATH:CONTENT dir:PATH link:PATH:TARGET hard:PATH:TARGET
                     null:PATH (a device node) owned:PATH:UID
"""

import io
import sys
import tarfile


def entry(word):
    kind, path, *rest = word.split(":", 2)
    text = rest[0] if rest else ""
    info, content = tarfile.TarInfo(path), b""
    if kind == "file":
        content = text.encode()
        info.size = len(content)
    elif kind == "dir":
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    elif kind == "link":
        info.type, info.linkname = tarfile.SYMTYPE, text
    elif kind == "hard":
        info.type, info.linkname = tarfile.LNKTYPE, text
    elif kind == "null":
        info.type, info.devmajor, info.devminor = tarfile.CHRTYPE, 1, 3
    elif kind == "owned":
        info.uid = int(text)
    else:
        sys.exit(f"unknown entry {word}")
    return info, content


with tarfile.open(sys.argv[1], "w") as archive:
    for word in sys.argv[2:]:
        info, content = entry(word)
        archive.addfile(info, io.BytesIO(content))
