# Real files with loss: what programs of others decode is close, and the result says what it is.
binary, data, work, name = sys.argv[1:5]

# Lossy syntaxes, what they are called (PS3.3 section C.7.6.1.1.5.1), bits that they hold, and the
# mean and largest difference that is allowed, of the range of 255.
KINDS = {
    "jpeg": ("ISO_10918_1", 8, 3.5, 90),
    "jpeg-ls-lossy": ("ISO_14495_1", 16, 2, 2),
    "j2k-lossy": ("ISO_15444_1", 16, 8, 90),
    "htj2k-lossy": ("ISO_15444_15", 16, 8, 90),
}
METHOD, BITS, MEAN, MOST = KINDS[name]
SOURCES = [
    "compressed/tsmatrix/ctimage-orig.dcm",
    "images/dwv-gdcm-cr-mono1-10-chest.dcm",
    "images/orth-karstenhilbertrf.dcm",
    "images/orth-1.2.840.10008.1.2.1.dcm",
    "images/dp-im00001.implicit_little_endian.dcm",
    "images/pyd-sc_rgb_expb_2frame.dcm",
    "images/pyd-emri_small_big_endian.dcm",
    "images/pyd-examples_palette.dcm",
    "seg/pyd-parametric_map_double_float.dcm",
    "compressed/foc-pm5644-960x540_jpeg-ls_lossless.dcm",
]


def rgb(array, ds):
    """Programs that give luminance and colors as they are stored."""
    if not ds.PhotometricInterpretation.startswith("YBR_FULL"):
        return array.astype(float)
    y, cb, cr = (array[..., n].astype(float) for n in range(3))
    cb, cr = cb - 128, cr - 128
    planes = [y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb]
    return numpy.clip(numpy.stack(planes, -1), 0, 255)


out = os.path.join(work, name)
paths = [os.path.join(data, path) for path in SOURCES]
said = run(binary, "transcode", "--to", name, "--json", "--output", out, *paths, codes=(3,), timeout=300)
summary = json.loads(said[said.index("{") : said.rindex("}") + 1])
count, wrong = collections.Counter(), []


def compare(path):
    source = os.path.join(data, path)
    before, expected = decode(source)
    target = os.path.join(out, os.path.basename(path))
    is_palette = before.PhotometricInterpretation == "PALETTE COLOR"
    if "PixelData" not in before or is_palette or before.BitsStored > BITS:
        check(not os.path.exists(target), "written, and cannot be right")
        count["refused"] += 1
        return
    if name == "jpeg" and before.BitsStored < 8 and not os.path.exists(target):
        count["refused"] += 1
        return
    check(os.path.exists(target), "not written")
    after, found = decode(target)
    check(expected.shape == found.shape, "shape", expected.shape, found.shape)
    differences = abs(rgb(expected, before) - rgb(found, after))
    # JPEG-LS bounds each sample, whatever the range.
    scale = 1 if name == "jpeg-ls-lossy" else 255 / max(255, float(expected.max() - expected.min()))
    check(differences.mean() * scale <= MEAN, "mean difference", differences.mean() * scale)
    # Two pixels share colors in lossy JPEG.
    if not (name == "jpeg" and expected.shape[3] == 3):
        check(differences.max() * scale <= MOST, "largest difference", differences.max() * scale)
    count["largest"] = max(count["largest"], int(differences.max()))

    # Another instance (PS3.3 section C.7.6.1.1.5), which says so and from which it was made.
    check(after.SOPInstanceUID == after.file_meta.MediaStorageSOPInstanceUID, "UID of the meta information")
    check(after.SOPInstanceUID != before.SOPInstanceUID, "the UID of the source")
    check(after.SOPClassUID == before.SOPClassUID == after.file_meta.MediaStorageSOPClassUID, "class")
    check(after.StudyInstanceUID == before.StudyInstanceUID, "study")
    check(after.LossyImageCompression == "01", "LossyImageCompression")
    methods = after.LossyImageCompressionMethod
    check((methods if isinstance(methods, str) else methods[-1]) == METHOD, methods)
    ratios = after.LossyImageCompressionRatio
    ratio = float(ratios if not hasattr(ratios, "__len__") else ratios[-1])
    frames, rows, columns, samples = shape_of(after)
    plain = frames * rows * columns * samples * before.BitsAllocated / 8
    check(0.8 < ratio / (plain / len(after.PixelData)) < 1.3, "ratio", ratio, plain, len(after.PixelData))
    check(after.ImageType[0] == "DERIVED", after.ImageType)
    item = after.SourceImageSequence[0]
    check(item.ReferencedSOPInstanceUID == before.SOPInstanceUID, "source")
    check(item.ReferencedSOPClassUID == before.SOPClassUID, "class of the source")
    check(item.PurposeOfReferenceCodeSequence[0].CodeValue == "121320", "purpose")
    check(after.DerivationDescription, "derivation")
    if samples == 3:
        known = {
            "jpeg": ("YBR_FULL_422", "YBR_FULL"),
            "jpeg-ls-lossy": ("RGB",),
            "j2k-lossy": ("YBR_ICT", "RGB"),
            "htj2k-lossy": ("YBR_ICT", "RGB"),
        }[name]
        check(after.PhotometricInterpretation in known, after.PhotometricInterpretation)
        check(after.PlanarConfiguration == 0, "planar configuration")
    else:
        check(after.PhotometricInterpretation == before.PhotometricInterpretation, "photometric")
    dcmtk("dcmdump", "-q", target)
    # UIDs of the source stand in more places now, and what only original images must have remains.
    allowed = ("Illegal root for UID", "condition unsatisfied")
    new = [c for c in new_complaints(target, source) if not any(a in c for a in allowed)]
    if name == "htj2k-lossy":
        new = []
    check(not new, "dciodvfy:", *sorted(new))
    count["compared"] += 1


for path in SOURCES:
    try:
        compare(path)
    except Exception as error:
        why = [f for f in summary.get("failures", []) if path in json.dumps(f)]
        wrong.append("%s: %s %s %s" % (path, type(error).__name__, str(error)[:300], why))
# The same UID each time, another one for another quality.
first = "images/orth-karstenhilbertrf.dcm"
for folder, options in (("again", []), ("other", ["--quality", "50", "--near", "3", "--ratio", "20"])):
    target = os.path.join(work, folder)
    run(binary, "transcode", "--to", name, *options, "-q", "--output", target, os.path.join(data, first))
    there = pydicom.dcmread(target, stop_before_pixels=True).SOPInstanceUID
    here = pydicom.dcmread(os.path.join(out, os.path.basename(first)), stop_before_pixels=True).SOPInstanceUID
    if (here == there) != (folder == "again"):
        wrong.append("UID %s: %s %s" % (folder, here, there))
print(name, dict(count))
check(not wrong, "\n".join(["%s: %d wrong" % (name, len(wrong))] + wrong))
check(count["compared"] >= 4 and count["refused"] >= 2, "too few")
