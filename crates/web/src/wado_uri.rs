//! WADO-URI: Retrieve DICOM Instance and Retrieve Rendered Instance (PS3.18 §9.4, §9.5).

use axum::extract::State;
use axum::response::Response;
use sagittal_archive::retrieve::InstanceRef;
use sagittal_audit::Action;
use sagittal_auth::permission;
use sagittal_core::Uid;

use crate::accept::{Accept, Offer};
use crate::authorize::Access;
use crate::conditional;
use crate::dicomweb::Wishes;
use crate::dicomweb::instances::{choose_syntaxes, etag_of, single};
use crate::error::{Error, Result};
use crate::rendered::{self, Subject, UriParameters};
use crate::request::Request;
use crate::state::WebState;

const DICOM: Offer = Offer {
    media_type: "application/dicom",
    multipart: false,
};

/// `GET /wado?requestType=WADO&studyUID=…&seriesUID=…&objectUID=…`.
pub(crate) async fn retrieve(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let asked = Asked::read(&request, state.archive.view().is_some())?;
    access.note(|event| {
        event.action = Action::InstancesTransferred;
        event.add_study(asked.study.as_str());
    });
    let instance = state
        .archive
        .instance(Some(&asked.study), Some(&asked.series), &asked.instance)
        .await?;
    let instance = state.archive.as_given(instance).await?;
    access.instances(1);
    match asked.wanted {
        Wanted::Dicom(wishes) => dicom(&state, &request, instance, &wishes).await,
        Wanted::Rendered(accept, parameters) => {
            picture(&state, &request, instance, &accept, *parameters).await
        }
    }
}

async fn dicom(
    state: &WebState,
    request: &Request,
    instance: InstanceRef,
    wishes: &Wishes,
) -> Result<Response> {
    let instances = vec![instance];
    let etag = etag_of(&instances, &format!("wado{}", wishes.describe()));
    let chosen = choose_syntaxes(instances, wishes)?;
    if conditional::is_known(&request.headers, &etag) {
        return Ok(conditional::not_modified(&etag));
    }
    let mut response = single(&state.archive, chosen).await?;
    conditional::mark(response.headers_mut(), &etag);
    Ok(response)
}

async fn picture(
    state: &WebState,
    request: &Request,
    instance: InstanceRef,
    accept: &Accept,
    parameters: UriParameters,
) -> Result<Response> {
    let frame = parameters.frame;
    if let Some(beyond) = frame.filter(|frame| *frame > instance.number_of_frames) {
        return Err(Error::NotFound(format!(
            "frame {beyond} is not in the instance, which has {}",
            instance.number_of_frames
        )));
    }
    let subject = Subject { instance, frame };
    let media_type = rendered::media_type(accept, &subject)?;
    let etag = etag_of(
        std::slice::from_ref(&subject.instance),
        &format!("wado {media_type} {}", parameters.key()),
    );
    if conditional::is_known(&request.headers, &etag) {
        return Ok(conditional::not_modified(&etag));
    }
    let parameters = parameters.resolve(state, &subject.instance).await?;
    let mut response = rendered::single(
        state,
        subject,
        media_type,
        parameters,
        (&request.headers, &etag),
    )
    .await?;
    conditional::mark(response.headers_mut(), &etag);
    Ok(response)
}

/// What the query asks for.
struct Asked {
    study: Uid,
    series: Uid,
    instance: Uid,
    wanted: Wanted,
}

enum Wanted {
    Dicom(Wishes),
    Rendered(Accept, Box<UriParameters>),
}

impl Asked {
    fn read(request: &Request, is_view: bool) -> Result<Asked> {
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
        match request.parameter("anonymize") {
            None => {}
            Some("yes") if is_view => {}
            Some("yes") => {
                return Err(Error::not_acceptable(
                    "instances are not de-identified on the way out",
                ));
            }
            Some(_) => return Err(Error::bad("anonymize: yes expected")),
        }
        Ok(Asked {
            study,
            series,
            instance,
            wanted: Wanted::read(request)?,
        })
    }
}

impl Wanted {
    /// An explicit content type is what is wanted; a browser's Accept header is not. Without one,
    /// parameters of pictures ask for a picture.
    fn read(request: &Request) -> Result<Wanted> {
        let parameters = UriParameters::of(request)?;
        let content_type = request
            .parameter("contentType")
            .filter(|text| !text.is_empty());
        let accept = match content_type {
            Some(text) => Accept::parse(text)?,
            None if parameters.is_some() => Accept::anything(),
            None => request.accept()?,
        };
        let is_dicom = accept.choose(&[DICOM]).is_ok();
        if is_dicom
            && (parameters.is_none()
                || content_type.is_some_and(|text| text.contains("application/dicom")))
        {
            if parameters.is_some() {
                return Err(Error::bad(
                    "parameters of rendered images do not go with application/dicom",
                ));
            }
            let wishes = match request.parameter("transferSyntax") {
                None | Some("") => Wishes::unspecified(),
                Some(text) => Wishes::exactly(
                    Uid::tolerant(text).map_err(|_| Error::bad("transferSyntax is not a UID"))?,
                ),
            };
            return Ok(Wanted::Dicom(wishes));
        }
        Ok(Wanted::Rendered(
            accept,
            Box::new(parameters.unwrap_or_default()),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn status(query: &str) -> u16 {
        let request = Request::for_test("/wado", query, &[]).unwrap();
        match Asked::read(&request, false) {
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
            ("&contentType=image/jpeg", 200),
            ("&contentType=nonsense", 400),
            ("&anonymize=yes", 406),
            ("&anonymize=no", 400),
            ("&rows=100", 200),
            ("&rows=100&contentType=application/dicom", 400),
            ("&rows=0", 400),
            ("&windowCenter=1&windowWidth=2", 200),
            ("&windowCenter=1", 400),
            ("&windowCenter=1&windowWidth=-2", 400),
            ("&region=0.1,0.1,0.9,0.9&columns=64", 200),
            ("&region=0.9,0.1,0.1,0.9", 400),
            ("&region=1,2,3", 400),
            ("&frameNumber=3&contentType=image/png", 200),
            ("&frameNumber=0", 400),
            ("&imageQuality=101", 400),
            ("&annotation=patient", 200),
            ("&presentationUID=1.2&presentationSeriesUID=1.3", 200),
            ("&presentationUID=a/b", 400),
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
