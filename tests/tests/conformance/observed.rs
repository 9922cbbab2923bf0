//! What the probe says, and programs to say it of.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sagittal_tests::{sagittal, wait};
use serde_json::Value;

pub type Pairs = BTreeSet<(String, String)>;

/// An observed, or declared, document.
pub struct Observed(pub Value);

impl Observed {
    /// Probes a peer; everything must be found out.
    #[track_caller]
    pub fn of(address: &str, more: &[&str]) -> Observed {
        let arguments = [
            "conformance",
            "probe",
            address,
            "--json",
            "-",
            "--rate",
            "2000",
        ];
        let ran = sagittal(arguments.iter().chain(more)).expect(0);
        Observed(ran.json())
    }

    pub fn entity(&self) -> &Value {
        &self.0["application_entities"][0]
    }

    pub fn association(&self, name: &str) -> &Value {
        &self.entity()["association"][name]
    }

    /// Groups of the provider's contexts with this support.
    pub fn groups(&self, support: &str) -> Vec<&Value> {
        let all = self.entity()["contexts"].as_array().unwrap().iter();
        all.filter(|group| group["support"].as_str().unwrap_or("yes") == support)
            .filter(|group| {
                group["roles"]
                    .as_array()
                    .is_none_or(|roles| roles.contains(&"scp".into()))
            })
            .collect()
    }

    pub fn pairs(&self, support: &str) -> Pairs {
        let mut pairs = Pairs::new();
        for group in self.groups(support) {
            for class in texts(&group["sop_classes"]) {
                for ts in texts(&group["transfer_syntaxes"]) {
                    pairs.insert((class.clone(), ts));
                }
            }
        }
        pairs
    }

    /// The group that accepts a SOP class.
    #[track_caller]
    pub fn group(&self, class: &str) -> &Value {
        let groups = self.groups("yes");
        let found = groups
            .into_iter()
            .find(|group| texts(&group["sop_classes"]).contains(&class.to_owned()));
        found.unwrap_or_else(|| panic!("{class} is not accepted"))
    }

    /// The keys of a level of the model of a SOP class that are in a list such as `matching`.
    pub fn keys(&self, sop_class: &str, level: &str, list: &str, what: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for model in self.entity()["queries"].as_array().into_iter().flatten() {
            if !texts(&model["sop_classes"]).contains(&sop_class.to_owned()) {
                continue;
            }
            for row in model["levels"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|row| row["level"] == level)
            {
                for keys in row["keys"].as_array().unwrap() {
                    let has = match &keys[list] {
                        Value::String(text) => text == what,
                        list => texts(list).contains(&what.to_owned()),
                    };
                    if has {
                        found.extend(texts(&keys["attributes"]));
                    }
                }
            }
        }
        found
    }
}

pub fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}

/// Every one of some SOP classes in every one of some transfer syntaxes.
pub fn product(classes: &[&str], syntaxes: &[&str]) -> Pairs {
    let pairs = classes.iter().flat_map(|class| {
        syntaxes
            .iter()
            .map(|ts| ((*class).to_owned(), (*ts).to_owned()))
    });
    pairs.collect()
}

/// Says what is different, and fails if anything is.
#[track_caller]
pub fn assert_same(found: &Pairs, truth: &Pairs) {
    let missed: Vec<_> = truth.difference(found).take(5).collect();
    let invented: Vec<_> = found.difference(truth).take(5).collect();
    assert!(
        missed.is_empty() && invented.is_empty(),
        "missed {missed:?}, invented {invented:?}"
    );
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A program that ends with the test.
pub struct Program(Child);

impl Program {
    /// Starts it and waits until it listens.
    pub fn start(command: &mut Command, port: u16, log: &Path) -> Program {
        let program = Program::spawn(command, log);
        wait::until("the peer", || TcpStream::connect(("127.0.0.1", port)).ok());
        program
    }

    /// Starts it and waits until it says so: some count a connection without a request for long.
    pub fn start_quietly(command: &mut Command, log: &Path) -> Program {
        let program = Program::spawn(command, log);
        wait::until("the peer", || {
            let said = std::fs::read_to_string(log).unwrap();
            said.contains("ready").then_some(())
        });
        program
    }

    fn spawn(command: &mut Command, log: &Path) -> Program {
        let log = std::fs::File::create(log).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        Program(command.spawn().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
