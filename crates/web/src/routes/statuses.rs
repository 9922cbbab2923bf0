//! Status codes of the routes.

pub(super) const RETRIEVE_STATUSES: &[u16] = &[200, 206, 304, 400, 404, 406, 410];
pub(super) const METADATA_STATUSES: &[u16] = &[200, 304, 400, 404, 406, 410];
pub(super) const VOLUME_STATUSES: &[u16] = &[200, 304, 400, 404, 406, 410, 413, 503];
pub(super) const BULK_STATUSES: &[u16] = &[200, 206, 304, 400, 404, 406, 410, 416];
pub(super) const SEARCH_STATUSES: &[u16] = &[200, 204, 400, 406];
pub(super) const STORE_STATUSES: &[u16] = &[200, 202, 400, 406, 408, 409, 413, 415, 503, 507];
pub(super) const DELETE_STATUSES: &[u16] = &[204, 400, 404, 410];
