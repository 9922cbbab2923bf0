# dicomweb-client stores, searches and retrieves real files of many kinds; pydicom knows the truth.
import csv, logging
import numpy, pydicom
from pydicom.encaps import get_frame
from dicomweb_client.api import DICOMwebClient

logging.disable(logging.CRITICAL)
client = DICOMwebClient(sys.argv[1])
count, failures = collections.Counter(), []
COMPARED = "AE AS CS DA DS DT IS LO LT PN SH SL SS ST TM UI UL US".split()

# Media types of frames as they are stored, as far as the client knows them.
OCTETS = ("application/octet-stream", "1.2.840.10008.1.2.1")
KINDS = {
    "1.2.840.10008.1.2." + end: (kind, "1.2.840.10008.1.2." + end)
    for kind, ends in {
        "image/jpeg": ("4.50", "4.51", "4.57", "4.70"),
        "image/jls": ("4.80", "4.81"),
        "image/jp2": ("4.90", "4.91"),
        "image/dicom-rle": ("5",),
    }.items()
    for end in ends
}


def candidates():
    """Paths, and what the folder's list says of their kind, if it has one."""
    manifest = os.path.join(FOLDER, "MANIFEST.tsv")
    if os.path.exists(manifest):
        with open(manifest, encoding="utf-8") as rows:
            for row in csv.DictReader(rows, delimiter="\t"):
                yield row["path"], (row["ts_uid"], row["modality"])
        return
    for folder, _, names in os.walk(FOLDER):
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), FOLDER), None


def sample():
    """One object for each transfer syntax and modality."""
    seen, kinds = set(), set()
    for path, kind in candidates():
        if kind in kinds or path.split("/")[0] in ("malformed", "codestreams", "dicomdir", "worklist"):
            continue
        try:
            ds = pydicom.dcmread(os.path.join(FOLDER, path))
            uids = ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID
            # Those that pydicom knows.
            ds.file_meta.TransferSyntaxUID.is_encapsulated
        except Exception:
            continue
        kind = kind or (ds.file_meta.TransferSyntaxUID, ds.get("Modality"))
        if not all(uids) or uids[2] in seen or kind in kinds:
            continue
        kinds.add(kind)
        seen.add(uids[2])
        yield path, ds


