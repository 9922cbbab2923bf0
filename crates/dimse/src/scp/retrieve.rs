//! What C-MOVE and C-GET have in common: which instances are meant, and in which form
//! (PS3.4 §C.4.2, §C.4.3, Annexes Y and Z).

use std::sync::Arc;

use bytes::Bytes;
use sagittal_archive::retrieve::InstanceRef;
use sagittal_auth::{Authorized, permission};
use sagittal_core::DataSet;
use sagittal_net::dimse::Status;

use super::operation::Operation;
use super::{composite, identifier};
use crate::registry::Model;
use crate::status::Failure;

/// What of an instance is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// All of it.
    Whole,
    /// A new instance with these frames, counted from 0.
    Frames(Arc<[u32]>),
    /// All but bulk data.
    WithoutBulkData,
}

/// What is to be sent.
pub(super) struct Plan {
    pub(super) instances: Vec<InstanceRef>,
    pub(super) form: Form,
}

/// Reads the identifier and finds the instances.
pub(super) async fn plan(
    caller: &Authorized<permission::Retrieve>,
    operation: &Operation,
    identifier: &Bytes,
) -> Result<Plan, Failure> {
    let identifier = operation.identifier(identifier)?;
    let model = operation
        .service()
        .and_then(|service| service.model)
        .ok_or_else(|| Failure::new(Status::SOP_CLASS_NOT_SUPPORTED, "no retrieve service"))?;
    tracing::debug!(caller = %caller.caller().name, ?model, "retrieve");
    let instances = match model {
        Model::CompositeInstanceRoot => return composite::plan(operation, &identifier).await,
        Model::WithoutBulkData => {
            return Ok(Plan {
                instances: select(operation, model, &identifier).await?,
                form: Form::WithoutBulkData,
            });
        }
        Model::PatientRoot | Model::StudyRoot | Model::PatientStudyOnly => {
            select(operation, model, &identifier).await?
        }
    };
    Ok(Plan {
        instances,
        form: Form::Whole,
    })
}

/// The instances that an identifier names by the unique keys of its level.
pub(super) async fn select(
    operation: &Operation,
    model: Model,
    identifier: &DataSet,
) -> Result<Vec<InstanceRef>, Failure> {
    let session = &operation.session;
    let level = identifier::level(model, identifier)?;
    let relational = session
        .negotiated
        .extended_for(&operation.context.abstract_syntax)
        .and_then(<[u8]>::first)
        == Some(&1);
    let has_hierarchy = !matches!(model, Model::CompositeInstanceRoot | Model::WithoutBulkData);
    if has_hierarchy && session.provider.config.strict_hierarchy && !relational {
        identifier::check_hierarchy(model, level, identifier)?;
    }
    let selector = identifier::selector(level, identifier)?;
    session
        .provider
        .archive
        .instances(&selector)
        .await
        .map_err(|error| Failure::of(operation.kind, &error))
}
