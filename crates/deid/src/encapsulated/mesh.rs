//! Models: STL, Wavefront OBJ and MTL without the words that people and programs write into them.

/// Bytes of one facet of a binary STL file.
const FACET: usize = 50;

/// STL: the header of a binary file zeroed, the name of a text one dropped. `None` for what is
/// neither.
pub fn clean_stl(document: &[u8]) -> Option<Vec<u8>> {
    if let Some(binary) = clean_binary_stl(document) {
        return Some(binary);
    }
    let text = std::str::from_utf8(document).ok()?.trim_end_matches('\0');
    let mut out = String::with_capacity(text.len());
    let mut solids = 0;
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let line = match words.as_slice() {
            [] => continue,
            ["solid", ..] => {
                solids += 1;
                "solid".to_owned()
            }
            ["endsolid", ..] => "endsolid".to_owned(),
            ["facet", "normal", numbers @ ..] if all_numbers(numbers, 3) => line.to_owned(),
            ["vertex", numbers @ ..] if all_numbers(numbers, 3) => line.to_owned(),
            ["outer", "loop"] | ["endloop"] | ["endfacet"] => line.to_owned(),
            // Not of the format: who knows what.
            _ => continue,
        };
        out.push_str(&line);
        out.push('\n');
    }
    (solids > 0).then_some(out.into_bytes())
}

/// Facets are counted, what stands after the last goes; so do the two bytes of each facet that
/// some programs use for colours and others for anything, unless they are zero.
fn clean_binary_stl(document: &[u8]) -> Option<Vec<u8>> {
    let count = document.get(80..84)?.first_chunk::<4>()?;
    let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
    let end = count.checked_mul(FACET)?.checked_add(84)?;
    let facets = document.get(84..end)?;
    // Text that happens to have a count in it is followed by much more.
    if document.len() - end > FACET {
        return None;
    }
    let mut out = vec![0; 80];
    out.extend_from_slice(document.get(80..84)?);
    for facet in facets.chunks_exact(FACET) {
        out.extend_from_slice(facet.get(..48)?);
        out.extend_from_slice(&[0; 2]);
    }
    Some(out)
}

fn all_numbers(words: &[&str], count: usize) -> bool {
    words.len() == count && words.iter().all(|word| word.parse::<f64>().is_ok())
}

/// OBJ: comments go; objects, groups and materials get numbers for names; lines of no known
/// keyword go.
pub fn clean_obj(document: &[u8]) -> Vec<u8> {
    const GEOMETRY: [&str; 9] = ["v", "vt", "vn", "vp", "f", "l", "p", "s", "deg"];
    let mut names = Names::default();
    lines(document, |words, out| match words {
        ["o", name @ ..] => out.push_str(&format!("o {}", names.number(&name.join(" ")))),
        ["g", groups @ ..] => {
            let numbers: Vec<String> = groups.iter().map(|name| names.number(name)).collect();
            out.push_str(&format!("g {}", numbers.join(" ")));
        }
        ["usemtl", name @ ..] => out.push_str(&format!("usemtl {}", material(&name.join(" ")))),
        ["cstype", rest @ ..] => {
            let kinds = ["rat", "bmatrix", "bezier", "bspline", "cardinal", "taylor"];
            let known: Vec<&str> = rest
                .iter()
                .copied()
                .filter(|word| kinds.contains(word))
                .collect();
            out.push_str(&format!("cstype {}", known.join(" ")));
        }
        [keyword, rest @ ..]
            if GEOMETRY.contains(keyword) && rest.iter().all(|word| is_index(word)) =>
        {
            out.push_str(keyword);
            for word in rest {
                out.push(' ');
                out.push_str(word);
            }
        }
        _ => {}
    })
}

