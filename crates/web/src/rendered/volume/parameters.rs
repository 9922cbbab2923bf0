//! The query parameters of rendered volumes (PS3.18 §8.3.5.1, §8.3.5.3).

use sagittal_archive::retrieve::VolumeReference;
use sagittal_core::Uid;
use sagittal_pixel::render::{
    Curve, Orientation, Projection, Vector, View, Viewport, Volume, Window, parse_quality,
    parse_window,
};

use super::Resource;
use crate::error::{Error, Result};
use crate::rendered::parameters::bad;
use crate::request::Request;

/// Rows times columns of one picture.
const LARGEST: u64 = 1 << 22;
/// Pictures of an animation.
pub(super) const PICTURES: u32 = 360;
/// Degrees, and millimetres, from picture to picture if nothing is said.
const USUAL_STEP: u32 = 10;
const USUAL_DISTANCE: u32 = 5;
/// Pictures a second if nothing is said.
const USUAL_RATE: f64 = 10.0;

/// How a volume is to be shown.
#[derive(Clone, Debug)]
pub(super) struct VolumeParameters {
    resource: Resource,
    pub references: Vec<VolumeReference>,
    pub method: Method,
    pub camera: Camera,
    /// Millimetres of an MPR slab.
    pub slab: Option<f64>,
    pub animation: Option<Animation>,
    /// Is the Rendered Volume Response Module asked for?
    pub is_module: bool,
    pub window: Option<Window>,
    pub viewport: Option<Viewport>,
    pub quality: Option<u8>,
    key: String,
}

/// `renderingmethod`, PS3.18 §8.3.5.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Shaded,
    Projected(Projection),
}

impl Method {
    fn parse(text: &str) -> Result<Method> {
        match text {
            "volume_rendered" => Ok(Method::Shaded),
            "maximum_ip" => Ok(Method::Projected(Projection::Maximum)),
            "minimum_ip" => Ok(Method::Projected(Projection::Minimum)),
            "average_ip" => Ok(Method::Projected(Projection::Mean)),
            _ => Err(Error::bad(
                "renderingmethod takes volume_rendered, maximum_ip, minimum_ip and average_ip",
            )),
        }
    }

    /// Rendering Method (0070,120D).
    pub fn term(self) -> &'static str {
        match self {
            Method::Shaded => "VOLUME_RENDERED",
            Method::Projected(Projection::Maximum) => "MAXIMUM_IP",
            Method::Projected(Projection::Minimum) => "MINIMUM_IP",
            Method::Projected(Projection::Mean) => "AVERAGE_IP",
        }
    }
}

/// From where one looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Camera {
    /// `orientation`.
    Side(Orientation),
    /// `viewpointposition`, `viewpointlookat`, `viewpointup`.
    Point {
        position: Option<Vector>,
        look_at: Option<Vector>,
        up: Option<Vector>,
    },
}

/// What moves, and by how much from picture to picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Animation {
    pub style: Style,
    /// Degrees or millimetres.
    pub step: u32,
    /// Pictures a second.
    pub rate: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Style {
    /// `swivelrange`: to and fro about the first view, in degrees.
    Swivel(f64),
    /// `volumetriccurvepoint`: cuts across a line.
    Curve(Curve),
}

impl Animation {
    /// How many pictures it has.
    pub fn pictures(&self) -> u32 {
        let length = match &self.style {
            Style::Swivel(range) => *range,
            Style::Curve(curve) => curve.length(),
        };
        // Saturates; it is refused above the limit.
        ((length / f64::from(self.step)).ceil() as u32).max(1)
    }
}

