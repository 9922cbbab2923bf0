# QIDO-RS: each parameter on each of the six resources against what pydicom says of the same objects.
import fnmatch, unicodedata
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

PREFIX = "1.2.826.0.1.3680043.10.1338."
NAMES = ["Doe^Jane", "DOE^JOHN", "Müller^Änne", "山田^太郎", "O'Neill^Mary^Ann", "Smith^J*hn", ""]
DATES = ["20230101", "20230615", "20240229", "20241231", ""]
TIMES = ["000000", "101500", "101530.5", "235959", ""]
OBJECTS = []


def make(n):
    """Object n: three a series, two series a study."""
    study, series = n // 6, n // 3
    ds = pydicom.Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = PREFIX + "1.%d" % study, PREFIX + "2.%d" % series
    ds.SOPInstanceUID = PREFIX + "3.%d" % n
    ds.PatientName, ds.PatientID = NAMES[study % len(NAMES)], "P%d" % (study % 5)
    ds.StudyDate, ds.StudyTime = DATES[study % 5], TIMES[study % 4]
    ds.AccessionNumber, ds.StudyID = "A-%d" % study, str(study)
    ds.ReferringPhysicianName = "Ref^%d" % (study % 3)
    ds.StudyDescription = "Study %d" % (study % 4)
    ds.Modality = ["CT", "MR", "SR"][series % 3]
    ds.SeriesNumber, ds.SeriesDescription = series, ["Axial", "Scout", ""][series % 3]
    ds.PerformedProcedureStepStartDate = DATES[(series + 1) % 4]
    request = pydicom.Dataset()
    request.ScheduledProcedureStepID, request.RequestedProcedureID = "S%d" % (series % 4), "R%d" % (series % 3)
    ds.RequestAttributesSequence = [request]
    ds.InstanceNumber, ds.Rows, ds.Columns = n % 3 + 1, 4 + n % 2, 4
    ds.BitsAllocated = 8
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    OBJECTS.append(ds)
    return out.getvalue()


def value(ds, path):
    for keyword in path.split(".")[:-1]:
        ds = ds[keyword].value[0]
    element = ds[path.split(".")[-1]]
    return "" if element.value is None else str(element.value)


def folded(text):
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def matches(ds, key, want):
    if key == "ModalitiesInStudy":
        return any(o.Modality == want for o in OBJECTS if o.StudyInstanceUID == ds.StudyInstanceUID)
    found = value(ds, key)
    if key.endswith(("Date", "Time")) and "-" in want:
        low, high = want.split("-")
        if key.endswith("Time"):
            # As precise as the end that is given.
            return found != "" and (low == "" or found >= low) and (high == "" or found[: len(high)] <= high)
        return found != "" and (low == "" or found >= low) and (high == "" or found <= high)
    if key.endswith("UID"):
        return found in want.replace("\\", ",").split(",")
    if key.endswith("Name"):
        found, want = folded(found), folded(want)
    if any(c in want for c in "*?"):
        return fnmatch.fnmatchcase(found, want.replace("[", "[[]"))
    return found == want


LEVEL = {"0020000D": "StudyInstanceUID", "0020000E": "SeriesInstanceUID", "00080018": "SOPInstanceUID"}
STUDY, SERIES = PREFIX + "1.3", PREFIX + "2.7"
RESOURCES = [
    ("studies", "0020000D", {}),
    ("series", "0020000E", {}),
    ("instances", "00080018", {}),
    ("studies/%s/series" % STUDY, "0020000E", {"StudyInstanceUID": STUDY}),
    ("studies/%s/instances" % STUDY, "00080018", {"StudyInstanceUID": STUDY}),
    ("studies/%s/series/%s/instances" % (STUDY, SERIES), "00080018", {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES}),
]
# Keys of each level; a level has those above it too.
KEYS = {
    0: [
        ("PatientName", ["Doe^Jane", "doe^*", "*^J*", "MULLER^ANNE", "Mü?ler^*", "山田^太郎", "山*", "nobody", "*"]),
        ("PatientID", ["P1", "p1", "P?", "*2", "P9"]),
        ("StudyDate", ["20230615", "20230101-20240229", "-20230615", "20240301-", "20250101-"]),
        ("StudyTime", ["101500", "101500-235959", "-101500", "101530-"]),
        ("AccessionNumber", ["A-3", "A-1*", "*-3", "A"]),
        ("StudyDescription", ["Study 1", "Study*", "*2"]),
        ("ReferringPhysicianName", ["Ref^1", "REF^*"]),
        ("StudyInstanceUID", [STUDY, STUDY + "," + PREFIX + "1.4", PREFIX + "1.99"]),
        ("ModalitiesInStudy", ["MR", "CT", "US"]),
    ],
    1: [
        ("Modality", ["SR", "C?", "US"]),
        ("SeriesDescription", ["Axial", "S*"]),
        ("SeriesNumber", ["7"]),
        ("SeriesInstanceUID", [SERIES, SERIES + "\\" + PREFIX + "2.8"]),
        ("PerformedProcedureStepStartDate", ["20230615-20241231"]),
        ("RequestAttributesSequence.ScheduledProcedureStepID", ["S1", "S?"]),
        ("RequestAttributesSequence.RequestedProcedureID", ["R2"]),
    ],
    2: [
        ("SOPInstanceUID", [PREFIX + "3.20", PREFIX + "3.20," + PREFIX + "3.21"]),
        ("SOPClassUID", ["1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.2"]),
        ("InstanceNumber", ["2"]),
    ],
}


