//! Prepares a session: reads the history and runs the startup file of the user.

use crate::engine::script;
use crate::session::Session;
use crate::session::connect;
use crate::session::history::History;
use std::io::ErrorKind;
use tokio::runtime::Handle;

/// The startup file with the commands that every prompt runs first, in the settings directory.
const FILE: &str = "shellrc";

pub(super) fn read_history(session: &Session) {
    if let Ok(directory) = connect::state_directory() {
        session.history.read(&History::file_in(&directory));
    }
}

/// Runs the startup file, if it exists. An error in it is reported and does not prevent the prompt.
pub(super) fn run_file(session: &mut Session, runtime: &Handle) {
    let Ok(directory) = connect::config_directory() else { return };
    let file = directory.join(FILE);
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            runtime.block_on(script::run_text(session, &file.display().to_string(), &text));
            session.location = None;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => session.report("dfs-shell", &crate::base::report::local_io(&file, &error)),
    }
}
