//! A requestor that shows everything it gets.

use std::collections::HashMap;

use bytes::Bytes;
use sagittal_core::{DataSet, Limits, Tag, Uid, tags};
use sagittal_file::read::read_data_set;
use sagittal_file::write::write_data_set;
use sagittal_net::dimse::{
    CCancelRequest, CEchoRequest, CFindRequest, CGetRequest, CMoveRequest, CStoreRequest,
    CStoreResponse, Command, CommandSet, Priority, Status,
};
use sagittal_net::{Association, Config, Data, Proposal, Received};

use crate::objects::{EXPLICIT, Object, uid};
use crate::server::{Server, ae};

pub const VERIFICATION: &str = "1.2.840.10008.1.1";
pub const PATIENT_FIND: &str = "1.2.840.10008.5.1.4.1.2.1.1";
pub const STUDY_FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
pub const STUDY_MOVE: &str = "1.2.840.10008.5.1.4.1.2.2.2";
pub const STUDY_GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";

pub struct Client {
    pub association: Association,
}

/// What came of a C-MOVE or C-GET.
pub struct Retrieved {
    pub responses: Vec<CommandSet>,
    pub last: CommandSet,
    pub failed: Vec<String>,
    /// Data sets of sub-operations, by SOP Instance UID, with their transfer syntax.
    pub instances: HashMap<String, (Uid, Bytes)>,
}

pub fn proposal(called: &str) -> Proposal {
    Proposal::new(ae("TESTER"), ae(called))
}

/// Elements of an identifier; an empty text is a return key.
pub fn identifier(elements: &[(Tag, &str)]) -> DataSet {
    let mut data_set = DataSet::utf8();
    for (tag, text) in elements {
        if text.is_empty() {
            data_set.put_empty(*tag);
        } else {
            data_set.put_text(*tag, text);
        }
    }
    data_set
}

impl Client {
    pub async fn connect(server: &Server, proposal: &Proposal) -> Client {
        Client::try_connect(server, proposal).await.unwrap()
    }

    pub async fn try_connect(server: &Server, proposal: &Proposal) -> sagittal_net::Result<Client> {
        let port = server.address.port();
        let association =
            Association::connect("127.0.0.1", port, None, proposal, &Config::default()).await?;
        Ok(Client { association })
    }

    /// One SOP class in one transfer syntax each.
    pub async fn simple(server: &Server, classes: &[(&'static str, &'static str)]) -> Client {
        let proposal = classes.iter().fold(proposal("ARCHIVE"), |p, (class, ts)| {
            p.context(uid(class), [uid(ts)])
        });
        Client::connect(server, &proposal).await
    }

    pub fn context(&self, class: &str) -> (u8, Uid) {
        let negotiated = self.association.negotiated();
        let context = negotiated.contexts_for(&uid(class)).next().unwrap();
        (context.id, context.transfer_syntax.clone())
    }

    pub async fn message(&mut self) -> (u8, CommandSet, Bytes) {
        match self.association.receive().await.unwrap() {
            Received::Message(message) => {
                let data = self.association.read_data(1 << 26).await.unwrap();
                (message.context_id, message.command, data)
            }
            other => panic!("{other:?}"),
        }
    }

    pub async fn send(&self, class: &str, command: &CommandSet, data: Option<Bytes>) {
        let (context_id, _) = self.context(class);
        let sender = self.association.sender();
        sender
            .send(context_id, command, Data::from(data))
            .await
            .unwrap();
    }

    pub async fn echo(&mut self) -> Status {
        let request = CEchoRequest {
            affected_sop_class_uid: uid(VERIFICATION),
            message_id: self.association.next_message_id(),
        };
        self.send(VERIFICATION, &request.to_command_set(), None)
            .await;
        let (_, response, _) = self.message().await;
        response.status().unwrap()
    }

    pub fn store_request(&self, object: &Object) -> CStoreRequest {
        CStoreRequest {
            affected_sop_class_uid: object.sop_class_uid.clone(),
            message_id: self.association.next_message_id(),
            priority: Priority::Medium,
            affected_sop_instance_uid: object.sop_instance_uid.clone(),
            move_originator_ae_title: None,
            move_originator_message_id: None,
        }
    }

    pub async fn store(&mut self, object: &Object) -> CStoreResponse {
        let class = object.sop_class_uid.as_str().to_owned();
        let (_, ts) = self.context(&class);
        let request = self.store_request(object);
        let data = object.encode(ts.as_str());
        self.send(&class, &request.to_command_set(), Some(data))
            .await;
        let (_, response, _) = self.message().await;
        CStoreResponse::from_command_set(&response).unwrap()
    }

