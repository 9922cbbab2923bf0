//! C-STORE: instances are written as files, or forgotten (PS3.4 Annex B, PS3.7 §9.1.1).

use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use sagittal_core::{DataSet, Limits, Uid};
use sagittal_file::part10::{self, Meta};
use sagittal_file::read::read_data_set;
use sagittal_net::dimse::{CStoreRequest, CStoreResponse, CommandSet, Status};
use sagittal_net::{Association, Error, PresentationContext};

use super::session::Session;

/// Bytes of an instance.
const LONGEST: usize = 2 << 30;

/// Takes an instance and answers.
pub(super) async fn respond(
    session: &Session,
    association: &mut Association,
    context: &PresentationContext,
    request: &CStoreRequest,
) -> Result<CommandSet, Error> {
    let answer = |status: Status, comment: Option<String>| {
        let response = CStoreResponse::new(request, status);
        let response = match comment {
            Some(comment) => response.with_comment(comment),
            None => response,
        };
        response.to_command_set()
    };
    let mut bytes = BytesMut::new();
    let mut is_too_long = false;
    while let Some(fragment) = association.next_data_fragment().await? {
        is_too_long = is_too_long || bytes.len() + fragment.len() > LONGEST;
        if !is_too_long {
            bytes.extend_from_slice(&fragment);
        }
    }
    if is_too_long {
        return Ok(answer(Status::OUT_OF_RESOURCES, None));
    }
    let kept = keep(session, context, request, bytes.freeze());
    match kept.await {
        Ok(()) => {
            let class = &request.affected_sop_class_uid;
            session.say(&format!(
                "stored {} of {class} in {}",
                request.affected_sop_instance_uid, context.transfer_syntax
            ));
            Ok(answer(Status::SUCCESS, None))
        }
        Err((status, why)) => {
            session.say(&format!("not stored: {why}"));
            Ok(answer(status, Some(why)))
        }
    }
}

async fn keep(
    session: &Session,
    context: &PresentationContext,
    request: &CStoreRequest,
    bytes: Bytes,
) -> Result<(), (Status, String)> {
    let understood = read_data_set(&bytes, context.transfer_syntax.as_str(), Limits::default());
    let (data_set, _) =
        understood.map_err(|error| (Status::CANNOT_UNDERSTAND, error.to_string()))?;
    let meta = Meta {
        sop_class_uid: request.affected_sop_class_uid.clone(),
        sop_instance_uid: request.affected_sop_instance_uid.clone(),
        transfer_syntax_uid: context.transfer_syntax.clone(),
        source_ae_title: Some(session.peer.clone()),
    };
    let folder = session.twin.options.received.clone();
    let twin = session.twin.clone();
    let work = move || -> std::io::Result<()> {
        let path = folder
            .map(|folder| write(&folder, &meta, &bytes))
            .transpose()?;
        twin.catalog.put(identified(data_set, &meta), path);
        Ok(())
    };
    let failed = |why: String| (Status::PROCESSING_FAILURE, why);
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| failed(error.to_string()))?
        .map_err(|error| failed(format!("cannot write the file: {error}")))
}

/// With the UIDs of the request, by which storage commitment asks.
fn identified(mut data_set: DataSet, meta: &Meta) -> DataSet {
    data_set.put_uid(sagittal_core::tags::SOP_CLASS_UID, &meta.sop_class_uid);
    data_set.put_uid(
        sagittal_core::tags::SOP_INSTANCE_UID,
        &meta.sop_instance_uid,
    );
    data_set
}

/// A UID has no characters that mean anything in a path.
fn write(folder: &Path, meta: &Meta, bytes: &[u8]) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let name =
        |ending: &str| folder.join(format!("{}.{ending}", file_name(&meta.sop_instance_uid)));
    let (new, path) = (name("part"), name("dcm"));
    let mut content = part10::write_header(meta);
    content.extend_from_slice(bytes);
    std::fs::write(&new, content)?;
    std::fs::rename(&new, &path)?;
    Ok(path)
}

fn file_name(uid: &Uid) -> &str {
    uid.as_str()
}
