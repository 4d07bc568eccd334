//! Tests the view of commands through its keys.

use super::*;
use crate::top::fixtures;
use crate::top::frames::kept;
use crate::top::message::{Effect, Question};
use crate::top::model::{Model, Overlay};
use crate::top::page_id::PageId;
use crate::top::update::tests::{press, runs, seen, typed};
use crate::top::update::update;
use crossterm::event::{KeyModifiers, MouseButton};

fn news(model: &mut Model, number: u64, state: CommandState) {
    update(model, Message::Command(CommandNews { number, state }));
}

fn ended(model: &mut Model, code: u8, output: &str) {
    let number = model.last_command;
    news(model, number, CommandState::Ended { code, output: output.to_owned() });
}

fn run(model: &mut Model, line: &str) -> u64 {
    typed(model, &format!(":{line}"));
    press(model, KeyCode::Enter);
    model.last_command
}

fn at(model: &mut Model, elapsed_ms: u64) {
    let now = crate::top::observation::Moment { elapsed_ms, calendar: fixtures::NOW };
    update(model, Message::Tick(now));
}

/// Returns a dashboard with a failed command, one with output, and one that is running.
fn busy() -> Model {
    let mut model = fixtures::model(fixtures::cluster(3));
    run(&mut model, "setrep 2 /data/none");
    ended(&mut model, 1, "setrep: /data/none: no such file\n  hint: did you mean /data/nine?\n");
    run(&mut model, "du -h /");
    ended(&mut model, 0, "266 MiB  /photos\n12 KiB\t/notes.txt\n");
    run(&mut model, "put -r /home/ann/photos /data");
    let number = model.last_command;
    for second in 0..5u64 {
        at(&mut model, 6_000 + second * 1000);
        news(&mut model, number, CommandState::Running { moved: second * 40_000_000, total: Some(390_000_000) });
    }
    model
}

#[test]
fn frames() {
    let mut model = busy();
    press(&mut model, KeyCode::Char(PageId::Commands.key()));
    kept("commands-busy", &mut model);
}

#[test]
fn more_than_a_line_of_output_is_shown_at_once() {
    let mut model = fixtures::model(fixtures::cluster(3));
    run(&mut model, "du /");
    // Output that fits is shown over the view, see `window/tests.rs`.
    let long: String = (1..=40).map(|number| format!("{number} /d{number}\n")).collect();
    ended(&mut model, 0, &long);
    assert_eq!(model.page, PageId::Commands);
    assert!(seen(&model).contains("2 /d2") && model.shared.commands[0].read);
    // A single line is shown in the foot line.
    typed(&mut model, "1");
    run(&mut model, "pwd");
    ended(&mut model, 0, "/data\n");
    assert_eq!(model.page, PageId::Overview);
    assert!(seen(&model).contains("/data"));
    // The view does not change if the user has opened something else meanwhile.
    run(&mut model, "fsck /");
    at(&mut model, 60_000);
    ended(&mut model, 0, "1\n2\n");
    assert_eq!(model.page, PageId::Overview);
    assert!(seen(&model).contains(&format!("done: fsck /; {} shows its output", PageId::Commands.key())));
    run(&mut model, "du /");
    typed(&mut model, ":l");
    ended(&mut model, 0, "1\n2\n");
    assert!(
        matches!(&model.overlay, Overlay::Palette(line) if line.typed.text() == "l") && model.page == PageId::Overview
    );
}

