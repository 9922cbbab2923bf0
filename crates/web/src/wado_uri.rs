//! WADO-URI, Retrieve DICOM Instance (PS3.18 §9.4).

use axum::extract::State;
use axum::response::Response;
use sagittal_audit::Action;
use sagittal_auth::permission;
use sagittal_core::Uid;

use crate::accept::{Accept, Offer};
use crate::authorize::Access;
use crate::conditional;
use crate::dicomweb::Wishes;
use crate::dicomweb::instances::{choose_syntaxes, etag_of, single};
use crate::error::{Error, Result};
use crate::request::Request;
use crate::state::WebState;

const DICOM: Offer = Offer {
    media_type: "application/dicom",
    multipart: false,
};

/// Parameters that belong to rendered images alone (PS3.18 §9.5.1).
const RENDERED: &[&str] = &[
    "annotation",
    "imageAnnotation",
    "imageQuality",
    "rows",
    "columns",
    "region",
    "windowCenter",
    "windowWidth",
    "frameNumber",
    "presentationUID",
    "presentationSeriesUID",
];

/// `GET /wado?requestType=WADO&studyUID=…&seriesUID=…&objectUID=…`.
pub(crate) async fn retrieve(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let asked = Asked::read(&request)?;
    access.note(|event| {
        event.action = Action::InstancesTransferred;
        event.add_study(asked.study.as_str());
    });
    let instance = state
        .archive
        .instance(Some(&asked.study), Some(&asked.series), &asked.instance)
        .await?;
    access.instances(1);
    let instances = vec![instance];
    let etag = etag_of(&instances, &format!("wado{}", asked.wishes.describe()));
    let chosen = choose_syntaxes(instances, &asked.wishes)?;
    if conditional::is_known(&request.headers, &etag) {
        return Ok(conditional::not_modified(&etag));
    }
    let mut response = single(&state.archive, chosen).await?;
    conditional::mark(response.headers_mut(), &etag);
    Ok(response)
}

/// What the query asks for.
struct Asked {
    study: Uid,
    series: Uid,
    instance: Uid,
    wishes: Wishes,
}

impl Asked {
    fn read(request: &Request) -> Result<Asked> {
        match request.parameter("requestType") {
            Some(kind) if kind.eq_ignore_ascii_case("WADO") => {}
            _ => return Err(Error::bad("requestType=WADO expected")),
        }
        let uid = |name: &str| -> Result<Uid> {
            let text = request
                .parameter(name)
                .ok_or_else(|| Error::bad(format!("{name} is missing")))?;
            Uid::tolerant(text).map_err(|_| Error::bad(format!("{name} is not a UID")))
        };
        let (study, series, instance) = (uid("studyUID")?, uid("seriesUID")?, uid("objectUID")?);
        // An explicit content type is what is wanted; a browser's Accept header is not.
        let accept = match request.parameter("contentType") {
            Some(text) => Accept::parse(text)?,
            None => request.accept()?,
        };
        accept.choose(&[DICOM])?;
        for name in RENDERED {
            if request.parameter(name).is_some() {
                return Err(Error::bad(format!(
                    "{name} does not go with application/dicom"
                )));
            }
        }
        match request.parameter("anonymize") {
            None => {}
            Some("yes") => {
                return Err(Error::not_acceptable(
                    "instances are not de-identified on the way out",
                ));
            }
            Some(_) => return Err(Error::bad("anonymize: yes expected")),
        }
        let wishes = match request.parameter("transferSyntax") {
            None | Some("") => Wishes::unspecified(),
            Some(text) => Wishes::exactly(
                Uid::tolerant(text).map_err(|_| Error::bad("transferSyntax is not a UID"))?,
            ),
        };
        Ok(Asked {
            study,
            series,
            instance,
            wishes,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn status(query: &str) -> u16 {
        let request = Request::for_test("/wado", query, &[]).unwrap();
        match Asked::read(&request) {
            Ok(_) => 200,
            Err(error) => error.status().as_u16(),
        }
    }

    #[test]
    fn parameters_are_checked_as_ps3_18_says() {
        let base = "requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.4";
        let rows = [
            ("", 200),
            ("&contentType=application/dicom", 200),
            ("&contentType=*/*", 200),
            (
                "&contentType=application%2Fdicom&transferSyntax=1.2.840.10008.1.2.1",
                200,
            ),
            ("&contentType=image/jpeg", 406),
            ("&contentType=nonsense", 400),
            ("&anonymize=yes", 406),
            ("&anonymize=no", 400),
            ("&rows=100", 400),
            ("&windowCenter=1&windowWidth=2", 400),
            ("&transferSyntax=a/b", 400),
            ("&charset=UTF-8", 200),
        ];
        for (more, expected) in rows {
            assert_eq!(status(&format!("{base}{more}")), expected, "{more}");
        }
        for bad in [
            "",
            "requestType=WADO",
            "requestType=WADO&studyUID=1.2&seriesUID=1.3",
            "requestType=X&studyUID=1.2&seriesUID=1.3&objectUID=1.4",
            "requestType=WADO&studyUID=&seriesUID=1.3&objectUID=1.4",
            "requestType=WADO&studyUID=1.2/..&seriesUID=1.3&objectUID=1.4",
        ] {
            assert_eq!(status(bad), 400, "{bad}");
        }
    }
}
