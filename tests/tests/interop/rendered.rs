//! Pictures for which no renderer of others is at hand, compared with what numpy makes of their
//! definition.

use sagittal_tests::{Server, peer};

const WEB: &str = include_str!("web/common.py");
const COMMON: &str = include_str!("rendered/common.py");

fn run(program: &str) {
    let Some(python) = peer::python(&["pydicom", "numpy", "PIL"]) else {
        return;
    };
    let server = Server::start();
    let program = format!("{WEB}\n{COMMON}\n{program}");
    let ran = peer::run_python(&python, &program, &[server.dicomweb()]).expect(0);
    println!("{}", ran.stdout);
    server.assert_well();
}

#[test]
fn masks_are_subtracted_as_numpy_does() {
    run(include_str!("rendered/mask.py"));
}

#[test]
fn presentation_states_blend_as_numpy_does() {
    run(include_str!("rendered/blending.py"));
}
