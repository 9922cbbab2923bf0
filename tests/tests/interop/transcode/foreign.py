# Pixel data decoded by programs of others: DCMTK (RLE, JPEG, JPEG-LS), OpenJPEG (JPEG 2000, HTJ2K),
# libjxl (JPEG XL), zlib and pydicom (native). It is put before the programs of this folder.
import collections, glob, io, json, os, subprocess, sys, tempfile, warnings, zlib

import numpy, pydicom
from pydicom._uid_dict import UID_dictionary
from pydicom.encaps import generate_frames
from pydicom.pixels import pixel_array
from pydicom.pixels.decoders.rle import _rle_decode_segment

warnings.simplefilter("ignore")
# pynetdicom installs some of the same names as DCMTK, which are other programs.
DCMTK = next(
    folder
    for folder in os.environ["PATH"].split(os.pathsep)
    if os.path.exists(os.path.join(folder, "dcmdrle"))
)
ROOT = "1.2.840.10008.1.2"
EXPLICIT, IMPLICIT, BIG_ENDIAN = ROOT + ".1", ROOT, ROOT + ".2"
DEFLATED, DEFLATED_FRAMES, RLE = ROOT + ".1.99", ROOT + ".8.1", ROOT + ".5"
JPEG = [ROOT + ".4.%d" % n for n in (50, 51, 57, 70)]
JPEG_LS = [ROOT + ".4.80", ROOT + ".4.81"]
JPEG_2000 = [ROOT + ".4.%d" % n for n in (90, 91, 92, 93, 201, 202, 203)]
JPEG_XL = [ROOT + ".4.%d" % n for n in (110, 111, 112)]
# Younger than pydicom.
for uid in [DEFLATED_FRAMES, *JPEG_XL]:
    UID_dictionary.setdefault(uid, ("", "Transfer Syntax", "", "", ""))


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(str(w) for w in what))


def run(*command, codes=(0,), timeout=60):
    """Runs a program; what it says, both ways."""
    ran = subprocess.run(
        [str(c) for c in command], capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL
    )
    said = (ran.stdout + ran.stderr).decode("utf-8", "replace")
    check(ran.returncode in codes, command[0], "gives", ran.returncode, said[-600:])
    return said


def dcmtk(tool, *arguments, **options):
    return run(os.path.join(DCMTK, tool), *arguments, **options)


def shape_of(ds):
    frames = int(ds.get("NumberOfFrames") or 1)
    return frames, int(ds.Rows), int(ds.Columns), int(ds.get("SamplesPerPixel", 1))


def native_samples(ds):
    if "PixelData" not in ds:
        return pixel_array(ds).reshape(shape_of(ds))
    array = pixel_array(ds, raw=True)
    return array.reshape(shape_of(ds))


def stored(array, ds):
    """Only the stored bits count, signed as the data set says."""
    if array.dtype.kind == "f" or ds.BitsAllocated == 1:
        return array
    bits = int(ds.BitsStored)
    value = (array.astype(numpy.int64) >> (int(ds.HighBit) + 1 - bits)) & ((1 << bits) - 1)
    if ds.PixelRepresentation == 1:
        value = numpy.where(value >> (bits - 1), value - (1 << bits), value)
    return value


def netpbm(path):
    """Samples of a binary PGM or PPM: rows, columns, samples."""
    data = open(path, "rb").read()
    words, at = [], 0
    while len(words) < 4:
        end = at
        while data[end : end + 1] not in b" \t\r\n":
            end += 1
        if end > at:
            words.append(data[at:end])
        at = end + 1
    columns, rows, most = (int(w) for w in words[1:])
    kind = ">u2" if most > 255 else "u1"
    samples = 3 if words[0] == b"P6" else 1
    count = rows * columns * samples
    return numpy.frombuffer(data, kind, count, at).reshape(rows, columns, samples), most


