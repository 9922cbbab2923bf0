# Are all these files what they were made of? The argument says of each folder with received files:
# the syntaxes that may be in it, and the SOP Instance UIDs that may be missing.
sources, sampled = {}, {}
plan = json.loads(sys.argv[1])
for path in plan["sources"]:
    ds, samples = decode(path)
    sources[ds.SOPInstanceUID] = ds
    sampled[ds.SOPInstanceUID] = samples
wrong, count = [], collections.Counter()


def one(path, name, uid, syntaxes):
    before, (after, samples) = sources[uid], decode(path)
    syntax = str(after.file_meta.TransferSyntaxUID)
    check(syntax in syntaxes, "sent in", syntax)
    check(after.SOPInstanceUID == after.file_meta.MediaStorageSOPInstanceUID == uid, "UID")
    check(samples.shape == sampled[uid].shape, "shape", samples.shape, sampled[uid].shape)
    check((samples == sampled[uid]).all(), "samples differ")
    check(after.get("LossyImageCompression") == before.get("LossyImageCompression"), "lossy")
    for element in before:
        tag = element.tag
        if tag.group in (0x0028, 0x7FE0) or tag.element == 0 or tag.is_private or element.VR in ("SQ", "OB", "OW", "UN"):
            continue
        check(tag in after and after[tag].value == element.value, "another", tag)
    count[name] += 1


for folder in plan["folders"]:
    found = set()
    for path in glob.glob(os.path.join(folder["path"], "*")):
        uid = str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)
        found.add(uid)
        try:
            one(path, folder["name"], uid, folder["syntaxes"])
        except Exception as error:
            wrong.append("%s: %s: %s %s" % (folder["name"], uid, type(error).__name__, str(error)[:300]))
    missing = set(sources) - found - set(folder["refused"])
    if missing or found & set(folder["refused"]):
        wrong.append("%s: missing %s, unexpected %s" % (folder["name"], missing, found & set(folder["refused"])))
print(dict(count))
check(not wrong, "\n".join(wrong))
print("good")
