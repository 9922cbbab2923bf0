# What the programs of this folder share; it is put before each of them.
import collections, http.client, io, json, os, sys, threading, urllib.parse, warnings

warnings.simplefilter("ignore")
BASE = urllib.parse.urlsplit(sys.argv[1])
FOLDER = sys.argv[2] if len(sys.argv) > 2 else None
BOUNDARY = "foreign-client"
RELATED = 'multipart/related; type="application/dicom"; boundary=%s' % BOUNDARY
local = threading.local()


def ask(method, path, body=None, headers=None):
    """Status, headers (names in lower case) and body; one connection a thread."""
    if getattr(local, "connection", None) is None:
        local.connection = http.client.HTTPConnection(BASE.netloc, timeout=60)
    url = path if path.startswith("/") else BASE.path + "/" + path
    try:
        local.connection.request(method, url, body, headers or {})
        answer = local.connection.getresponse()
        data = answer.read()
    except Exception:
        local.connection.close()
        local.connection = None
        raise
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, data


def related(parts, media_type="application/dicom"):
    body = b""
    for part in parts:
        body += b"--%s\r\nContent-Type: %s\r\n\r\n" % (BOUNDARY.encode(), media_type.encode())
        body += part + b"\r\n"
    return body + b"--%s--\r\n" % BOUNDARY.encode()


def store(files):
    """Status and the Store Instances Response Module."""
    status, _, body = ask("POST", "studies", related(files), {"Content-Type": RELATED, "Accept": "application/dicom+json"})
    try:
        return status, json.loads(body)
    except ValueError:
        raise AssertionError((status, body[:300]))


def stored_path(module):
    """Path of the only instance that is stored, or None."""
    if "00081199" not in module:
        return None
    return urllib.parse.urlsplit(module["00081199"]["Value"][0]["00081190"]["Value"][0]).path


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(str(w) for w in what))


def is_hidden(module):
    """Kept, but another object with its UID is shown."""
    return "00081196" in module["00081199"]["Value"][0]
