# Compressed streams that are spoiled, and files that are known trouble-makers: no answer is a server
# error or takes long, what cannot be given is 406 with a reason, and the original comes back.
import csv, random, time

from pydicom.uid import generate_uid

SLOW = 5
count, wrong = collections.Counter(), []


def compressed():
    """A small file for each compressed syntax."""
    seen = set()
    with open(os.path.join(FOLDER, "MANIFEST.tsv"), encoding="utf-8") as rows:
        rows = sorted(csv.DictReader(rows, delimiter="\t"), key=lambda row: int(row["bytes"]))
    for row in rows:
        folder, syntax = row["path"].split("/")[0], row["ts_uid"]
        if folder not in ("compressed", "made", "images", "charsets", "seg") or syntax in seen:
            continue
        try:
            ds = pydicom.dcmread(os.path.join(FOLDER, row["path"]))
            if ds.file_meta.TransferSyntaxUID.is_encapsulated and len(ds.PixelData) > 400:
                seen.add(syntax)
                yield row["path"], ds
        except Exception:
            continue


def spoiled(ds):
    """The same with other pixel data, each an instance of its own."""
    whole = ds.PixelData
    # Behind the offset table and the first item's head.
    begin = 8 + int.from_bytes(whole[4:8], "little") + 8
    for kind in ("cut", "bits", "noise", "zeros", "head", "size", "bits allocated", "samples", "no frames"):
        dice = random.Random(kind)
        data = bytearray(whole)
        if kind == "cut":
            half = (begin + (len(data) - begin) // 2) & ~1
            data = data[:half] + b"\xfe\xff\xdd\xe0\0\0\0\0"
            data[begin - 4 : begin] = (half - begin).to_bytes(4, "little")
        elif kind == "bits":
            for _ in range(20):
                data[dice.randrange(begin, len(data) - 8)] ^= 1 << dice.randrange(8)
        elif kind == "noise":
            data[begin + 64 : -8] = dice.randbytes(len(data) - 8 - begin - 64)
        elif kind == "zeros":
            data[begin : len(data) - 8] = bytes(len(data) - 8 - begin)
        elif kind == "head":
            for at in range(begin, begin + 24):
                data[at] = dice.randrange(256)
        new = pydicom.Dataset(ds)
        new.file_meta = pydicom.dataset.FileMetaDataset(ds.file_meta)
        new.SOPInstanceUID = new.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        new["PixelData"] = pydicom.DataElement(0x7FE00010, "OB", bytes(data), is_undefined_length=True)
        if kind == "size":
            new.Rows, new.Columns = 60000, 60000
        elif kind == "bits allocated":
            new.BitsAllocated, new.BitsStored, new.HighBit = 32, 32, 31
        elif kind == "samples":
            new.SamplesPerPixel = 3 if ds.SamplesPerPixel == 1 else 1
        elif kind == "no frames":
            new.NumberOfFrames = 1000000
        buffer = io.BytesIO()
        new.save_as(buffer, enforce_file_format=True)
        yield kind, buffer.getvalue()


def one(name, file):
    status, module = store([file])
    check(status < 500, "STOW gives", status)
    base = stored_path(module) if status in (200, 202) else None
    if base is None:
        count["not stored"] += 1
        return
    asked = [
        ("/frames/1", 'multipart/related; type="application/octet-stream"'),
        ("/frames/1", "image/jls"),
        ("/rendered", "image/png"),
        ("/thumbnail", "image/jpeg"),
        ("", "application/dicom; transfer-syntax=" + EXPLICIT),
        ("", "application/dicom; transfer-syntax=" + RLE),
    ]
    for resource, accept in asked:
        took = SLOW
        # Once more if the machine was busy.
        for _ in range(2):
            started = time.monotonic()
            try:
                status, _, body = ask("GET", base + resource, None, {"Accept": accept})
            except http.client.IncompleteRead:
                # Found out on the way.
                status, body = 200, b""
                count["cut"] += 1
            took = min(took, time.monotonic() - started)
            if took < SLOW:
                break
        check(took < SLOW, resource, accept, "takes", took)
        check(status < 500, resource, accept, "gives", status, body[:200])
        if status >= 400:
            check(json.loads(body)["message"], resource, accept, "without a reason")
            check(status in (400, 404, 406), resource, accept, "gives", status, body[:200])
        count[status] += 1
    status, _, body = ask("GET", base, None, {"Accept": "application/dicom; transfer-syntax=*"})
    check(status == 200 and (body == file or file[128:132] != b"DICM" or is_hidden(module)), "the original is", status)
    count["original"] += 1


def every():
    if sys.argv[3] == "spoiled":
        for path, ds in compressed():
            for kind, file in spoiled(ds):
                yield "%s, %s" % (path, kind), file
    else:
        folder = os.path.join(FOLDER, "malformed")
        for name in sorted(os.listdir(folder)):
            if os.path.getsize(os.path.join(folder, name)) < 100 << 20:
                with open(os.path.join(folder, name), "rb") as file:
                    yield name, file.read()


for name, file in every():
    try:
        one(name, file)
    except Exception as error:
        wrong.append("%s: %s %s" % (name, type(error).__name__, str(error)[:300]))
print(dict(count))
check(not wrong, "\n".join(wrong))
check(count["original"] >= (100 if sys.argv[3] == "spoiled" else 25), "too few")
