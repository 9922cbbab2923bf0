# C-MOVE or C-GET of studies with pynetdicom; prints the final response as JSON.
import json
from pynetdicom import build_role, evt

plan = json.loads(sys.argv[4])
GET, MOVE = "1.2.840.10008.5.1.4.1.2.2.3", "1.2.840.10008.5.1.4.1.2.2.2"


def store(event, folder):
    name = os.path.join(folder, str(event.request.AffectedSOPInstanceUID))
    with open(name, "wb") as file:
        file.write(event.encoded_dataset())
    return 0x0000


said = []
for step in plan:
    ae = AE(ae_title="RETRIEVER")
    roles, handlers = [], []
    if "to" in step:
        ae.add_requested_context(MOVE)
    else:
        os.makedirs(step["folder"], exist_ok=True)
        ae.add_requested_context(GET)
        for sop_class, syntaxes in step["classes"].items():
            for syntax in syntaxes:
                ae.add_requested_context(sop_class, syntax)
            roles.append(build_role(sop_class, scp_role=True))
        handlers = [(evt.EVT_C_STORE, store, [step["folder"]])]
    keys = Dataset()
    keys.QueryRetrieveLevel = "STUDY"
    keys.StudyInstanceUID = step["studies"]
    assoc = ae.associate(host, port, ae_title=called, ext_neg=roles, evt_handlers=handlers)
    assert assoc.is_established, "not accepted"
    if "to" in step:
        answers = assoc.send_c_move(keys, step["to"], MOVE)
    else:
        answers = assoc.send_c_get(keys, GET)
    status, identifier = list(answers)[-1]
    failed = identifier.get("FailedSOPInstanceUIDList", []) if identifier else []
    said.append({
        "status": status.Status,
        "completed": status.get("NumberOfCompletedSuboperations"),
        "failed": status.get("NumberOfFailedSuboperations"),
        "comment": status.get("ErrorComment"),
        "uids": [str(uid) for uid in ([failed] if isinstance(failed, str) else failed)],
        "alive": assoc.is_established,
    })
    assoc.release()
print("good", json.dumps(said))
