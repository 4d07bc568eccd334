//! Generates the manual page, and the completions of the shells that `dfs-shell COMMAND` is called
//! from.

use crate::base::options::Options;
use crate::commands::COMMANDS;
use clap::CommandFactory;
use clap_complete::Shell;

/// Returns the program with its commands as subcommands of clap. At run time they are looked up in
/// our own table, in the same way at every prompt.
fn program() -> clap::Command {
    let options = Options::command();
    let own = options.get_arguments().filter(|arg| arg.get_id() != "words").cloned();
    let about = options.get_about().cloned().unwrap_or_default();
    let commands = COMMANDS.iter().map(|command| command.definition().no_binary_name(false));
    clap::Command::new("dfs-shell")
        .version(env!("CARGO_PKG_VERSION"))
        .about(about)
        .args(own)
        .subcommands(commands)
        .disable_help_subcommand(true)
}

pub(super) fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program(), "dfs-shell", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Returns the manual page in roff, section 1.
pub(super) fn manual() -> String {
    let manual = clap_mangen::Man::new(program()).section("1").date("").source("dfs").manual("dfs");
    let mut page = Vec::new();
    manual.render(&mut page).expect("memory takes it");
    let mut text = String::from_utf8_lossy(&page).into_owned();
    for command in COMMANDS.iter() {
        text.push_str(&format!(".SS \"{}\"\n.nf\n", command.usage()));
        for line in crate::commands::help_of(command).lines() {
            // A leading dot or quote would be read as a roff request.
            let line = line.replace('\\', "\\e");
            let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
            text.push_str(&format!("{guard}{line}\n"));
        }
        text.push_str(".fi\n");
    }
    text
}
