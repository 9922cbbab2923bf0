//! Catalogues read and laid over each other.

use std::sync::LazyLock;

use sagittal_core::DataSet;
use serde::Deserialize;
use serde_spanned::Spanned;

use super::rule::{Device, Match};
use crate::{Error, Result};

/// Devices, in the order in which they are asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    devices: Vec<Device>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    device: Vec<Spanned<Device>>,
}

static SHIPPED: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut catalogue = Catalogue::default();
    // A test reads it; what a mistake would leave is an empty catalogue, with which nothing is
    // covered and more is refused.
    let _ = catalogue.extend("catalogue.toml", super::SHIPPED);
    catalogue
});

impl Catalogue {
    /// The devices that the engine knows by itself.
    pub fn shipped() -> Catalogue {
        SHIPPED.clone()
    }

    /// No devices.
    pub fn empty() -> Catalogue {
        Catalogue::default()
    }

    /// Lays another catalogue over this one: entries of the same name are replaced, or taken away
    /// if they are disabled; new ones are asked first. `name` is the file's, for messages.
    ///
    /// # Errors
    /// [`Error::Catalogue`] with the line of the first mistake; nothing is changed then.
    pub fn extend(&mut self, name: &str, text: &str) -> Result<()> {
        let mistake = |offset: usize, message: String| Error::Catalogue {
            name: name.to_owned(),
            line: line(text, offset),
            message,
        };
        let file: File = toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(text.len(), |span| span.start);
            mistake(offset, error.message().to_owned())
        })?;
        let mut devices: Vec<Device> = Vec::with_capacity(file.device.len());
        for device in file.device {
            let offset = device.span().start;
            let device = device.into_inner();
            if let Some(message) = device.mistake() {
                return Err(mistake(offset, format!("{:?}: {message}", device.name)));
            }
            if devices.iter().any(|one| one.name == device.name) {
                return Err(mistake(offset, format!("{:?} comes twice", device.name)));
            }
            devices.push(device);
        }
        let is_replaced = |old: &Device| devices.iter().any(|new| new.name == old.name);
        let kept = std::mem::take(&mut self.devices);
        let kept = kept
            .into_iter()
            .filter(|old| !is_replaced(old))
            .collect::<Vec<_>>();
        self.devices = devices.into_iter().filter(|one| !one.disabled).collect();
        self.devices.extend(kept);
        Ok(())
    }

    /// All devices.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// All entries that match, with what they cover. All of them count: a rule too many blanks
    /// more than is needed, a rule too few leaves a name.
    pub fn matches(&self, data_set: &DataSet, rows: u32, columns: u32) -> Vec<Match<'_>> {
        self.devices
            .iter()
            .filter(|device| device.matches(data_set))
            .map(|device| Match {
                device,
                regions: device.regions(rows, columns),
            })
            .collect()
    }
}

/// The line, from 1, of a byte.
fn line(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sagittal_core::tags;

    use super::super::DeviceAction;
    use super::*;
    use crate::pixels::region::spans;

    #[test]
    fn the_shipped_catalogue_has_no_mistake() {
        let mut catalogue = Catalogue::empty();
        catalogue
            .extend("catalogue.toml", super::super::SHIPPED)
            .unwrap();
        assert!(
            catalogue.devices().len() >= 60,
            "{}",
            catalogue.devices().len()
        );
        assert_eq!(catalogue, Catalogue::shipped());
    }

    fn iu22() -> DataSet {
        let mut data_set = DataSet::new();
        data_set.put_text(tags::MODALITY, "US");
        data_set.put_text(tags::MANUFACTURER, "PHILIPS Healthcare");
        data_set.put_text(tags::MANUFACTURER_MODEL_NAME, "iU22 xMatrix");
        data_set.put_u16(tags::ROWS, &[600]);
        data_set.put_u16(tags::COLUMNS, &[800]);
        data_set
    }

    #[test]
    fn a_device_matches_by_maker_model_and_size() {
        let catalogue = Catalogue::shipped();
        let mut data_set = iu22();
        let matches = catalogue.matches(&data_set, 600, 800);
        let names: Vec<_> = matches.iter().map(|one| one.device.name.as_str()).collect();
        assert_eq!(names, ["Philips iU22 600 rows"]);
        let covered = spans(&matches[0].regions, 1, 600, 800);
        assert!(covered.contains(799, 40) && !covered.contains(10, 100));
        data_set.put_u16(tags::ROWS, &[601]);
        assert!(catalogue.matches(&data_set, 601, 800).is_empty());
    }

    #[test]
    fn a_user_s_entry_replaces_or_takes_away_one_of_the_same_name() {
        let mut catalogue = Catalogue::shipped();
        let text = r#"
            [[device]]
            name = "Philips iU22 600 rows"
            source = "our own machine"
            model = "/^iU22/"
            software = "*"
            outside = [[0, 100, 0, -1], [-50, 0, 0, 20]]

            [[device]]
            name = "Philips CX50"
            disabled = true
        "#;
        let before = catalogue.devices().len();
        catalogue.extend("own.toml", text).unwrap();
        assert_eq!(catalogue.devices().len(), before - 1);
        let mut data_set = iu22();
        assert!(
            catalogue.matches(&data_set, 600, 800).is_empty(),
            "no software version"
        );
        data_set.put_text(tags::SOFTWARE_VERSIONS, "PMS5.1\\6.3");
        let matches = catalogue.matches(&data_set, 600, 800);
        assert_eq!(matches[0].device.action, DeviceAction::Blank);
        let covered = spans(&matches[0].regions, 1, 600, 800);
        assert!(covered.contains(0, 99) && !covered.contains(0, 100) && !covered.contains(750, 0));
    }

    #[test]
    fn mistakes_have_lines() {
        let line = |text: &str| match Catalogue::empty().extend("own.toml", text) {
            Err(Error::Catalogue { line, message, .. }) => (line, message),
            other => panic!("{other:?}"),
        };
        let (at, message) = line("[[device]]\nname = \"a\"\nmodle = \"x\"\n");
        assert_eq!(at, 3, "{message}");
        let (at, _) =
            line("\n[[device]]\nname = \"a\"\nmodel = \"/(/\"\nrectangles = [[0,0,1,1]]\n");
        assert_eq!(at, 4);
        let (at, message) = line("\n\n[[device]]\nname = \"a\"\nsource = \"s\"\nmodel = \"x\"\n");
        assert_eq!(at, 3, "{message}");
        let (_, message) =
            line("[[device]]\nname = \"a\"\nsource = \"s\"\nrows = 4\naction = \"whole\"\n");
        assert!(message.contains("every device"), "{message}");
        let text = "[[device]]\nname = \"a\"\nsource = \"s\"\naction = \"whole\"\n[device.attributes]\nNoSuch = \"x\"\n";
        assert!(line(text).1.contains("NoSuch"));
    }
}
