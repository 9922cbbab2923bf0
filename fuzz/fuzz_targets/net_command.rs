//! Any bytes as a command set: what is understood is written and read again the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_net::dimse::{Command, CommandSet};

fuzz_target!(|bytes: &[u8]| {
    let Ok(set) = CommandSet::decode(bytes) else { return };
    let again = CommandSet::decode(&set.encode(set.has_data_set()));
    assert_eq!(again, Ok(set.clone()));
    // Writing is strict where reading is tolerant, so the first reading may differ from the second.
    if let Ok(message) = Command::from_command_set(&set) {
        let second = Command::from_command_set(&message.to_command_set()).expect("what we write");
        let third = Command::from_command_set(&second.to_command_set());
        assert_eq!(third, Ok(second));
    }
});
