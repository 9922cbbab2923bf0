//! The benchmark behind `cargo xtask bench`: load client, bare receivers, peers, report.

// A program of its own: what is public here is public to nobody.
#![allow(missing_docs)]

#[cfg(target_os = "linux")]
mod association;
#[cfg(target_os = "linux")]
mod budget;
#[cfg(target_os = "linux")]
mod client;
#[cfg(target_os = "linux")]
mod document;
#[cfg(target_os = "linux")]
mod http;
#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod message;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
mod phase;
#[cfg(target_os = "linux")]
mod population;
#[cfg(target_os = "linux")]
mod receiver;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod template;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["receive", keep, folder] => receiver::run(keep, std::path::Path::new(folder)),
        arguments => options::Options::parse(arguments).and_then(phase::run),
    };
    if let Err(error) = result {
        eprintln!("sagittal-bench: {error:#}");
        return std::process::ExitCode::FAILURE;
    }
    std::process::ExitCode::SUCCESS
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("sagittal-bench: measures on Linux only");
    std::process::ExitCode::FAILURE
}
