//! The query parameters of rendered resources (PS3.18 §8.3.5.1).

use sagittal_pixel::render::{
    Annotation, IccProfile, Options, Viewport, parse_quality, parse_window,
};

use crate::error::{Error, Result};
use crate::request::Request;

/// How pictures are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters {
    /// For the renderer.
    pub options: Options,
    key: String,
}

impl Parameters {
    /// Of a rendered resource.
    ///
    /// # Errors
    /// 400 for values that mean nothing.
    pub fn of(request: &Request) -> Result<Parameters> {
        let mut parameters = Parameters::default();
        let options = &mut parameters.options;
        let mut key = Vec::new();
        let mut take = |name: &'static str| -> Option<&str> {
            let value = request.parameter(name).filter(|value| !value.is_empty())?;
            key.push(format!("{name}={value}"));
            Some(value)
        };
        if let Some(text) = take("annotation") {
            options.annotation = Annotation::parse_list(text).map_err(bad)?;
        }
        if let Some(text) = take("quality") {
            options.quality = Some(parse_quality(text).map_err(bad)?);
        }
        if let Some(text) = take("viewport") {
            options.viewport = Some(Viewport::parse(text).map_err(bad)?);
        }
        if let Some(text) = take("window") {
            options.window = Some(parse_window(text).map_err(bad)?);
        }
        if let Some(text) = take("iccprofile") {
            options.icc_profile = IccProfile::parse(text).map_err(bad)?;
        }
        parameters.key = key.join("&");
        Ok(parameters)
    }

    /// From elsewhere; `key` says all that `options` do.
    pub fn new(options: Options, key: String) -> Parameters {
        Parameters { options, key }
    }

    /// All of it as text, for caches.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// A parameter that means nothing is a bad request.
pub(super) fn bad(error: sagittal_pixel::Error) -> Error {
    Error::bad(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(query: &str) -> u16 {
        let Ok(request) = Request::for_test("/", query, &[]) else {
            return 0;
        };
        Parameters::of(&request).map_or_else(|error| error.status().as_u16(), |_| 200)
    }

    #[test]
    fn parameters_are_read_and_nonsense_is_refused() {
        for good in [
            "",
            "viewport=100,100&quality=50",
            "viewport=100,100,0,0,-50,50",
            "window=40,400,linear",
            "annotation=patient,technique&iccprofile=srgb",
            "unknown=1",
        ] {
            assert_eq!(status(good), 200, "{good}");
        }
        for bad in [
            "viewport=0,1",
            "viewport=a,b",
            "quality=0",
            "quality=x",
            "window=1,2,cubic",
            "annotation=everything",
            "iccprofile=maybe",
        ] {
            assert_eq!(status(bad), 400, "{bad}");
        }
    }
}
