# Real files of every kind to one transfer syntax without loss; programs of others read the result.
binary, data, work, name = sys.argv[1:5]

# What holds which samples: the rest must be refused.
SOURCES = [
    "compressed/tsmatrix/ctimage-orig.dcm",
    "images/dwv-gdcm-cr-mono1-10-chest.dcm",
    "images/dv3-synthetic_monochrome_uncompressed_12_bit.dcm",
    "images/dv3-synthetic_monochrome_uncompressed_16_bit.dcm",
    "images/rem-dx-im-ge_xr220-1.dcm",
    "images/rem-dx-im-ge_xr220-3.dcm",
    "images/rem-mg-im-ge-sends-scaled.dcm",
    "images/rem-mg-im-ge_seno_2_forpresentation.dcm",
    "deid/dcg-global_patient_id_implicit_vr.dcm",
    "deid/msanon-lung.dcm",
    "images/pyd-emri_small_big_endian.dcm",
    "images/orth-karstenhilbertrf.dcm",
    "images/oct-simple-test.dcm",
    "images/fo-1403-ob.dcm",
    "images/orth-1.2.840.10008.1.2.1.dcm",
    "images/dp-im00001.implicit_little_endian.dcm",
    "images/swift-us_multiframe_metadata.dcm",
    "images/pyd-explvr_bigend.dcm",
    "images/pyd-sc_rgb_expb_16bit.dcm",
    "images/pyd-sc_rgb_expb_2frame.dcm",
    "images/pyd-sc_rgb_expb_32bit_2frame.dcm",
    "images/pyd-examples_palette.dcm",
    "rt/pyd-rtdose.dcm",
    "seg/dcmqi-label.2.seg",
    "seg/swift-seg_binary.dcm",
    "seg/pyd-liver_nonbyte_aligned.dcm",
    "seg/dcmqi-sparse-labelmap-noppv.dcm",
    "seg/pyd-parametric_map_double_float.dcm",
    "wsi/hd-sm_image.dcm",
    "wsi/hd-sm_image_grayscale_reversed.dcm",
    # Compressed ones.
    "compressed/pyd-mr_small_rle.dcm",
    "compressed/dv3-synthetic_monochrome_jpegls_lossless.dcm",
    "compressed/dv3-synthetic_monochrome_jpeg_lossless_p14.dcm",
    "compressed/foc-pm5644-960x540_jpeg-ls_lossless.dcm",
    "compressed/wg04/vl1_rle.dcm",
    "seg/pyd-liver_nonbyte_aligned_rle.dcm",
    "seg/pyd-liver_deflate.dcm",
]
NATIVE = ("explicit", "implicit", "big-endian", "deflated")
# Bits that a coding holds; floating point numbers are native only.
MOST_BITS = {
    "rle": 32, "deflated-frames": 32, "jpeg-lossless": 16, "jpeg-ls": 16,
    "j2k": 16, "htj2k": 16, "htj2k-rpcl": 16, "jxl": 16,
}


def must_be_refused(ds):
    if name in NATIVE:
        return False
    if "PixelData" not in ds or ds.BitsAllocated > MOST_BITS[name]:
        return True
    # The encoder of JPEG XL wants two rows and columns.
    if name == "jxl" and 1 in (ds.Rows, ds.Columns):
        return True
    # PS3.5 sections 8.2.1 and 8.2.3 know no samples of one bit.
    return ds.BitsAllocated == 1 and name in ("jpeg-lossless", "jpeg-ls")


out = os.path.join(work, name)
paths = [os.path.join(data, path) for path in SOURCES]
said = run(binary, "transcode", "--to", name, "--json", "--output", out, *paths, codes=(0, 3), timeout=300)
summary = json.loads(said[said.index("{") : said.rindex("}") + 1])
count, wrong = collections.Counter(), []


def compare(path):
    before, expected = decode(os.path.join(data, path))
    target = os.path.join(out, os.path.basename(path))
    if name == "big-endian" and before.BitsAllocated > 16:
        # OW are words of two bytes for the standard and DCMTK, numbers of four for pydicom.
        count["refused"] += 1
        return
    if must_be_refused(before):
        check(not os.path.exists(target), "written, and cannot be right")
        count["refused"] += 1
        return
    check(os.path.exists(target), "not written")
    dcmtk("dcmdump", "-q", target)
    after, found = decode(target)
    check(expected.shape == found.shape, "shape", expected.shape, found.shape)
    is_ybr = before.PhotometricInterpretation.startswith("YBR")
    if not (is_ybr and after.PhotometricInterpretation in ("RGB", "YBR_RCT")):
        check((expected == found).all(), "samples differ by up to", abs(expected - found).max())
    check(after.SOPInstanceUID == before.SOPInstanceUID == after.file_meta.MediaStorageSOPInstanceUID, "UID")
    check(after.get("ImageType") == before.get("ImageType"), "image type")
    check(after.get("LossyImageCompression") == before.get("LossyImageCompression"), "lossy")
    if int(after.get("SamplesPerPixel", 1)) == 3:
        is_wavelet = name.startswith(("j2k", "htj2k"))
        known = ("RGB", "YBR_RCT") if is_wavelet else ("RGB", "YBR_FULL")
        check(after.PhotometricInterpretation in known, after.PhotometricInterpretation)
        check(after.PlanarConfiguration == 0 or name in (*NATIVE, "rle"), "planar configuration")
    else:
        same = after.PhotometricInterpretation == before.PhotometricInterpretation
        check(same, after.PhotometricInterpretation)
    check(after.PixelRepresentation == before.PixelRepresentation if "PixelRepresentation" in before else True)
    for element in before:
        tag = element.tag
        if tag.group in (0x0028, 0x7FE0) or tag.element == 0 or tag.is_private or element.VR in ("SQ", "OB", "OW", "UN"):
            continue
        check(tag in after and after[tag].value == element.value, "another", tag)
    # dicom3tools knows neither deflated syntaxes nor the younger ones.
    if name not in ("deflated", "deflated-frames", "htj2k", "htj2k-rpcl", "jxl") and "PixelData" in before:
        new = new_complaints(target, os.path.join(data, path))
        check(not new, "dciodvfy:", *sorted(new))
    count["compared"] += 1


for path in SOURCES:
    try:
        compare(path)
    except Exception as error:
        why = [f for f in summary.get("failures", []) if path in json.dumps(f)]
        wrong.append("%s: %s %s %s" % (path, type(error).__name__, str(error)[:300], why))
print(name, dict(count))
check(not wrong, "\n".join(["%s: %d wrong" % (name, len(wrong))] + wrong))
check(count["compared"] >= 24, "too few")
