# All real files go in with STOW-RS, one a request, and come back byte for byte.
import queue
import pydicom

STORED = "application/dicom; transfer-syntax=*"
work, count, failures = queue.Queue(), collections.Counter(), []
for folder, _, names in os.walk(FOLDER):
    for name in sorted(names):
        work.put(os.path.join(folder, name))


def is_complete(path):
    """Would pydicom call it an object that can be kept?"""
    try:
        data_set = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        uids = [data_set.get(k) for k in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")]
        return all(uid and "\\" not in str(uid) and len(uid) <= 64 for uid in uids)
    except Exception:
        return False


def after_meta(file):
    """What follows the File Meta Information, which begins with its length."""
    check(file[132:140] == b"\x02\0\0\0UL\x04\0", "no group length", file[132:140])
    return file[144 + int.from_bytes(file[140:144], "little"):]


def one(path):
    with open(path, "rb") as file:
        sent = file.read()
    status, module = store([sent])
    url = stored_path(module)
    if status not in (200, 202) or url is None:
        count["refused"] += 1
        check(400 <= status < 500, "answers", status)
        check("malformed" in path or not is_complete(path), "refused with", status, module)
        return
    if is_hidden(module):
        count["kept, another is shown"] += 1
        return
    status, headers, got = ask("GET", url, None, {"Accept": STORED})
    check(status == 200, "answers", status, got[:200])
    check(headers["content-type"].startswith("application/dicom"), headers)
    check(int(headers["content-length"]) == len(got), headers)
    if got == sent:
        count["same bytes"] += 1
    elif sent[128:132] == b"DICM" and after_meta(got) == after_meta(sent):
        # The same data set came before with other meta, and is kept once.
        count["same data set"] += 1
    else:
        # Without preamble and meta: these are new, the data set is the same.
        check(sent[128:132] != b"DICM" and got[128:132] == b"DICM", "other bytes", len(sent), len(got))
        check(got.endswith(sent), "another data set")
        count["same data set"] += 1


def run():
    while True:
        try:
            path = work.get_nowait()
        except queue.Empty:
            return
        try:
            one(path)
        except Exception as error:
            failures.append("%s: %s" % (os.path.relpath(path, FOLDER), error))


threads = [threading.Thread(target=run) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(dict(count))
check(not failures, "\n".join(sorted(failures)[:30]))
check(count["same bytes"] > 0, "nothing was stored")
