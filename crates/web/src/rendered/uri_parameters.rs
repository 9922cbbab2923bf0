//! The query parameters of WADO-URI's rendered images (PS3.18 §9.5.1, §8.3.5.1).

use sagittal_archive::retrieve::InstanceRef;
use sagittal_core::{DataSet, Uid};
use sagittal_pixel::render::{Annotation, Options, Region, Viewport, parse_quality, parse_window};

use super::Parameters;
use super::parameters::bad;
use crate::error::{Error, Result};
use crate::request::Request;
use crate::state::WebState;

/// Columns or rows where only the other is limited.
const UNLIMITED: u32 = 8192;

/// How a picture is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct UriParameters {
    /// The frame, from 1.
    pub frame: Option<u32>,
    options: Options,
    columns: Option<u32>,
    rows: Option<u32>,
    /// Left, top, right and lower edge, as parts of the whole.
    region: Option<[f64; 4]>,
    presentation: Option<Uid>,
    key: String,
}

impl UriParameters {
    /// What the query says of pictures; `None` if it says nothing.
    ///
    /// # Errors
    /// 400 for values that mean nothing.
    pub fn of(request: &Request) -> Result<Option<UriParameters>> {
        let mut found = UriParameters::default();
        let mut key = Vec::new();
        let mut take = |name: &'static str| -> Option<&str> {
            let value = request.parameter(name).filter(|value| !value.is_empty())?;
            key.push(format!("{name}={value}"));
            Some(value)
        };
        let options = &mut found.options;
        if let Some(text) = take("annotation").or_else(|| take("imageAnnotation")) {
            options.annotation = Annotation::parse_list(text).map_err(bad)?;
        }
        if let Some(text) = take("imageQuality") {
            options.quality = Some(parse_quality(text).map_err(bad)?);
        }
        match (take("windowCenter"), take("windowWidth")) {
            (None, None) => {}
            (Some(center), Some(width)) => {
                let window = parse_window(&format!("{center},{width},linear"));
                options.window = Some(window.map_err(bad)?);
            }
            _ => return Err(Error::bad("windowCenter and windowWidth go together")),
        }
        found.columns = take("columns")
            .map(|text| side("columns", text))
            .transpose()?;
        found.rows = take("rows").map(|text| side("rows", text)).transpose()?;
        found.region = take("region").map(region).transpose()?;
        found.frame = take("frameNumber")
            .map(|text| number("frameNumber", text))
            .transpose()?;
        // The series is not needed to find the state, but is part of the request.
        take("presentationSeriesUID");
        found.presentation = take("presentationUID")
            .map(|text| Uid::tolerant(text).map_err(|_| Error::bad("presentationUID is not a UID")))
            .transpose()?;
        found.key = key.join("&");
        Ok((!found.key.is_empty()).then_some(found))
    }

    /// All of it as text.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What depends on the image, or on another object.
    pub async fn resolve(self, state: &WebState, instance: &InstanceRef) -> Result<Parameters> {
        let mut options = self.options;
        if let Some(uid) = &self.presentation {
            let found = state.archive.instance(None, None, uid).await?;
            let header = state.archive.open_instance(found).await?.header().await?;
            options.presentation_state = Some(DataSet::clone(&header));
        }
        if self.columns.is_some() || self.rows.is_some() || self.region.is_some() {
            let image = state
                .archive
                .open_instance(instance.clone())
                .await?
                .image_pixel()
                .await?;
            let (columns, rows) = (f64::from(image.columns), f64::from(image.rows));
            let region = self.region.map(|[left, top, right, lower]| Region {
                x: left * columns,
                y: top * rows,
                width: Some((right - left) * columns),
                height: Some((lower - top) * rows),
            });
            let is_limited = self.columns.is_some() || self.rows.is_some();
            let limit = |asked: Option<u32>, own: u32, part: f64| match asked {
                Some(asked) => asked,
                None if is_limited => UNLIMITED,
                // The part in its own size; at least one pixel, at most all.
                None => ((f64::from(own) * part).ceil() as u32).clamp(1, own.max(1)),
            };
            let part = |from: usize, to: usize| {
                self.region.map_or(1.0, |region| {
                    region.get(to).unwrap_or(&1.0) - region.get(from).unwrap_or(&0.0)
                })
            };
            let width = limit(self.columns, image.columns, part(0, 2));
            let height = limit(self.rows, image.rows, part(1, 3));
            let mut viewport = Viewport::size(width, height).map_err(bad)?;
            viewport.region = region;
            options.viewport = Some(viewport);
        }
        Ok(Parameters::new(options, self.key))
    }
}

fn number(name: &str, text: &str) -> Result<u32> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| Error::bad(format!("{name} is a whole number above 0")))
}

fn side(name: &str, text: &str) -> Result<u32> {
    let side = number(name, text)?;
    match side {
        1..=UNLIMITED => Ok(side),
        _ => Err(Error::bad(format!("{name} is at most {UNLIMITED}"))),
    }
}

/// `xmin,ymin,xmax,ymax`, parts of the whole from 0 to 1.
fn region(text: &str) -> Result<[f64; 4]> {
    let form = || Error::bad("region is xmin,ymin,xmax,ymax, each from 0 to 1");
    let edges: Vec<f64> = text
        .split(',')
        .map(|edge| edge.trim().parse().map_err(|_| form()))
        .collect::<Result<_>>()?;
    match edges[..] {
        [left, top, right, lower]
            if edges.iter().all(|edge| (0.0..=1.0).contains(edge))
                && left < right
                && top < lower =>
        {
            Ok([left, top, right, lower])
        }
        _ => Err(form()),
    }
}