impl VolumeParameters {
    /// Of a request.
    ///
    /// # Errors
    /// 400 for values that mean nothing, or not together.
    pub fn of(resource: Resource, request: &Request) -> Result<VolumeParameters> {
        let mut key = Vec::new();
        let mut take = |name: &'static str| -> Option<&str> {
            let value = request.parameter(name).filter(|value| !value.is_empty())?;
            key.push(format!("{name}={value}"));
            Some(value)
        };
        let references = take("volumeinputreference").map_or(Ok(Vec::new()), references)?;
        let method = take("renderingmethod").map(Method::parse).transpose()?;
        let slab = take("mprslab").map(slab).transpose()?;
        let quality = take("quality").map(|text| parse_quality(text).map_err(bad));
        let window = take("window").map(|text| parse_window(text).map_err(bad));
        let viewport = take("viewport").map(viewport).transpose()?;
        let side = take("orientation").map(|text| Orientation::parse(text).map_err(bad));
        let mut point = |name| take(name).map(|text| vector(name, text)).transpose();
        let position = point("viewpointposition")?;
        let look_at = point("viewpointlookat")?;
        let up = point("viewpointup")?;
        let swivel = take("swivelrange").map(swivel).transpose()?;
        let step = take("animationstepsize").map(step).transpose()?;
        let rate = take("animationrate").map(rate).transpose()?;
        let is_module = match take("renderedvolumetricmetadata") {
            None => false,
            Some("yes") => true,
            Some(_) => return Err(Error::bad("renderedvolumetricmetadata takes yes")),
        };
        let curve = curve(request)?;
        if let Some((_, text)) = &curve {
            key.push(format!("volumetriccurvepoint={text}"));
        }
        let key = key.join("&");
        let has_point = position.is_some() || look_at.is_some() || up.is_some();
        let camera = match side.transpose()? {
            Some(_) if has_point => {
                return Err(Error::bad("orientation and viewpoint… exclude each other"));
            }
            Some(side) => Camera::Side(side),
            None if has_point => Camera::Point {
                position,
                look_at,
                up,
            },
            None => Camera::Side(Orientation::Anterior),
        };
        let method = match (resource, method) {
            (Resource::Mpr, Some(Method::Shaded)) => {
                return Err(Error::bad(
                    "renderingmethod volume_rendered is that of rendered3d",
                ));
            }
            (Resource::Mpr, None) => Method::Projected(Projection::Mean),
            (Resource::ThreeD, None) => Method::Shaded,
            (_, Some(method)) => method,
        };
        if resource == Resource::ThreeD && (slab.is_some() || curve.is_some()) {
            return Err(Error::bad(
                "mprslab and volumetriccurvepoint are those of renderedmpr",
            ));
        }
        let parameters = VolumeParameters {
            resource,
            references,
            method,
            camera,
            slab,
            animation: animation(swivel, curve.map(|(curve, _)| curve), step, rate)?,
            is_module,
            window: window.transpose()?,
            viewport,
            quality: quality.transpose()?,
            key,
        };
        parameters.check_size()?;
        Ok(parameters)
    }

    /// All of it as text, for caches.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Millimetres that are looked through: of a cut none, of a volume seen from outside all.
    pub fn thickness(&self) -> f64 {
        match (self.resource, self.slab) {
            (Resource::ThreeD, _) => f64::INFINITY,
            (Resource::Mpr, slab) => slab.unwrap_or(0.0),
        }
    }

    fn check_size(&self) -> Result<()> {
        let pixels = self.viewport.map_or(1 << 18, |viewport| {
            u64::from(viewport.width) * u64::from(viewport.height)
        });
        let pictures = self.animation.as_ref().map_or(1, Animation::pictures);
        if pictures > PICTURES {
            return Err(Error::bad(format!(
                "an animation has at most {PICTURES} pictures, {pictures} are asked for"
            )));
        }
        let limit = if pictures > 1 { 4 * LARGEST } else { LARGEST };
        if pixels.saturating_mul(pictures.into()) > limit {
            return Err(Error::bad(format!(
                "{pictures} × {pixels} picture elements are too many; ask for a smaller viewport"
            )));
        }
        Ok(())
    }

    /// The view on a volume that it begins with.
    pub fn view(&self, volume: &Volume) -> Result<View> {
        const UP: Vector = [0.0, 0.0, 1.0];
        const FRONT: Vector = [0.0, -1.0, 0.0];
        match self.camera {
            Camera::Side(side) => Ok(View::from_side(side, volume.center())),
            Camera::Point {
                position,
                look_at,
                up,
            } => {
                let look_at = look_at.unwrap_or_else(|| volume.center());
                // From the front if nothing is said.
                let position = position.unwrap_or([look_at[0], look_at[1] - 1000.0, look_at[2]]);
                let view = |up| View::from_point(position, look_at, up);
                match up {
                    Some(up) => view(up),
                    None => view(UP).or_else(|_| view(FRONT)),
                }
                .map_err(bad)
            }
        }
    }
}

fn animation(
    swivel: Option<f64>,
    curve: Option<Curve>,
    step: Option<u32>,
    rate: Option<f64>,
) -> Result<Option<Animation>> {
    let (style, usual) = match (swivel, curve) {
        (Some(_), Some(_)) => {
            return Err(Error::bad(
                "swivelrange and volumetriccurvepoint exclude each other",
            ));
        }
        (Some(range), None) => (Style::Swivel(range), USUAL_STEP),
        (None, Some(curve)) => (Style::Curve(curve), USUAL_DISTANCE),
        (None, None) if step.is_some() => {
            return Err(Error::bad(
                "animationstepsize goes with swivelrange or volumetriccurvepoint",
            ));
        }
        // Phases are not animated.
        (None, None) => return Ok(None),
    };
    Ok(Some(Animation {
        style,
        step: step.unwrap_or(usual),
        rate: rate.unwrap_or(USUAL_RATE),
    }))
}

/// UIDs, or frame numbers.
fn references(text: &str) -> Result<Vec<VolumeReference>> {
    let wrong = || Error::bad("volumeinputreference takes UIDs or frame numbers");
    text.split(',')
        .map(str::trim)
        .map(|part| match part.parse::<u32>() {
            Ok(0) => Err(wrong()),
            Ok(frame) => Ok(VolumeReference::Frame(frame)),
            // Devices send odd UIDs; a word without a dot is none of them.
            Err(_) => Uid::tolerant(part)
                .ok()
                .filter(|uid| uid.as_str().contains('.'))
                .map(VolumeReference::Instance)
                .ok_or_else(wrong),
        })
        .collect()
}

