//! The document of figures: a section for each phase between two marks, which a run replaces.
//! Everything outside the marks is written by hand and stays.

/// The document with a phase's section in its place, or at its end if it has no place yet.
pub fn with_section(document: &str, phase: &str, section: &str) -> String {
    let (begin, end) = (mark(phase), format!("<!-- end of {phase} -->"));
    let section = section.trim_end();
    if let Some((before, rest)) = document.split_once(&begin)
        && let Some((_, after)) = rest.split_once(&end)
    {
        return format!("{before}{begin}\n\n{section}\n\n{end}{after}");
    }
    let document = document.trim_end();
    format!("{document}\n\n## The phase {phase}\n\n{begin}\n\n{section}\n\n{end}\n")
}

fn mark(phase: &str) -> String {
    format!("<!-- Written by `cargo xtask bench --write {phase}`. -->")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_that_has_no_place_goes_to_the_end() {
        let document = with_section("# Performance\n\nBy hand.\n", "deid", "| a |\n");
        let expected = "# Performance\n\nBy hand.\n\n## The phase deid\n\n\
            <!-- Written by `cargo xtask bench --write deid`. -->\n\n| a |\n\n<!-- end of deid -->\n";
        assert_eq!(document, expected);
    }

    #[test]
    fn only_the_section_of_the_phase_is_replaced() {
        let first = with_section("# Performance\n", "find", "| old find |");
        let both = with_section(&first, "pixel", "| old pixel |");
        let by_hand =
            both.replace("## The phase pixel", "## Codecs\n\nBy hand.") + "\nMore by hand.\n";
        let written = with_section(&by_hand, "pixel", "| new pixel |");
        assert_eq!(written, by_hand.replace("old pixel", "new pixel"));
        assert_eq!(with_section(&written, "pixel", "| new pixel |"), written);
    }

    #[test]
    fn a_mark_without_its_end_costs_nothing_written_by_hand() {
        let document = format!("{}\n\nBy hand.\n", mark("find"));
        let written = with_section(&document, "find", "| a |");
        assert!(written.starts_with(document.trim_end()), "{written}");
    }
}