def tags(path):
    return ".".join("%08X" % int(pydicom.tag.Tag(keyword)) for keyword in path.split("."))


def query(resource, parameters):
    """Answers, and the Warning header."""
    text = urllib.parse.urlencode(parameters)
    status, headers, body = ask("GET", resource + ("?" + text if text else ""), None, {"Accept": "application/dicom+json"})
    check(status in (200, 204), resource, parameters, status, body[:200])
    return json.loads(body) if status == 200 else [], headers.get("warning", "")


def truth(level, parents, keys):
    everything = [*parents.items(), *keys]
    return {str(ds[LEVEL[level]].value) for ds in OBJECTS if all(matches(ds, k, v) for k, v in everything)}


def compare(resource, level, parents, keys, names):
    got, _ = query(resource, [(names(k), v) for k, v in keys])
    found = [answer[level]["Value"][0] for answer in got]
    check(len(found) == len(set(found)), resource, keys, "twice")
    expected = truth(level, parents, keys)
    check(set(found) == expected, resource, keys, "found", sorted(found)[:9], "expected", sorted(expected)[:9])
    return len(found)


status, module = store([make(n) for n in range(72)])
check(status == 200, status, module)
count = collections.Counter()
for resource, level, parents in RESOURCES:
    depth = list(LEVEL).index(level)
    own = [(k, v) for d in range(depth + 1) for k, values in KEYS[d] for v in values if k not in parents]
    for key, want in own:
        count["found"] += compare(resource, level, parents, [(key, want)], str)
        count["searches"] += 1
    # As tags, and with another key.
    for n, (key, want) in enumerate(own):
        other = own[(n * 7 + 3) % len(own)]
        pair = [(key, want)] if other[0] == key else [(key, want), other]
        count["found"] += compare(resource, level, parents, pair, tags)
        count["searches"] += 1
    # Pages, in a constant order, cover everything once.
    whole, _ = query(resource, [])
    whole = [answer[level]["Value"][0] for answer in whole]
    check(set(whole) == truth(level, parents, []), resource, "all")
    paged, offset = [], 0
    while True:
        page, warning = query(resource, [("limit", 5), ("offset", offset)])
        check(len(page) <= 5, resource, "limit")
        paged += [answer[level]["Value"][0] for answer in page]
        offset += len(page)
        if not page:
            break
    check(paged == whole, resource, "pages")
    # Attributes that are asked for, by keyword and by tag, and all of them.
    answer = query(resource, [("limit", 1)])[0][0]
    check("00081030" not in answer, resource, "StudyDescription unasked")
    for field in ("StudyDescription", "00081030", "PatientName,StudyDescription"):
        check("00081030" in query(resource, [("limit", 1), ("includefield", field)])[0][0], resource, field)
    check(len(query(resource, [("limit", 1), ("includefield", "all")])[0][0]) > len(answer), resource, "all")
    # Retrieve URLs lead somewhere.
    url = urllib.parse.urlsplit(answer["00081190"]["Value"][0])
    check(url.netloc == BASE.netloc and ask("GET", url.path + "/metadata")[0] == 200, resource, url)

# Counts and modalities of studies.
for answer in query("studies", [])[0]:
    of = [o for o in OBJECTS if o.StudyInstanceUID == answer["0020000D"]["Value"][0]]
    check(answer["00201208"]["Value"][0] == len(of), "instances", answer)
    check(answer["00201206"]["Value"][0] == len({o.SeriesInstanceUID for o in of}), "series", answer)
    check(set(answer["00080061"]["Value"]) == {o.Modality for o in of}, "modalities", answer)
# What makes no sense is refused.
for bad in ("limit=x", "limit=-1", "NoSuchAttribute=1", "StudyDate=yesterday", "PatientName.X=1", "includefield=nothing"):
    check(ask("GET", "studies?" + bad)[0] == 400, bad)
# Fuzzy: what is alike is implementation-defined; what is equal is always.
names = {a["00100010"]["Value"][0]["Alphabetic"] for a in query("studies", [("PatientName", "jane"), ("fuzzymatching", "true")])[0]}
check("Doe^Jane" in names and "山田^太郎" not in names, names)
print(dict(count))
check(count["searches"] > 400 and count["found"] > 1000, "too few")