fn number(name: &str, text: &str) -> Result<f64> {
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite() && number.abs() < 1e6)
        .ok_or_else(|| Error::bad(format!("{name} takes numbers")))
}

fn vector(name: &'static str, text: &str) -> Result<Vector> {
    let numbers: Vec<f64> = text
        .split(',')
        .map(|part| number(name, part))
        .collect::<Result<_>>()?;
    Vector::try_from(numbers).map_err(|_| Error::bad(format!("{name} takes three numbers")))
}

fn slab(text: &str) -> Result<f64> {
    let slab = number("mprslab", text)?;
    if slab <= 0.0 {
        return Err(Error::bad("mprslab takes millimetres, above 0"));
    }
    Ok(slab)
}

fn viewport(text: &str) -> Result<Viewport> {
    Viewport::parse(text).map_err(bad)
}

fn swivel(text: &str) -> Result<f64> {
    let range = number("swivelrange", text)?;
    if !(range > 0.0 && range <= 360.0) {
        return Err(Error::bad(
            "swivelrange takes degrees, above 0, at most 360",
        ));
    }
    Ok(range)
}

fn step(text: &str) -> Result<u32> {
    text.trim()
        .parse()
        .ok()
        .filter(|step| *step > 0)
        .ok_or_else(|| Error::bad("animationstepsize takes a whole number above 0"))
}

fn rate(text: &str) -> Result<f64> {
    let rate = number("animationrate", text)?;
    if !(0.1..=100.0).contains(&rate) {
        return Err(Error::bad(
            "animationrate takes 0.1 to 100 pictures a second",
        ));
    }
    Ok(rate)
}

/// All points, of one parameter or of several, and their text.
fn curve(request: &Request) -> Result<Option<(Curve, String)>> {
    const NAME: &str = "volumetriccurvepoint";
    /// Points of a curve.
    const POINTS: usize = 1000;
    let mut numbers = Vec::new();
    let mut texts = Vec::new();
    for (name, text) in &request.query {
        if name.eq_ignore_ascii_case(NAME) && !text.is_empty() {
            texts.push(text.as_str());
            for part in text.split(',') {
                numbers.push(number(NAME, part)?);
            }
        }
    }
    if texts.is_empty() {
        return Ok(None);
    }
    let (points, rest) = numbers.as_chunks::<3>();
    if !rest.is_empty() || points.len() > POINTS {
        return Err(Error::bad(format!(
            "{NAME} takes three numbers for each of at most {POINTS} points"
        )));
    }
    let curve = Curve::new(points.to_vec()).map_err(bad)?;
    Ok(Some((curve, texts.join(","))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(resource: Resource, query: &str) -> u16 {
        let Ok(request) = Request::for_test("/", query, &[]) else {
            return 0;
        };
        VolumeParameters::of(resource, &request)
            .map_or_else(|error| error.status().as_u16(), |_| 200)
    }

    #[test]
    fn what_makes_sense_is_taken() {
        for query in [
            "",
            "orientation=h&mprslab=20&renderingmethod=maximum_ip&viewport=256,256",
            "viewpointposition=100,101,200&viewpointlookat=100,100,200&viewpointup=0,0,1",
            "viewpointlookat=1,2,3",
            "volumeinputreference=1.2.3,1.2.4",
            "volumeinputreference=7",
            "swivelrange=90&animationstepsize=5&animationrate=12.5&viewport=128,128",
            "volumetriccurvepoint=0,0,0&volumetriccurvepoint=0,0,50",
            "renderedvolumetricmetadata=yes&window=40,400,linear&quality=90",
        ] {
            assert_eq!(status(Resource::Mpr, query), 200, "{query}");
        }
        assert_eq!(
            status(Resource::ThreeD, "renderingmethod=volume_rendered"),
            200
        );
    }

    #[test]
    fn what_makes_none_is_refused() {
        for query in [
            "orientation=x",
            "orientation=a&viewpointup=0,0,1",
            "viewpointposition=1,2",
            "viewpointposition=1,2,inf",
            "renderingmethod=volume_rendered",
            "mprslab=0",
            "mprslab=-3",
            "swivelrange=0",
            "swivelrange=400",
            "swivelrange=360&animationstepsize=1&viewport=2048,2048",
            "swivelrange=90&volumetriccurvepoint=0,0,0,1,1,1",
            "animationstepsize=2",
            "swivelrange=90&animationstepsize=0",
            "volumetriccurvepoint=0,0,0",
            "volumetriccurvepoint=0,0,0,1",
            "volumetriccurvepoint=0,0,0,0,0,999999&animationstepsize=1",
            "volumeinputreference=a",
            "volumeinputreference=0",
            "renderedvolumetricmetadata=no",
            "viewport=9000,9000",
        ] {
            assert_eq!(status(Resource::Mpr, query), 400, "{query}");
        }
        assert_eq!(status(Resource::ThreeD, "mprslab=5"), 400);
    }
}