/// MTL: comments and texture files go; materials get the names that OBJ files refer to them by.
pub fn clean_mtl(document: &[u8]) -> Vec<u8> {
    const COLOURS: [&str; 12] = [
        "Ka", "Kd", "Ks", "Ke", "Ns", "Ni", "d", "Tr", "Tf", "illum", "Pr", "Pm",
    ];
    lines(document, |words, out| match words {
        ["newmtl", name @ ..] => out.push_str(&format!("newmtl {}", material(&name.join(" ")))),
        [keyword, rest @ ..]
            if COLOURS.contains(keyword) && rest.iter().all(|word| is_index(word)) =>
        {
            out.push_str(keyword);
            for word in rest {
                out.push(' ');
                out.push_str(word);
            }
        }
        _ => {}
    })
}

fn lines(document: &[u8], mut each: impl FnMut(&[&str], &mut String)) -> Vec<u8> {
    let text = String::from_utf8_lossy(document);
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let bare = line.split('#').next().unwrap_or("");
        let words: Vec<&str> = bare.split_ascii_whitespace().collect();
        let before = out.len();
        each(&words, &mut out);
        if out.len() > before {
            out.push('\n');
        }
    }
    out.into_bytes()
}

/// A number, or vertices with texture and normal (`1/2/3`, `1//3`).
fn is_index(word: &str) -> bool {
    word.parse::<f64>().is_ok_and(f64::is_finite)
        || matches!(word, "off" | "on" | "-halo" | "spectral" | "xyz")
        || word
            .split('/')
            .all(|part| part.is_empty() || part.parse::<i64>().is_ok())
            && word.contains('/')
}

/// The same name in OBJ and MTL, for the two are different instances: the common ones of the
/// formats stay, others are `material`.
fn material(name: &str) -> String {
    let plain = name.strip_prefix("material").unwrap_or(name);
    let is_number =
        !plain.is_empty() && plain.len() <= 4 && plain.bytes().all(|b| b.is_ascii_digit());
    if is_number {
        format!("material{plain}")
    } else {
        "material".to_owned()
    }
}

/// Names in the order in which they came.
#[derive(Default)]
struct Names(std::collections::HashMap<String, usize>);

impl Names {
    fn number(&mut self, name: &str) -> String {
        let next = self.0.len() + 1;
        let number = self.0.entry(name.to_owned()).or_insert(next);
        format!("part{number}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_stl_keeps_its_facets_and_nothing_else() {
        let mut stl = b"Doe^John".to_vec();
        stl.resize(80, b' ');
        stl.extend_from_slice(&1_u32.to_le_bytes());
        stl.extend_from_slice(&[7; 48]);
        stl.extend_from_slice(b"JD");
        stl.push(0);
        let clean = clean_stl(&stl).expect("a model");
        assert_eq!(clean.len(), 134);
        assert_eq!(&clean[..80], [0; 80]);
        assert_eq!(&clean[84..132], [7; 48]);
        assert!(clean_stl(b"neither").is_none());
    }

    #[test]
    fn names_and_comments_of_text_models_go() {
        let stl = b"solid Doe\n facet normal 0 0 1\n outer loop\n vertex 0 0 1e-3\n Doe\n endloop\nendfacet\nendsolid Doe\n";
        let clean = String::from_utf8(clean_stl(stl).expect("a model")).expect("text");
        assert!(!clean.contains("Doe") && clean.contains("vertex 0 0 1e-3"));
        let obj = b"# Doe\nmtllib doe.mtl\no Doe\nv 1 2 3 # Doe\nusemtl Doe\nf 1//2 3/4/5 6\ng Doe x\nDoe 1\n";
        let clean = String::from_utf8(clean_obj(obj)).expect("text");
        assert_eq!(
            clean,
            "o part1\nv 1 2 3\nusemtl material\nf 1//2 3/4/5 6\ng part1 part2\n"
        );
        let mtl = b"newmtl Doe\nKd 1 0 0\nmap_Kd doe.png\n";
        let clean = String::from_utf8(clean_mtl(mtl)).expect("text");
        assert_eq!(clean, "newmtl material\nKd 1 0 0\n");
    }
}
