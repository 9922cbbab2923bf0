# Frames and instances over the web in every media type and transfer syntax (PS3.18 Tables 8.7.3-4
# and 8.7.3-5), asked for with dicomweb-client and with Python's own HTTP; programs of others decode.
import logging, re
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate

logging.disable(logging.CRITICAL)
client = DICOMwebClient(sys.argv[1])
SOURCES = [
    "compressed/tsmatrix/ctimage-orig.dcm",
    "images/dv3-synthetic_monochrome_uncompressed_12_bit.dcm",
    "images/dp-im00001.implicit_little_endian.dcm",
    "images/pyd-examples_palette.dcm",
    "images/pyd-sc_rgb_expb_16bit.dcm",
    "compressed/pyd-emri_small_rle.dcm",
    "compressed/wg04/vl1_rle.dcm",
    "compressed/dv3-synthetic_monochrome_jpegls_lossless.dcm",
    "charsets/orth-iso_ir13.dcm",
    "made/htj2k_ll_mr1.dcm",
]
# Media type, its syntaxes that lose nothing and can be made; the first is the default.
KINDS = {
    "application/octet-stream": [EXPLICIT],
    "image/jpeg": [ROOT + ".4.70", ROOT + ".4.57"],
    "image/dicom-rle": [RLE],
    "image/jls": [ROOT + ".4.80"],
    "image/jp2": [ROOT + ".4.90"],
    "image/jphc": [ROOT + ".4.201", ROOT + ".4.202"],
    "image/jxl": [ROOT + ".4.110"],
}
count, wrong = collections.Counter(), []


def wrapped(ds, frames, syntax):
    """A file of frames that came alone."""
    new = pydicom.Dataset()
    for element in ds.group_dataset(0x0028):
        if element.tag.element < 0x1000:
            new[element.tag] = element
    new.SOPClassUID, new.SOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    new.NumberOfFrames = len(frames)
    new.file_meta = FileMetaDataset()
    new.file_meta.TransferSyntaxUID = syntax
    new.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    new.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    if new.get("SamplesPerPixel") == 3:
        new.PlanarConfiguration = 0
        if syntax in JPEG_2000:
            new.PhotometricInterpretation = "YBR_RCT"
    if syntax == EXPLICIT:
        new.PixelData = b"".join(frames)
    else:
        new.PixelData = encapsulate(list(frames))
    new["PixelData"].VR = "OW" if syntax == EXPLICIT and ds.BitsAllocated > 8 else "OB"
    path = os.path.join(FOLDER_OF_OURS, "frames.dcm")
    new.save_as(path, enforce_file_format=True)
    return path


def parts(headers, body):
    """Parts of multipart/related: headers and bytes."""
    boundary = re.search(r'boundary="?([^";]+)', headers["content-type"]).group(1).encode()
    for piece in body.split(b"--" + boundary)[1:-1]:
        head, data = piece.split(b"\r\n\r\n", 1)
        lines = (line.split(b":", 1) for line in head.strip().split(b"\r\n"))
        yield {k.strip().lower().decode(): v.strip().decode() for k, v in lines}, data[:-2]


def one(path):
    source = os.path.join(FOLDER, path)
    ds, samples = decode(source)
    with open(source, "rb") as file:
        status, module = store([file.read()])
    check(status == 200, "not stored", status, module)
    base = stored_path(module)
    uids = ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID
    stored_as = str(ds.file_meta.TransferSyntaxUID)
    numbers = sorted({1, samples.shape[0]})
    expected = samples[[n - 1 for n in numbers]]
    for media_type, syntaxes in KINDS.items():
        for syntax in [None, *syntaxes]:
            # Without a name the default is meant, or what is stored if it is of the type.
            wanted = syntax or (stored_as if stored_as in syntaxes else syntaxes[0])
            named = '; transfer-syntax=%s' % syntax if syntax else ""
            accept = 'multipart/related; type="%s"%s' % (media_type, named)
            frames = ",".join(map(str, numbers))
            status, headers, body = ask("GET", base + "/frames/" + frames, None, {"Accept": accept})
            check(status == 200, accept, "gives", status, body[:200])
            got = list(parts(headers, body))
            check(len(got) == len(numbers), accept, len(got), "parts")
            for head, _ in got:
                given = head["content-type"].replace('"', "")
                check(given.split(";")[0] == media_type, accept, "gives", given)
                if media_type.startswith("image/"):
                    check("transfer-syntax=" + wanted in given.replace(" ", ""), accept, "gives", given)
            _, found = decode(wrapped(ds, [data for _, data in got], wanted))
            check(found.shape == expected.shape and (found == expected).all(), accept, "samples differ")
            count[media_type] += 1
            # One frame by itself.
            single = "%s%s" % (media_type, named)
            status, headers, body = ask("GET", base + "/frames/%d" % numbers[-1], None, {"Accept": single})
            check(status == 200 and headers["content-type"].startswith(media_type), single, status)
            check(body == got[-1][1], single, "is another")
        if media_type in ("image/jpeg", "image/dicom-rle", "image/jls", "image/jp2", "application/octet-stream"):
            asked = ((media_type, syntaxes[0]),)
            frames = client.retrieve_instance_frames(*uids, numbers, media_types=asked)
            _, found = decode(wrapped(ds, frames, syntaxes[0]))
            check((found == expected).all(), "dicomweb-client:", asked)
            count["dicomweb-client"] += 1
    for syntax in [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED] + [s for k in KINDS.values() for s in k]:
        target = os.path.join(FOLDER_OF_OURS, "instance.dcm")
        accept = {"Accept": "application/dicom; transfer-syntax=" + syntax}
        status, headers, body = ask("GET", base, None, accept)
        check(status == 200, syntax, "gives", status, body[:200])
        with open(target, "wb") as file:
            file.write(body)
        after, found = decode(target)
        check(str(after.file_meta.TransferSyntaxUID) == syntax, syntax, "gives", after.file_meta.TransferSyntaxUID)
        check(found.shape == samples.shape and (found == samples).all(), syntax, "samples differ")
        check(after.SOPInstanceUID == ds.SOPInstanceUID, "UID")
        count["instances"] += 1
    got = client.retrieve_instance(*uids, media_types=(("application/dicom", EXPLICIT),))
    check((stored(native_samples(got), got) == samples).all(), "dicomweb-client: instance")
    # With loss it is another instance; nobody gets it who does not name it.
    lossy = "application/dicom; transfer-syntax=" + ROOT + ".4.91"
    status, _, body = ask("GET", base, None, {"Accept": lossy})
    if ds.PhotometricInterpretation != "PALETTE COLOR":
        check(status == 200, lossy, status, body[:200])
        after = pydicom.dcmread(io.BytesIO(body))
        check(after.LossyImageCompression == "01" and after.SOPInstanceUID != ds.SOPInstanceUID, "lossy")
    else:
        check(status == 406, lossy, status)
    # Nobody can make these.
    for accept in ("video/mp4", 'multipart/related; type="video/mpeg"', "image/jpeg; transfer-syntax=1.2.3"):
        status, _, body = ask("GET", base + "/frames/1", None, {"Accept": accept})
        check(status == 406 and json.loads(body)["message"], accept, status)


with tempfile.TemporaryDirectory() as FOLDER_OF_OURS:
    for path in SOURCES:
        try:
            one(path)
        except Exception as error:
            wrong.append("%s: %s %s" % (path, type(error).__name__, str(error)[:400]))
print(dict(count))
check(not wrong, "\n".join(wrong))
check(count["instances"] >= 100 and count["dicomweb-client"] >= 40, "too few")
