# Forms of storing, and what HTTP has besides: HEAD, entity tags, gzip, `accept` in the query.
import gzip
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

PREFIX = "1.2.826.0.1.3680043.10.1339."
DICOM_JSON = {"Accept": "application/dicom+json"}
PIXELS = bytes(range(64))


def make(n):
    ds = pydicom.Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", PREFIX + "3.%d" % n
    ds.StudyInstanceUID, ds.SeriesInstanceUID = PREFIX + "1.%d" % n, PREFIX + "2.%d" % n
    ds.PatientName, ds.PatientID, ds.Modality = "Müller^Änne", "P%d" % n, "OT"
    ds.Rows = ds.Columns = 8
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.PixelData = PIXELS
    ds["PixelData"].VR = "OB"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    return ds, out.getvalue()


def path(ds):
    return "studies/%s/series/%s/instances/%s" % (ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)


def whole(ds):
    status, headers, body = ask("GET", path(ds), None, {"Accept": "application/dicom; transfer-syntax=*"})
    check(status == 200, status, body[:200])
    return body


def two_parts(first_type, first, bulk_type, location):
    """Metadata, and bulk data that they refer to."""
    head = "--%s\r\nContent-Type: %s\r\n\r\n" % (BOUNDARY, first_type)
    middle = "\r\n--%s\r\nContent-Type: %s\r\nContent-Location: %s\r\n\r\n" % (BOUNDARY, bulk_type, location)
    return head.encode() + first + middle.encode() + PIXELS + b"\r\n--%s--\r\n" % BOUNDARY.encode()


def chunks(data):
    for at in range(0, len(data), 100):
        yield data[at:at + 100]


number = 0
# Files, in every dress.
for name, headers, body in [
    ("type unquoted", {"Content-Type": "multipart/related; type=application/dicom; boundary=" + BOUNDARY}, related),
    ("boundary quoted", {"Content-Type": 'multipart/related; boundary="%s"; type="application/dicom"' % BOUNDARY}, related),
    ("no type", {"Content-Type": "multipart/related; boundary=" + BOUNDARY}, related),
    ("capitals", {"Content-Type": 'Multipart/Related; Type="Application/DICOM"; Boundary=' + BOUNDARY}, related),
    ("preamble", {"Content-Type": RELATED}, lambda parts: b"to be ignored\r\n" + related(parts)),
    ("epilogue", {"Content-Type": RELATED}, lambda parts: related(parts) + b"to be ignored"),
    ("part with syntax", {"Content-Type": RELATED}, lambda parts: related(parts, "application/dicom; transfer-syntax=1.2.840.10008.1.2.1")),
    ("one file", {"Content-Type": "application/dicom"}, lambda parts: parts[0]),
    ("gzip", {"Content-Type": RELATED, "Content-Encoding": "gzip"}, lambda parts: gzip.compress(related(parts))),
    ("chunked", {"Content-Type": RELATED}, lambda parts: chunks(related(parts))),
]:
    number += 1
    ds, file = make(number)
    status, _, answer = ask("POST", "studies", body([file]), {**headers, **DICOM_JSON})
    check(status == 200, name, status, answer[:300])
    check(whole(ds) == file, name, "other bytes")

# Metadata in JSON or XML, with bulk data beside.
for name, media_type in [("JSON", "application/dicom+json"), ("XML", "application/dicom+xml")]:
    number += 1
    ds, file = make(number)
    if name == "JSON":
        model = ds.to_json_dict(bulk_data_threshold=1, bulk_data_element_handler=lambda element: "bulk/pixels")
        metadata = json.dumps([model]).encode()
        check(model["7FE00010"] == {"vr": "OB", "BulkDataURI": "bulk/pixels"}, model["7FE00010"])
    else:
        attribute = '<DicomAttribute tag="%08X" vr="%s" keyword="%s">%s</DicomAttribute>'
        rows = []
        for element in ds:
            inner = '<Value number="1">%s</Value>' % element.value
            if element.VR == "PN":
                inner = '<PersonName number="1"><Alphabetic><FamilyName>Müller</FamilyName><GivenName>Änne</GivenName></Alphabetic></PersonName>'
            if element.keyword == "PixelData":
                inner = '<BulkData uri="bulk/pixels"/>'
            rows.append(attribute % (int(element.tag), element.VR, element.keyword, inner))
        metadata = ('<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">%s</NativeDicomModel>' % "".join(rows)).encode()
    content_type = 'multipart/related; type="%s"; boundary=%s' % (media_type, BOUNDARY)
    body = two_parts(media_type, metadata, "application/octet-stream", "bulk/pixels")
    status, _, answer = ask("POST", "studies/%s" % ds.StudyInstanceUID, body, {"Content-Type": content_type, **DICOM_JSON})
    check(status == 200, name, status, answer[:300])
    got = pydicom.dcmread(io.BytesIO(whole(ds)))
    check(got.PixelData == PIXELS and got.PatientName == "Müller^Änne" and got.PatientID == ds.PatientID, name, got)