def frames_of(ds):
    """The frames as PS3.18 gives them, or None where pydicom does not say."""
    number = int(ds.get("NumberOfFrames") or 1)
    keyword = next((k for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData") if k in ds), None)
    syntax = ds.file_meta.TransferSyntaxUID
    if keyword is None or not ds[keyword].value or syntax.name.startswith(("MPEG", "HEVC")):
        return None
    if syntax.is_compressed and syntax.is_encapsulated:
        # A fragment's padding belongs to it.
        return [get_frame(ds.PixelData, n, number_of_frames=number) for n in range(number)]
    bits = int(ds.BitsAllocated)
    length = int(ds.Rows) * int(ds.Columns) * int(ds.get("SamplesPerPixel", 1)) * bits // 8
    if bits % 8 or ds.get("PhotometricInterpretation") == "YBR_FULL_422":
        return None
    value = ds[keyword].value
    if not syntax.is_little_endian and ds[keyword].VR == "OW":
        value = numpy.frombuffer(value, ">u2").astype("<u2").tobytes()
    if len(value) < number * length:
        return None
    return [value[n * length:(n + 1) * length] for n in range(number)]


def compare(ds, got):
    for tag in ds.keys():
        try:
            element = ds[tag]
        except (TypeError, ValueError):
            # A value that pydicom refuses.
            continue
        if element.VR not in COMPARED or element.tag.is_private or element.tag.element == 0:
            continue
        if element.tag == 0x00080005:
            continue
        expected, found = element.value, got.get(element.tag)
        found = None if found is None else found.value
        # Blanks around a value mean nothing.
        same = str(expected).strip() == str(found).strip() or (expected in (None, "", []) and found in (None, "", []))
        if not same and element.VR in ("DS", "IS"):
            same = numpy.allclose(numpy.array(expected, float), numpy.array(found, float))
        if not same and element.VR == "PN":
            # Empty groups and components at the end may go. What pydicom cannot decode is no truth.
            same = str(expected).rstrip("^=") == str(found).rstrip("^=") or "\x1b" in str(expected)
        if not same and element.VM > 1:
            same = [str(v).strip() for v in expected] == [str(v).strip() for v in found]
        check(same, "metadata:", element.tag, element.VR, repr(expected)[:60], repr(found)[:60])
        count["attributes"] += 1


def one(path, ds):
    study, series, instance = ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID
    with open(os.path.join(FOLDER, path), "rb") as file:
        status, module = store([file.read()])
    check(status == 200, "not stored:", status, module)
    found = client.search_for_instances(search_filters={"SOPInstanceUID": instance})
    check(len(found) == 1 and found[0]["0020000E"]["Value"] == [series], "search:", found)
    check(len(client.search_for_series(study, search_filters={"SeriesInstanceUID": series})) == 1, "series")
    check(len(client.search_for_studies(search_filters={"StudyInstanceUID": study})) == 1, "study")

    metadata = client.retrieve_instance_metadata(study, series, instance)
    try:
        got = pydicom.Dataset.from_json(metadata)
    except ValueError:
        # Integers that are none, as they were sent.
        count["refused by pydicom"] += 1
    else:
        compare(ds, got)

    any_syntax = (("application/dicom", "*"),)
    whole = client.retrieve_instance(study, series, instance, media_types=any_syntax)
    check(whole.file_meta.TransferSyntaxUID == ds.file_meta.TransferSyntaxUID, "transfer syntax")
    check(whole.SOPInstanceUID == instance and list(whole.keys()) == list(ds.keys()), "another data set")

    for key, element in metadata.items():
        if "BulkDataURI" not in element:
            continue
        tag = pydicom.tag.Tag(key)
        parts = client.retrieve_bulkdata(element["BulkDataURI"])
        if tag.group != 0x7FE0 and ds.file_meta.TransferSyntaxUID.is_little_endian and isinstance(ds[tag].value, bytes):
            check(b"".join(parts) == ds[tag].value, "bulk data", key)
            count["bulk data"] += 1

    truth = frames_of(ds)
    if truth:
        syntax = str(ds.file_meta.TransferSyntaxUID)
        last = len(truth)
        asked = sorted({1, (last + 1) // 2, last})
        for media_types in ((("application/octet-stream", "*"),), (KINDS.get(syntax, OCTETS),)):
            if ds.file_meta.TransferSyntaxUID.is_encapsulated and media_types[0] == OCTETS:
                continue
            frames = client.retrieve_instance_frames(study, series, instance, asked, media_types=media_types)
            check(len(frames) == len(asked), "frames:", len(frames), "for", asked)
            for number, frame in zip(asked, frames):
                want = truth[number - 1]
                check(frame == want or frame + b"\0" == want, "frame", number, len(frame), len(want))
                count["frames"] += 1
    count["objects"] += 1


studies = collections.defaultdict(set)
for path, ds in sample():
    try:
        one(path, ds)
        studies[ds.StudyInstanceUID].add(ds.SOPInstanceUID)
    except Exception as error:
        failures.append("%s: %s %s" % (path, type(error).__name__, str(error)[:300]))
check(not failures, "\n".join(failures[:40]))

# The levels above: everything that was stored, once.
check({s["0020000D"]["Value"][0] for s in client.search_for_studies(get_remaining=True, limit=7)} == set(studies), "pages")
for study, instances in list(studies.items())[:10]:
    metadata = client.retrieve_study_metadata(study)
    check({m["00080018"]["Value"][0] for m in metadata} == instances, "study metadata")
    got = client.iter_study(study, media_types=(("application/dicom", "*"),))
    check({ds.SOPInstanceUID for ds in got} == instances, "study")
    series = client.search_for_series(study)
    check(sum(s["00201209"]["Value"][0] for s in series) == len(instances), "series counts")
    one_series = series[0]["0020000E"]["Value"][0]
    check(len(client.retrieve_series_metadata(study, one_series)) == series[0]["00201209"]["Value"][0], "series metadata")
    client.delete_study(study)
    check(not client.search_for_studies(search_filters={"StudyInstanceUID": study}), "deleted, and found")
print(dict(count))
check(count["refused by pydicom"] <= 2, "JSON that pydicom does not read")
check(count["objects"] and count["attributes"], "nothing was compared")
if os.path.exists(os.path.join(FOLDER, "MANIFEST.tsv")):
    check(count["objects"] >= 50 and count["frames"] >= 50 and count["bulk data"] >= 5, "too few")
