//! Temporary.
use sagittal_core::Limits;
fn main() {
    let root = std::env::args().nth(1).unwrap();
    let times = std::env::args().nth(2).and_then(|t| t.parse::<u32>().ok());
    for line in std::io::stdin().lines() {
        let name = line.unwrap();
        let bytes = bytes::Bytes::from(std::fs::read(format!("{root}/{name}")).unwrap());
        let file = match sagittal_file::part10::read(&bytes, Limits::default()) {
            Ok(file) => file,
            Err(e) => {
                println!("{name}\tUNREADABLE\t{e}\t\t");
                continue;
            }
        };
        if let Some(times) = times {
            let t = std::time::Instant::now();
            let mut n = 0;
            for _ in 0..times {
                n += sagittal_iod::validate_file(&file, Default::default()).len();
            }
            println!("{name} {:?} {}", t.elapsed() / times, n as u32 / times);
            continue;
        }
        for f in sagittal_iod::validate_file(&file, Default::default()) {
            println!(
                "{name}\t{}\t{}\t{}\t{}\t{}",
                f.keyword_path(),
                f.kind.as_str(),
                f.severity.as_str(),
                f.module.unwrap_or(""),
                f.found.replace(['\n', '\t'], " ")
            );
        }
    }
}
