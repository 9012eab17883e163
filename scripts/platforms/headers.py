"""Prints what the headers of a library say, as JSON: `headers.py FILE`."""

import json
import sys

import lief

lief.logging.disable()

MACHINES = {
    lief.ELF.ARCH.X86_64: 'x64',
    lief.ELF.ARCH.AARCH64: 'arm64',
    lief.ELF.ARCH.ARM: 'arm',
    lief.ELF.ARCH.RISCV: 'riscv64',
    lief.ELF.ARCH.S390: 's390x',
    lief.MachO.Header.CPU_TYPE.X86_64: 'x64',
    lief.MachO.Header.CPU_TYPE.ARM64: 'arm64',
}


def of_elf(library):
    needed = [symbols.get_auxiliary_symbols() for symbols in library.symbols_version_requirement]
    flags = library.get(lief.ELF.DynamicEntry.TAG.FLAGS_1)
    return {
        'os': 'linux',
        'cpu': MACHINES.get(library.header.machine_type),
        'libraries': list(library.libraries),
        'versions': sorted({version.name for versions in needed for version in versions}),
        'exports': sorted(symbol.name for symbol in library.exported_symbols),
        'staysLoaded': flags is not None and flags.has(lief.ELF.DynamicEntryFlags.FLAG.NODELETE),
    }


def of_macho(library):
    version = library.build_version.minos if library.has_build_version else library.version_min.version
    needed = [each for each in library.libraries if each.command != lief.MachO.LoadCommand.TYPE.ID_DYLIB]
    return {
        'os': 'darwin',
        'cpu': MACHINES.get(library.header.cpu_type),
        'libraries': [each.name for each in needed],
        'versions': ['.'.join(str(part) for part in version[:2])],
        'exports': sorted(symbol.name.removeprefix('_') for symbol in library.exported_symbols),
        'unbound': sorted({each.symbol.name for each in library.bindings if not each.has_library}),
        'isSigned': library.has_code_signature,
    }


library = lief.parse(sys.argv[1])
if isinstance(library, lief.MachO.FatBinary):
    library = library.at(0)
print(json.dumps(of_elf(library) if isinstance(library, lief.ELF.Binary) else of_macho(library)))