    pub fn encode(&self, class: &str, identifier: &DataSet) -> Bytes {
        let mut bytes = Vec::new();
        let (_, ts) = self.context(class);
        write_data_set(identifier, ts.as_str(), &mut bytes).unwrap();
        bytes.into()
    }

    pub fn find_request(&self, class: &str) -> CFindRequest {
        CFindRequest {
            affected_sop_class_uid: uid(class),
            message_id: self.association.next_message_id(),
            priority: Priority::Medium,
        }
    }

    /// Answers with their status, and the final response.
    pub async fn find(
        &mut self,
        class: &str,
        identifier: &DataSet,
    ) -> (Vec<(Status, DataSet)>, CommandSet) {
        let request = self.find_request(class).to_command_set();
        let bytes = self.encode(class, identifier);
        self.send(class, &request, Some(bytes)).await;
        let (_, ts) = self.context(class);
        let mut answers = Vec::new();
        loop {
            let (_, response, data) = self.message().await;
            let status = response.status().unwrap();
            if !status.is_pending() {
                return (answers, response);
            }
            let (answer, _) = read_data_set(&data, ts.as_str(), Limits::default()).unwrap();
            answers.push((status, answer));
        }
    }

    pub async fn cancel(&self, class: &str, message_id: u16) {
        let request = CCancelRequest {
            message_id_being_responded_to: message_id,
        };
        self.send(class, &request.to_command_set(), None).await;
    }

    pub async fn get(&mut self, class: &str, identifier: &DataSet) -> Retrieved {
        let request = CGetRequest {
            affected_sop_class_uid: uid(class),
            message_id: self.association.next_message_id(),
            priority: Priority::Medium,
        };
        self.retrieve(class, request.to_command_set(), identifier)
            .await
    }

    pub async fn r#move(&mut self, class: &str, to: &str, identifier: &DataSet) -> Retrieved {
        let request = CMoveRequest {
            affected_sop_class_uid: uid(class),
            message_id: self.association.next_message_id(),
            priority: Priority::Medium,
            move_destination: ae(to),
        };
        self.retrieve(class, request.to_command_set(), identifier)
            .await
    }

    async fn retrieve(
        &mut self,
        class: &str,
        request: CommandSet,
        identifier: &DataSet,
    ) -> Retrieved {
        let bytes = self.encode(class, identifier);
        self.send(class, &request, Some(bytes)).await;
        let mut responses = Vec::new();
        let mut instances = HashMap::new();
        loop {
            let (context_id, command, data) = self.message().await;
            if let Ok(Command::CStoreRequest(store)) = Command::from_command_set(&command) {
                let ts = self.transfer_syntax(context_id);
                let response = CStoreResponse::new(&store, Status::SUCCESS).to_command_set();
                let sender = self.association.sender();
                sender
                    .send(context_id, &response, Data::None)
                    .await
                    .unwrap();
                instances.insert(store.affected_sop_instance_uid.to_string(), (ts, data));
                continue;
            }
            if command.status().unwrap().is_pending() {
                responses.push(command);
                continue;
            }
            let (_, ts) = self.context(class);
            let (list, _) = read_data_set(&data, ts.as_str(), Limits::default()).unwrap();
            return Retrieved {
                responses,
                last: command,
                failed: list.texts(tags::FAILED_SOP_INSTANCE_UID_LIST),
                instances,
            };
        }
    }

    fn transfer_syntax(&self, context_id: u8) -> Uid {
        let negotiated = self.association.negotiated();
        negotiated
            .context(context_id)
            .unwrap()
            .transfer_syntax
            .clone()
    }
}

/// A client for C-STORE of these classes in Explicit VR Little Endian, and objects stored with it.
pub async fn stored(server: &Server, objects: &[Object]) {
    let mut classes: Vec<Uid> = objects.iter().map(|o| o.sop_class_uid.clone()).collect();
    classes.dedup();
    let proposal = classes.into_iter().fold(proposal("ARCHIVE"), |p, class| {
        p.context(class, [uid(EXPLICIT)])
    });
    let mut client = Client::connect(server, &proposal).await;
    for object in objects {
        assert_eq!(client.store(object).await.status, Status::SUCCESS);
    }
    client.association.release().await.unwrap();
}