# Into another study: refused.
ds, file = make(90)
status, _, answer = ask("POST", "studies/1.2.3", related([file]), {"Content-Type": RELATED, **DICOM_JSON})
check(status == 409 and "00081198" in json.loads(answer), status, answer[:200])
check(ask("POST", "studies", b"x", {"Content-Type": "text/plain"})[0] == 415, "415")
check(ask("POST", "studies", b"x", {})[0] == 415, "no type")

# HEAD says what GET says; entity tags; gzip; `accept` in the query.
ds, file = make(1)
study = "studies/%s" % ds.StudyInstanceUID
for resource, accept in [
    (path(ds), "application/dicom; transfer-syntax=*"),
    (study, "multipart/related; type=application/dicom; transfer-syntax=*"),
    (study + "/metadata", "application/dicom+json"),
    (path(ds) + "/frames/1", "multipart/related; type=application/octet-stream"),
    (path(ds) + "/frames/1", "application/octet-stream"),
    (path(ds) + "/bulkdata/7FE00010", "application/octet-stream"),
    (study + "/bulkdata", "multipart/related; type=application/octet-stream"),
    (study + "/pixeldata", "multipart/related; type=application/octet-stream"),
]:
    wanted = {"Accept": accept}
    status, headers, body = ask("GET", resource, None, wanted)
    check(status == 200, resource, status, body[:200])
    head = ask("HEAD", resource, None, wanted)
    check(head[0] == 200 and head[2] == b"", resource, "HEAD", head)
    for name in ("content-length", "etag"):
        check(head[1].get(name) == headers.get(name), resource, name, head[1], headers)
    check(head[1]["content-type"].split("boundary=")[0] == headers["content-type"].split("boundary=")[0], resource, "type")
    tag = headers["etag"]
    for known in (tag, '"other", ' + tag, "W/" + tag, "*"):
        status, _, nothing = ask("GET", resource, None, {**wanted, "If-None-Match": known})
        check(status == 304 and nothing == b"", resource, known, status)
    check(ask("GET", resource, None, {**wanted, "If-None-Match": '"other"'})[0] == 200, resource, "other tag")
    # The query's `accept` comes before the header.
    asked = resource + "?accept=" + urllib.parse.quote(accept)
    status, of_query, _ = ask("GET", asked, None, {"Accept": "text/html,*/*;q=0.1"})
    check(status == 200 and of_query["content-type"].split(";")[0] == headers["content-type"].split(";")[0], asked, status)
plain = ask("GET", study + "/metadata")
check(ask("GET", study + "/metadata?accept=application/dicom+json")[2] == plain[2], "an unescaped +")
status, headers, body = ask("GET", study + "/metadata", None, {"Accept-Encoding": "gzip"})
check(headers.get("content-encoding") == "gzip" and gzip.decompress(body) == plain[2], "gzip", headers)
check(headers["etag"] != plain[1]["etag"], "the same tag for gzip")
status, headers, body = ask("GET", "studies?limit=3", None, {"Accept-Encoding": "gzip", **DICOM_JSON})
body = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
check(len(json.loads(body)) == 3, "search with gzip")
# Ranges of a value.
pixels, octets = path(ds) + "/bulkdata/7FE00010", {"Accept": "application/octet-stream"}
for asked, want in [("bytes=0-9", PIXELS[:10]), ("bytes=60-", PIXELS[60:]), ("bytes=-4", PIXELS[-4:])]:
    status, headers, body = ask("GET", pixels, None, {**octets, "Range": asked})
    check(status == 206 and body == want, asked, status, body)
check(ask("GET", pixels, None, {**octets, "Range": "bytes=64-"})[0] == 416, "416")
print("forms", number)