#[test]
fn errors_stay_until_they_are_read() {
    let mut model = fixtures::model(fixtures::cluster(3));
    run(&mut model, "setrep 2 /none");
    ended(&mut model, 1, "setrep: /none: no such file\n");
    let key = PageId::Commands.key();
    assert!(seen(&model).contains(&format!("failed: setrep: /none: no such file; {key} shows it")), "{}", seen(&model));
    run(&mut model, "echo a");
    ended(&mut model, 0, "a\n");
    typed(&mut model, "1");
    assert!(seen(&model).contains("1 command failed"));
    // A failed command that was not read comes first and then counts as read.
    press(&mut model, KeyCode::Char(key));
    assert!(seen(&model).contains("no such file"), "{}", seen(&model));
    typed(&mut model, "1");
    assert!(!seen(&model).contains("failed"), "{}", seen(&model));
    // A command that fails while it is shown counts as read.
    press(&mut model, KeyCode::Char(key));
    run(&mut model, "rm /x");
    ended(&mut model, 1, "rm: /x: no\n");
    assert!(model.shared.commands.iter().all(|command| command.read));
}

#[test]
fn commands_are_chosen_cancelled_copied_and_typed_again() {
    let mut model = busy();
    press(&mut model, KeyCode::Char(PageId::Commands.key()));
    // The failed command is shown first; the running one is the newest.
    assert!(seen(&model).contains("hint: did you mean"));
    press(&mut model, KeyCode::Up);
    press(&mut model, KeyCode::Up);
    assert!(seen(&model).contains("running; its output"), "{}", seen(&model));
    assert_eq!(typed(&mut model, "x"), [Effect::Cancel { number: 3 }]);
    assert!(seen(&model).contains("cancelling: put -r"));
    assert_eq!(typed(&mut model, "y"), [Effect::Copy("put -r /home/ann/photos /data".into())]);
    press(&mut model, KeyCode::Down);
    assert_eq!(typed(&mut model, "x"), []);
    assert!(seen(&model).contains("has already ended: du -h /"));
    press(&mut model, KeyCode::Enter);
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), ["du -h /"]);
}

#[test]
fn output_is_scrolled_and_never_obeyed() {
    let mut model = fixtures::model(fixtures::cluster(3));
    run(&mut model, "cat /a");
    let long: String = (0..500).map(|number| format!("line {number}\x1b[31m\t{}end\n", "x".repeat(100))).collect();
    ended(&mut model, 0, &long);
    assert!(seen(&model).contains("line 0\\u{1b}[31m    xxx") && seen(&model).contains("line 1 of 500"));
    press(&mut model, KeyCode::PageDown);
    assert!(!seen(&model).contains("line 0\\u"));
    press(&mut model, KeyCode::End);
    assert!(seen(&model).contains("line 500 of 500") && seen(&model).contains("line 499"));
    press(&mut model, KeyCode::Right);
    assert!(seen(&model).contains("xend"));
    press(&mut model, KeyCode::Home);
    assert!(seen(&model).contains("line 1 of 500"));
    let mouse = |kind, row| Message::Mouse(MouseEvent { kind, column: 5, row, modifiers: KeyModifiers::NONE });
    update(&mut model, mouse(MouseEventKind::ScrollDown, 20));
    assert!(seen(&model).contains("line 4 of 500"));
    // The first row below the header is the newest.
    run(&mut model, "echo b");
    ended(&mut model, 0, "b\n");
    update(&mut model, mouse(MouseEventKind::Down(MouseButton::Left), 3));
    assert!(seen(&model).contains("── echo b: line 1 of 1"), "{}", seen(&model));
    update(&mut model, mouse(MouseEventKind::ScrollDown, 3));
    assert!(seen(&model).contains("── cat /a"));
}

#[test]
fn a_question_of_a_command_carries_the_line_that_does_it() {
    let mut model = fixtures::model(fixtures::cluster(3));
    let number = run(&mut model, "pwd; rm -r /a; ls");
    let question = Question { what: "delete /a".into(), line: "rm --yes -r /a; ls".into() };
    news(&mut model, number, CommandState::WouldAsk(question));
    assert_eq!(runs(&typed(&mut model, "y")), ["rm --yes -r /a; ls"]);
}

#[test]
fn sideways_by_cells() {
    assert_eq!((behind("漢字ab", 2), behind("漢字ab", 3), behind("ab", 9), behind("ab", 0)), ("字ab", "ab", "", "ab"));
}
