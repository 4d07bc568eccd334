//! docs/operations.md: every command on the page is one that the programs accept, and does what the
//! page promises. A command that is added to the page must be run here, too.

mod page;
mod steps;
mod walk;

use dfs_shell::commands::COMMANDS;
use page::{OTHERS, Page, check, forms, is_flag, is_run_by};
use walk::Walk;

#[test]
fn every_command_of_the_page_is_accepted() {
    let page = Page::read();
    assert!(page.commands.len() > 40, "the page has more commands than these: {:?}", page.commands);
    let lines = page.commands.iter().flat_map(|command| forms(command));
    let wrong: Vec<String> = lines.filter_map(|line| check(&line).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let dfsd = dfs_daemon::cli::definition();
    for flag in &page.flags {
        let shell = COMMANDS.iter().map(|command| command.definition());
        let mut definitions = shell.chain(dfsd.get_subcommands().cloned());
        let is_known = definitions.any(|command| command.get_arguments().any(|argument| is_flag(argument, flag)));
        assert!(is_known, "{flag}: no command has this flag");
    }
}

#[test]
fn every_command_of_the_page_does_what_it_promises() {
    let mut walk = Walk::begin();
    steps::begins_anew(&mut walk);
    steps::says_where_everything_is(&mut walk);
    steps::shows_its_state(&mut walk);
    steps::refuses_changes_in_safe_mode(&mut walk);
    steps::stops_and_starts(&mut walk);
    steps::restarts_what_hangs(&mut walk);
    steps::issues_lost_credentials_again(&mut walk);
    steps::lives_without_a_datanode(&mut walk);
    steps::replaces_a_lost_disk(&mut walk);
    steps::drains_a_datanode(&mut walk);
    steps::forgets_and_removes_it(&mut walk);
    steps::runs_in_the_foreground(&mut walk);
    steps::asks_other_programs(&walk);
    everything_was_run(&walk.lines);
}

fn everything_was_run(lines: &[String]) {
    let mut missing = Vec::new();
    for command in Page::read().commands {
        let runs: Vec<&String> = lines.iter().filter(|line| is_run_by(&command, line)).collect();
        let optional = command.split('[').skip(1).filter_map(|part| part.split_once(']')).map(|(part, _)| part);
        let flags = optional.filter_map(|part| part.split(' ').next().filter(|flag| flag.starts_with('-')));
        let untried: Vec<&str> =
            flags.filter(|flag| !runs.iter().any(|line| line.split(' ').any(|word| word == *flag))).collect();
        if runs.is_empty() || !untried.is_empty() {
            missing.push(format!("{command} {untried:?}"));
        }
    }
    assert!(missing.is_empty(), "the page has commands that this test does not run:\n{}", missing.join("\n"));
    assert!(OTHERS.iter().all(|(_, why_not)| why_not.is_none_or(|why| !why.is_empty())));
}
