//! Tests help, the foot line and the boxes in windows of all sizes.

use super::{Dialog, EVERYWHERE, FootPart, everywhere, foot_parts, help_lines, key_of};
use crate::top::fixtures;
use crate::top::message::{CommandNews, CommandState, Effect, Message, Question};
use crate::top::model::{Model, Overlay};
use crate::top::once;
use crate::top::page_id::PageId;
use crate::top::update::tests::{press, runs, seen, typed};
use crate::top::update::update;
use crate::top::widgets::page_area;
use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

fn in_window(columns: u16, lines: u16) -> Model {
    let mut model = fixtures::model(fixtures::dead());
    update(&mut model, Message::Resize(columns, lines));
    model
}

fn frame(model: &Model) -> String {
    let area = model.shared.area;
    once::plain(&once::frame(model, area.width, area.height))
}

fn click(model: &mut Model, column: u16, row: u16) -> Vec<Effect> {
    let kind = MouseEventKind::Down(MouseButton::Left);
    update(model, Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
}

/// Runs a line with this output.
fn wrote(model: &mut Model, line: &str, output: &str) -> Vec<Effect> {
    typed(model, &format!(":{line}"));
    press(model, KeyCode::Enter);
    let (number, state) = (model.last_command, CommandState::Ended { code: 0, output: output.to_owned() });
    update(model, Message::Command(CommandNews { number, state }))
}

#[test]
fn help_fits_narrow_windows_as_a_whole() {
    for columns in [60, 80, 200] {
        let mut model = in_window(columns, 24);
        for page in PageId::ALL {
            model.page = page;
            let lines = help_lines(&model);
            assert!(lines.iter().all(|line| line.width() + 4 <= columns.into()), "{page:?} in {columns}");
            let words = |text: String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let told =
                words(lines.iter().flat_map(|line| line.iter()).map(|span| format!("{} ", span.content)).collect());
            for binding in model.current().bindings(&model.shared).into_iter().chain(everywhere(&model.shared)) {
                let help = words(binding.help.to_owned());
                assert!(told.windows(help.len()).any(|part| part == help), "{columns}: {}", binding.help);
            }
        }
    }
}

#[test]
fn help_is_drawn_without_cuts() {
    let mut model = in_window(60, 24);
    typed(&mut model, "?");
    let whole = help_lines(&model).len();
    let mut drawn = 0;
    for _ in 0..whole {
        let text = frame(&model);
        let in_box = |line: &&str| line.contains('│') && !line.starts_with("dfs ");
        assert!(text.lines().filter(in_box).all(|line| !line.contains('…')), "{text}");
        drawn += text.lines().filter(in_box).count();
        press(&mut model, KeyCode::PageDown);
    }
    assert!(drawn >= whole);
}

#[test]
fn the_foot_line_says_how_to_quit_and_can_be_clicked() {
    for columns in [60, 80, 200] {
        for page in PageId::ALL {
            let mut model = in_window(columns, 24);
            model.page = page;
            let text = frame(&model);
            let foot = text.lines().last().expect("a line").to_owned();
            assert!(foot.ends_with("? help  : do  q quit"), "{columns} {page:?}: {foot}");
            let parts = foot_parts(&model);
            for (columns, part) in &parts {
                let FootPart::Key(binding) = part else { panic!("{part:?}") };
                let place = foot.chars().skip(columns.start).collect::<String>();
                assert!(place.starts_with(binding.key), "{binding:?} in {foot}");
            }
            let column = |key: &str| {
                let is_key = |part: &FootPart| matches!(part, FootPart::Key(binding) if binding.key == key);
                parts.iter().find(|(_, part)| is_key(part)).map(|(columns, _)| columns.start as u16).expect(key)
            };
            assert_eq!(click(&mut model, column("q"), 23), [Effect::Quit]);
            click(&mut model, column("?"), 23);
            assert!(matches!(model.overlay, Overlay::Help(0)));
        }
    }
}

/// Bindings that name several keys, or a direction, can only be used from the keyboard.
#[test]
fn every_key_that_is_shown_can_be_clicked() {
    let mut model = in_window(200, 60);
    let mut bindings = EVERYWHERE.to_vec();
    for page in PageId::ALL {
        model.page = page;
        bindings.extend(model.current().bindings(&model.shared));
    }
    for binding in bindings {
        let several = ["1-8", "pgup/dn"].contains(&binding.key) || binding.key.contains(['↑', '←']);
        assert_eq!(key_of(&binding).is_none(), several, "{binding:?}");
    }
}

#[test]
fn a_click_on_what_failed_shows_it() {
    let mut model = in_window(80, 24);
    typed(&mut model, ":rm /none");
    press(&mut model, KeyCode::Enter);
    let state = CommandState::Ended { code: 1, output: "rm: /none: no such file".to_owned() };
    update(&mut model, Message::Command(CommandNews { number: 1, state }));
    // The first click removes the message, as a key does.
    click(&mut model, 3, 23);
    assert!(frame(&model).contains("✗ 1 command failed") && model.page == PageId::Overview);
    click(&mut model, 3, 23);
    assert_eq!(model.page, PageId::Commands);
}

#[test]
fn an_answer_is_shown_where_it_was_asked_for() {
    let mut model = in_window(80, 24);
    typed(&mut model, "5");
    wrote(&mut model, "ls -l /", "photos/\nnotes.txt\n");
    assert_eq!(model.page, PageId::Files);
    let text = frame(&model);
    for part in [" ls -l /: esc closes ", "│ photos/", "│ notes.txt"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    press(&mut model, KeyCode::Esc);
    assert!(matches!(model.overlay, Overlay::None) && model.page == PageId::Files);
    // The next line is typed over it; a click also closes it.
    wrote(&mut model, "ls /", "a\nb\n");
    typed(&mut model, ":");
    assert!(matches!(model.overlay, Overlay::Palette(_)));
    press(&mut model, KeyCode::Esc);
    wrote(&mut model, "ls /", "a\n\x1b[2Jb\n");
    assert!(frame(&model).contains("\\u{1b}[2Jb"));
    click(&mut model, 1, 5);
    assert!(matches!(model.overlay, Overlay::None));
    // Output that is longer or wider than the window goes to the view of commands, where it can be
    // scrolled.
    let long: String = (0..40).map(|number| format!("line {number}\n")).collect();
    for output in [long, format!("{}\nb\n", "wide".repeat(30))] {
        typed(&mut model, "5");
        wrote(&mut model, "ls /", &output);
        assert!(matches!(model.overlay, Overlay::None));
        assert_eq!(model.page, PageId::Commands);
    }
    // A single line is shown in the foot line.
    typed(&mut model, "5");
    wrote(&mut model, "pwd", "/data\n");
    assert!(matches!(model.overlay, Overlay::None) && seen(&model).contains("/data"));
}

#[test]
fn a_question_is_answered_by_clicks_and_cancel_has_the_focus() {
    let question = || Question { what: "delete /data: 3 files".into(), line: "rm --yes -r /data".into() };
    let asked = || {
        let mut model = in_window(80, 24);
        typed(&mut model, ":rm -r /data");
        press(&mut model, KeyCode::Enter);
        update(&mut model, Message::Command(CommandNews { number: 1, state: CommandState::WouldAsk(question()) }));
        model
    };
    let mut model = asked();
    assert!(frame(&model).contains(" n  Cancel     y  Delete "), "{}", frame(&model));
    let buffer = once::frame(&model, 80, 24);
    let [(_, cancel), (_, deed)] = Dialog::of(&question(), page_area(model.shared.area)).buttons;
    let reversed = |x, y| buffer[(x, y)].modifier.contains(ratatui::style::Modifier::REVERSED);
    assert!(reversed(cancel.x, cancel.y) && !reversed(deed.x, deed.y));
    assert_eq!(runs(&click(&mut model, deed.x, deed.y)), ["rm --yes -r /data"]);
    assert!(matches!(model.overlay, Overlay::None));
    let mut model = asked();
    assert_eq!(runs(&click(&mut model, 0, 0)), [""; 0]);
    assert!(matches!(model.overlay, Overlay::Question { .. }), "a click beside it answers nothing");
    assert_eq!(runs(&click(&mut model, cancel.x, cancel.y)), [""; 0]);
    assert!(matches!(model.overlay, Overlay::None) && frame(&model).contains("cancelled"));
}
