# Objects made by pydicom and pictures read by Pillow, for the programs of this folder.
import numpy, PIL.Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

XA, CT = "1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.2"
BLENDING, ADVANCED = "1.2.840.10008.5.1.4.1.1.11.4", "1.2.840.10008.5.1.4.1.1.11.8"
STUDY = generate_uid()


def item(**values):
    ds = Dataset()
    for name, value in values.items():
        setattr(ds, name, Sequence(value) if name.endswith("Sequence") else value)
    return ds


def instance(sop_class, modality, **values):
    ds = item(**values)
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, generate_uid()
    ds.Modality, ds.PatientID, ds.PatientName = modality, "P1", "Test^Picture"
    return ds


def image(sop_class, modality, frames, **values):
    """Grey, 12 bits."""
    ds = instance(sop_class, modality, **values)
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.Rows, ds.Columns = frames.shape[-2:]
    if frames.ndim == 3:
        ds.NumberOfFrames = len(frames)
    ds.PixelData = frames.astype("<u2").tobytes()
    return ds


def send(*instances):
    files = []
    for ds in instances:
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        out = io.BytesIO()
        ds.save_as(out, enforce_file_format=True)
        files.append(out.getvalue())
    status, answer = store(files)
    check(status == 200, status, answer)


def path(ds, rest):
    return "studies/%s/series/%s/instances/%s/%s" % (STUDY, ds.SeriesInstanceUID, ds.SOPInstanceUID, rest)


def picture(ds, rest):
    status, _, body = ask("GET", path(ds, rest), None, {"Accept": "image/png"})
    check(status == 200, rest, status, body[:300])
    return numpy.asarray(PIL.Image.open(io.BytesIO(body))).astype(float)


def window(values, center, width):
    """Linear, PS3.3 section C.11.2.1.2.1, to 0 to 255."""
    low, high = center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
    inside = ((values - (center - 0.5)) / (width - 1) + 0.5) * 255
    return numpy.where(values <= low, 0, numpy.where(values > high, 255, inside))


def compare(found, expected, what):
    check(found.shape == expected.shape, what, "shapes", found.shape, expected.shape)
    most = abs(found - expected).max()
    check(most <= 1, what, "differs by", most)
    check(expected.std() > 10, what, "shows nothing")
    print(what, "differs by at most", round(float(most), 3))
