//! The forms of a report: text, JSON, SARIF.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sagittal_iod::{Finding, Kind, Severity, StudyFinding};
use serde_json::{Value, json};

use super::{Checked, FileResult, Report};

/// Instances that one finding across instances names in text.
const NAMED: usize = 4;

/// For people.
pub struct Text<W>(W);

impl<W: Write> Text<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Text<W> {
        Text(out)
    }
}

fn line(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    writeln!(out, "  {finding}")?;
    if finding.fix.is_empty() {
        return Ok(());
    }
    writeln!(out, "      fix: {}", finding.fix)
}

impl<W: Write> Report for Text<W> {
    fn file(&mut self, result: &FileResult) -> io::Result<()> {
        let out = &mut self.0;
        match &result.outcome {
            Err(reason) => writeln!(out, "{}: cannot be read: {reason}", result.path.display()),
            Ok(findings) if findings.is_empty() => Ok(()),
            Ok(findings) => {
                let class = sagittal_core::dictionary::uid_name(&result.sop_class_uid);
                let class = class.unwrap_or("unknown SOP class");
                writeln!(out, "{} ({class})", result.path.display())?;
                findings.iter().try_for_each(|finding| line(out, finding))
            }
        }
    }

    fn study(&mut self, findings: &[StudyFinding], names: &[PathBuf]) -> io::Result<()> {
        let out = &mut self.0;
        if !findings.is_empty() {
            writeln!(out, "between instances")?;
        }
        for found in findings {
            line(out, &found.finding)?;
            writeln!(out, "      of: {}", found.scope)?;
            for name in named(found, names).take(NAMED) {
                writeln!(out, "      in: {}", name.display())?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, checked: &Checked) -> io::Result<()> {
        let Checked {
            files,
            errors,
            warnings,
            ..
        } = checked;
        writeln!(
            self.0,
            "{files} file(s), {errors} error(s), {warnings} warning(s)"
        )?;
        self.0.flush()
    }
}

fn named<'a>(found: &'a StudyFinding, names: &'a [PathBuf]) -> impl Iterator<Item = &'a Path> {
    let name = |at: &usize| names.get(*at).map(PathBuf::as_path);
    found.instances.iter().filter_map(name)
}

fn json_of(finding: &Finding) -> Value {
    json!({
        "path": finding.path.to_string(),
        "attribute": finding.keyword_path(),
        "kind": finding.kind.as_str(),
        "severity": finding.severity.as_str(),
        "clause": finding.clause,
        "module": finding.module,
        "found": finding.found,
        "fix": finding.fix,
    })
}

/// For programs: one document, written as the files come.
pub struct Json<W> {
    out: W,
    files: u64,
    study: Vec<Value>,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Json<W> {
        Json {
            out,
            files: 0,
            study: Vec::new(),
        }
    }
}

impl<W: Write> Report for Json<W> {
    fn file(&mut self, result: &FileResult) -> io::Result<()> {
        let before = if self.files == 0 {
            "{\"files\":[\n"
        } else {
            ",\n"
        };
        self.files += 1;
        let mut value = json!({
            "path": result.path.to_string_lossy(),
            "sop_class_uid": result.sop_class_uid,
            "sop_instance_uid": result.sop_instance_uid,
        });
        match &result.outcome {
            Ok(findings) => value["findings"] = findings.iter().map(json_of).collect(),
            Err(reason) => value["error"] = json!(reason),
        }
        write!(self.out, "{before}{value}")
    }

    fn study(&mut self, findings: &[StudyFinding], names: &[PathBuf]) -> io::Result<()> {
        for found in findings {
            let mut value = json_of(&found.finding);
            value["scope"] = json!(found.scope);
            value["files"] = named(found, names)
                .map(|name| json!(name.to_string_lossy()))
                .collect();
            self.study.push(value);
        }
        Ok(())
    }

    fn finish(&mut self, checked: &Checked) -> io::Result<()> {
        if self.files == 0 {
            write!(self.out, "{{\"files\":[")?;
        }
        let summary = json!({
            "files": checked.files,
            "unread": checked.unread,
            "foreign": checked.foreign,
            "errors": checked.errors,
            "warnings": checked.warnings,
            "informations": checked.informations,
        });
        let study = Value::Array(std::mem::take(&mut self.study));
        writeln!(self.out, "\n],\"study\":{study},\"summary\":{summary}}}")?;
        self.out.flush()
    }
}

/// SARIF 2.1.0 (OASIS), which CI services show beside the files.
pub struct Sarif<W> {
    out: W,
    results: u64,
}

impl<W: Write> Sarif<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Sarif<W> {
        Sarif { out, results: 0 }
    }

    fn result(&mut self, finding: &Finding, names: &[&Path]) -> io::Result<()> {
        let level = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Information => "note",
        };
        let attribute = finding.keyword_path();
        let subject = if attribute.is_empty() {
            String::new()
        } else {
            format!("{attribute}: ")
        };
        let locations: Vec<Value> = names
            .iter()
            .map(|name| {
                json!({
                    "physicalLocation": { "artifactLocation": { "uri": uri(name) } },
                    "logicalLocations": [{ "fullyQualifiedName": attribute }],
                })
            })
            .collect();
        let value = json!({
            "ruleId": finding.kind.as_str(),
            "level": level,
            "message": { "text": format!("{subject}{}. {}.", finding.found, finding.fix) },
            "locations": locations,
            "properties": {
                "clause": finding.clause,
                "module": finding.module,
                "path": finding.path.to_string(),
            },
        });
        self.begin()?;
        let before = if self.results == 0 { "" } else { ",\n" };
        self.results += 1;
        write!(self.out, "{before}{value}")
    }

    fn begin(&mut self) -> io::Result<()> {
        if self.results > 0 {
            return Ok(());
        }
        let rules: Vec<Value> = Kind::ALL
            .iter()
            .map(|kind| json!({ "id": kind.as_str() }))
            .collect();
        let tool = json!({
            "driver": {
                "name": "sagittal validate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }
        });
        writeln!(
            self.out,
            "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\
             \"runs\":[{{\"tool\":{tool},\"columnKind\":\"unicodeCodePoints\",\"results\":["
        )
    }
}

/// A relative reference, or a `file:` URI of an absolute path; bytes that URIs lack are escaped.
fn uri(path: &Path) -> String {
    let text = path.to_string_lossy();
    let mut out = String::new();
    if path.is_absolute() {
        out.push_str("file://");
    }
    for byte in text.bytes() {
        match byte {
            b'\\' if cfg!(windows) => out.push('/'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

impl<W: Write> Report for Sarif<W> {
    fn file(&mut self, result: &FileResult) -> io::Result<()> {
        match &result.outcome {
            Ok(findings) => findings
                .iter()
                .try_for_each(|finding| self.result(finding, &[&result.path])),
            Err(reason) => {
                let finding = Finding {
                    path: sagittal_core::TagPath::default(),
                    kind: Kind::Encoding,
                    severity: Severity::Error,
                    clause: "PS3.10 §7",
                    module: None,
                    found: format!("cannot be read: {reason}").into(),
                    fix: "check that it is a DICOM file".into(),
                };
                self.result(&finding, &[&result.path])
            }
        }
    }

    fn study(&mut self, findings: &[StudyFinding], names: &[PathBuf]) -> io::Result<()> {
        for found in findings {
            let names: Vec<&Path> = named(found, names).take(16).collect();
            self.result(&found.finding, &names)?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &Checked) -> io::Result<()> {
        self.begin()?;
        writeln!(self.out, "\n]}}]}}")?;
        self.out.flush()
    }
}