def openjpeg(stream, ds, folder):
    """Samples of a JPEG 2000 codestream, as bits."""
    _, rows, columns, samples = shape_of(ds)
    source, target = os.path.join(folder, "a.j2k"), os.path.join(folder, "a.rawl")
    with open(source, "wb") as file:
        file.write(stream)
    run("opj_decompress", "-i", source, "-o", target)
    raw = open(target, "rb").read()
    width = len(raw) // (rows * columns * samples)
    check(width * rows * columns * samples == len(raw) and width in (1, 2), "OpenJPEG:", len(raw), "bytes")
    planes = numpy.frombuffer(raw, "<u%d" % width).reshape(samples, rows, columns)
    return planes.transpose(1, 2, 0)


def libjxl(stream, ds, folder):
    """Samples of a JPEG XL stream."""
    color = int(ds.get("SamplesPerPixel", 1)) == 3
    source, target = os.path.join(folder, "a.jxl"), os.path.join(folder, "a.ppm" if color else "a.pgm")
    with open(source, "wb") as file:
        file.write(stream)
    # Its version 0.7 scales to whole bytes, and does not always say so.
    width = 8 if ds.BitsStored <= 8 else 16
    run("djxl", "--quiet", "--bits_per_sample=%d" % width, source, target)
    array, most = netpbm(target)
    check(most == (1 << width) - 1, "libjxl: up to", most)
    scale = ((1 << int(ds.BitsStored)) - 1) / most
    return numpy.rint(array * scale).astype(numpy.int64)


def decode(path):
    """Data set and stored samples (frames, rows, columns, samples) of a file."""
    ds = pydicom.dcmread(path)
    syntax = str(ds.file_meta.TransferSyntaxUID)
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, "plain.dcm")
        tool = None
        if syntax == RLE and ds.BitsAllocated == 1:
            frames = list(generate_frames(ds.PixelData, number_of_frames=shape_of(ds)[0]))
            # Not DCMTK's affair.
            frames = [bytes(_rle_decode_segment(frame[64:])) for frame in frames]
            return ds, inflated(frames, ds)
        if syntax == RLE:
            tool = ["dcmdrle"]
        elif syntax in JPEG:
            tool = ["dcmdjpeg", "+cn"]
        elif syntax in JPEG_LS:
            tool = ["dcmdjpls"]
        if tool:
            dcmtk(*tool, path, plain)
            decoded = pydicom.dcmread(plain)
            array = native_samples(decoded)
        elif syntax in JPEG_2000 or syntax in JPEG_XL:
            way = openjpeg if syntax in JPEG_2000 else libjxl
            frames = generate_frames(ds.PixelData, number_of_frames=shape_of(ds)[0])
            array = numpy.stack([way(frame, ds, folder) for frame in frames])
        elif syntax == DEFLATED_FRAMES:
            frames = generate_frames(ds.PixelData, number_of_frames=shape_of(ds)[0])
            whole = [zlib.decompressobj(-15).decompress(frame) for frame in frames]
            return ds, stored(inflated(whole, ds), ds)
        else:
            array = native_samples(ds)
        return ds, stored(array, ds)


def inflated(frames, ds):
    """Samples of native frames, each with bytes of its own."""
    shape = shape_of(ds)
    if ds.BitsAllocated == 1:
        bits = [numpy.unpackbits(numpy.frombuffer(f, "u1"), bitorder="little") for f in frames]
        return numpy.stack([b[: shape[1] * shape[2]] for b in bits]).reshape(shape)
    kind = "<u%d" % (ds.BitsAllocated // 8)
    count = shape[1] * shape[2] * shape[3]
    planes = [numpy.frombuffer(f, kind, count) for f in frames]
    if shape[3] == 3 and ds.get("PlanarConfiguration") == 1:
        planes = [p.reshape(3, -1).T for p in planes]
    return numpy.stack([p.reshape(shape[1:]) for p in planes])


def complaints(path):
    """What dicom3tools finds wrong with a file, each once; None if it gives up (samples of 32 bits)."""
    said = run("dciodvfy", path, codes=(0, 1, -6))
    if "Assertion" in said:
        return None
    lines = (line for line in said.splitlines() if line.startswith("Error"))
    return {line.split(" - ", 1)[-1] for line in lines}


def new_complaints(path, source):
    """What it finds in a file, and not in that of which it was made."""
    before, after = complaints(source), complaints(path)
    return set() if before is None else after - before
