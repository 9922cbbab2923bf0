# Receivers of pynetdicom that take few transfer syntaxes, each at a port of its own. The argument
# says of each: port, folder, and the syntaxes of each SOP class. What comes is written as it comes.
import json, os, sys, time
from pynetdicom import AE, evt


def store(event, folder):
    name = os.path.join(folder, str(event.request.AffectedSOPInstanceUID))
    with open(name, "wb") as file:
        file.write(event.encoded_dataset())
    return 0x0000


for receiver in json.loads(sys.argv[1]):
    os.makedirs(receiver["folder"], exist_ok=True)
    ae = AE(ae_title="ANY-SCP")
    for sop_class, syntaxes in receiver["classes"].items():
        ae.add_supported_context(sop_class, syntaxes)
    handlers = [(evt.EVT_C_STORE, store, [receiver["folder"]])]
    ae.start_server(("127.0.0.1", receiver["port"]), block=False, evt_handlers=handlers)
while True:
    time.sleep(60)
