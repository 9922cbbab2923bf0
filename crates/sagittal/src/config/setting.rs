//! What a setting is: its kind, what is allowed, its default and its explanation.

/// One setting of a section. The key is the last part of its path.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The key within the section, e.g. `port`.
    pub key: &'static str,
    /// What values are allowed.
    pub kind: Kind,
    /// The default as a TOML literal; empty if the setting must be given (only in lists of tables).
    pub default: &'static str,
    /// What it does, one line or several.
    pub doc: &'static str,
}

/// A table of the file, e.g. `[dimse]`, or a list of tables, e.g. `[[peer]]`.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its path, e.g. `dimse.tls`; empty for the settings at the top of the file.
    pub path: &'static str,
    /// `[[path]]`: may occur any number of times.
    pub repeated: bool,
    /// What it is about.
    pub doc: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
}

impl Section {
    /// The full path of one of its settings.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number within bounds.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// Bytes: a number, or text such as `"128 MiB"`.
    Size {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// A time: text such as `"30s"`, `"5m"`, `"500ms"`, or a number of seconds.
    Duration {
        /// Shortest, in milliseconds.
        min: u64,
        /// Longest, in milliseconds.
        max: u64,
    },
    /// Any text; may be empty.
    Text,
    /// A name: letters, digits, `-`, `_`, `.`.
    Name,
    /// A file or folder; empty for none.
    Path,
    /// An Application Entity title (PS3.5 §6.2).
    AeTitle,
    /// An IP address to listen on.
    Address,
    /// A host name or IP address.
    Host,
    /// A TCP port; 0 lets the system choose.
    Port,
    /// A network: an IP address, or one with a prefix length.
    Network,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A UID (PS3.5 §9).
    Uid,
    /// The path of a URL: begins with `/`, does not end with it.
    UrlPath,
    /// An absolute http(s) URL, or empty.
    BaseUrl,
    /// A web origin `scheme://host[:port]`, or `*`.
    Origin,
    /// What `sagittal user hash` prints.
    PasswordHash,
    /// What `sagittal token new` prints as hash.
    TokenHash,
    /// A day `YYYY-MM-DD`, or empty for none.
    Day,
    /// A list.
    List(&'static Kind),
}

impl Kind {
    /// What is expected, in words.
    pub fn expected(&self) -> String {
        match self {
            Kind::Bool => "true or false".into(),
            Kind::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Kind::Size { min, max } => format!(
                "a size from {} to {}, e.g. \"128 MiB\" or a number of bytes",
                show_size(*min),
                show_size(*max)
            ),
            Kind::Duration { min, max } => format!(
                "a time from {} to {}, e.g. \"30s\", \"5m\", \"500ms\" or a number of seconds",
                show_duration(*min),
                show_duration(*max)
            ),
            Kind::Text => "text in quotes".into(),
            Kind::Name => "a name in quotes: letters, digits, '-', '_', '.'".into(),
            Kind::Path => "a path in quotes".into(),
            Kind::AeTitle => "an AE title: 1 to 16 ASCII characters without backslash".into(),
            Kind::Address => "an IP address, e.g. \"127.0.0.1\" or \"::\"".into(),
            Kind::Host => "a host name or IP address".into(),
            Kind::Port => "a port from 0 to 65535 (0: the system chooses)".into(),
            Kind::Network => "an IP address or network, e.g. \"10.1.0.0/16\"".into(),
            Kind::Choice(words) => format!("one of {}", quoted(words)),
            Kind::Uid => "a UID: digits and dots, at most 64 characters".into(),
            Kind::UrlPath => "a URL path such as \"/dicom-web\"".into(),
            Kind::BaseUrl => "a URL such as \"https://pacs.example.org\", or \"\"".into(),
            Kind::Origin => "an origin such as \"https://viewer.example.org\", or \"*\"".into(),
            Kind::PasswordHash => "a hash as `sagittal user hash` prints it ($argon2id$…)".into(),
            Kind::TokenHash => {
                "a hash as `sagittal token new` prints it (64 hexadecimal digits)".into()
            }
            Kind::Day => "a day such as \"2030-12-31\", or \"\"".into(),
            Kind::List(kind) => format!("a list, each {}", kind.expected()),
        }
    }
}

/// Bytes in the largest unit that divides them.
pub fn show_size(bytes: u64) -> String {
    for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if bytes != 0 && bytes.is_multiple_of(1 << shift) {
            return format!("{} {unit}", bytes >> shift);
        }
    }
    format!("{bytes}")
}

/// Milliseconds in the largest unit that divides them.
pub fn show_duration(milliseconds: u64) -> String {
    for (unit, length) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
    ] {
        if milliseconds != 0 && milliseconds.is_multiple_of(length) {
            return format!("{}{unit}", milliseconds / length);
        }
    }
    format!("{milliseconds}ms")
}

/// Words in quotes with commas.
pub fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    words.join(", ")
}
