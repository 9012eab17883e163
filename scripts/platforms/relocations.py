"""Rewrites a library so that a loader without DT_RELR loads it: `relocations.py FILE`, in place.

Musl up to 1.2.3 ignores the compact table of relative relocations (DT_RELR), and the library crashes. Its entries are
added to the long table (DT_RELA) here. 64-bit ELF in little-endian order only.
"""

import struct
import sys

import lief

RELATIVE = {lief.ELF.ARCH.X86_64: 8, lief.ELF.ARCH.AARCH64: 1027}
TAG = lief.ELF.DynamicEntry.TAG

#: What any loader leaves alone.
IGNORED = 0x6FFFFD00

WORD = 8


def addresses(table):
    """The addresses that a table of DT_RELR stands for: an even word is one, an odd word a bitmap of those behind it."""
    base = 0
    for (word,) in struct.iter_unpack('<Q', table):
        if word & 1 == 0:
            yield word
            base = word + WORD
        else:
            yield from (base + WORD * bit for bit in range(63) if word >> (bit + 1) & 1)
            base += WORD * 63


def main(file):
    library = lief.ELF.parse(file)
    if not library.has(TAG.RELR):
        return

    def bytes_at(address, length):
        return bytes(library.get_content_from_virtual_address(address, length))

    def entry(tag):
        return library.get(tag).value

    kind = RELATIVE[library.header.machine_type]
    relative = b''.join(
        struct.pack('<QQ', address, kind) + bytes_at(address, WORD)
        for address in addresses(bytes_at(entry(TAG.RELR), entry(TAG.RELRSZ)))
    )
    # The relative ones come first: that is what DT_RELACOUNT counts.
    table = relative + bytes_at(entry(TAG.RELA), entry(TAG.RELASZ))
    with open(file, 'rb') as source:
        data = bytearray(source.read())
    write(data, table, len(relative) // 24)
    with open(file, 'wb') as target:
        target.write(data)


def write(data, table, count):
    """Appends the table to the library in a segment of its own, which takes the place of its notes, and names it."""
    programs, size, number = struct.unpack_from('<Q', data, 32)[0], *struct.unpack_from('<HH', data, 54)
    headers = [programs + size * i for i in range(number)]
    loads = [at for at in headers if struct.unpack_from('<I', data, at)[0] == 1]
    ends = [sum(struct.unpack_from('<QxxxxxxxxxxxxxxxxQ', data, at + 16)) for at in loads]
    page = 0x10000
    offset = (len(data) + page - 1) // page * page
    address = (max(ends) + page - 1) // page * page
    data.extend(bytes(offset - len(data)) + table)
    spare = next(at for at in headers if struct.unpack_from('<I', data, at)[0] in (4, 0x6474E550, 0x6474E553))
    struct.pack_into('<IIQQQQQQ', data, spare, 1, 4, offset, address, address, len(table), len(table), page)
    # Segments that are loaded stand in the order of their addresses.
    moved = [bytes(data[at : at + size]) for at in headers]
    own = moved.pop((spare - programs) // size)
    last = max(i for i, each in enumerate(moved) if struct.unpack_from('<I', each)[0] == 1)
    moved.insert(last + 1, own)
    data[programs : programs + size * number] = b''.join(moved)
    dynamic = next(at for at in headers if struct.unpack_from('<I', data, at)[0] == 2)
    at = struct.unpack_from('<Q', data, dynamic + 8)[0]
    while (tag := struct.unpack_from('<q', data, at)[0]) != 0:
        if tag in (35, 36, 37):
            struct.pack_into('<q', data, at, IGNORED + tag)
        elif tag == 7:
            struct.pack_into('<Q', data, at + 8, address)
        elif tag == 8:
            struct.pack_into('<Q', data, at + 8, len(table))
        elif tag == 0x6FFFFFF9:
            struct.pack_into('<Q', data, at + 8, struct.unpack_from('<Q', data, at + 8)[0] + count)
        at += 16


main(sys.argv[1])
