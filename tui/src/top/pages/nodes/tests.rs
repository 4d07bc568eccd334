//! Tests the view of datanodes through its keys and frames.

use crate::top::fixtures::{self, NOW, on};
use crate::top::message::{CommandNews, CommandState, Effect, Message, Question};
use crate::top::model::Model;
use crate::top::observation::Moment;
use crate::top::once;
use crate::top::page_id::PageId;
use crate::top::update::update;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use dfs_client::{AdminState, Snapshot};
use dfs_types::{Error, ErrorCode};
use std::sync::Arc;

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Message::Key(KeyEvent::from(code)))
}

fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    text.chars().flat_map(|letter| press(model, KeyCode::Char(letter))).collect()
}

fn click(model: &mut Model, column: u16, row: u16) -> Vec<Effect> {
    let kind = MouseEventKind::Down(MouseButton::Left);
    update(model, Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
}

fn seen(model: &Model) -> Vec<String> {
    once::plain(&once::frame(model, 120, 40)).lines().map(str::to_owned).collect()
}

/// Returns the names in the table, from top to bottom.
fn names(model: &Model) -> Vec<String> {
    let first = |line: &String| line.split_whitespace().next().unwrap_or_default().to_owned();
    seen(model).iter().map(first).filter(|name| name.starts_with("datanode-")).collect()
}

fn table(snapshot: Snapshot) -> Model {
    let mut model = on(fixtures::model(snapshot), PageId::Nodes);
    update(&mut model, Message::Resize(120, 40));
    model
}

#[test]
fn columns_sort_and_turn_round() {
    let mut model = table(fixtures::cluster(5));
    assert_eq!(names(&model), ["datanode-1", "datanode-2", "datanode-3", "datanode-4", "datanode-5"]);
    let effects = typed(&mut model, "ss");
    assert!(
        matches!(effects.last(), Some(Effect::Keep(kept)) if kept.nodes_by.as_deref() == Some("-used")),
        "{effects:?}"
    );
    assert_eq!(names(&model), ["datanode-5", "datanode-4", "datanode-3", "datanode-2", "datanode-1"]);
    typed(&mut model, "S");
    assert_eq!(names(&model).first().map(String::as_str), Some("datanode-1"));
    // A click on the header reverses the order, one on another header sorts by that column.
    let head = seen(&model)[3].clone();
    let column =
        |name: &str| head.char_indices().position(|(at, _)| head[at..].starts_with(name)).expect("a head") as u16;
    click(&mut model, column("USED"), 3);
    assert_eq!(names(&model).first().map(String::as_str), Some("datanode-5"));
    click(&mut model, column("NODE"), 3);
    assert_eq!(names(&model).first().map(String::as_str), Some("datanode-1"));
}

#[test]
fn the_order_is_kept_for_the_next_start() {
    for order in ["node", "-full", "seen", "-read"] {
        assert_eq!(super::Nodes::new(Some(order)).order(), order);
    }
    assert_eq!(
        (super::Nodes::new(None).order(), super::Nodes::new(Some("-zone")).order()),
        ("node".into(), "node".into())
    );
}

#[test]
fn the_filter_looks_at_all_that_is_said() {
    let mut model = table(fixtures::dead());
    typed(&mut model, "/dead");
    press(&mut model, KeyCode::Enter);
    assert_eq!(names(&model), ["datanode-3"]);
    assert!(seen(&model)[2].contains("filter dead: 1 of 3"), "{:?}", seen(&model));
    press(&mut model, KeyCode::Esc);
    typed(&mut model, "/!dead");
    press(&mut model, KeyCode::Enter);
    assert_eq!(names(&model), ["datanode-1", "datanode-2"]);
    press(&mut model, KeyCode::Esc);
    typed(&mut model, "/10.0.0.3");
    press(&mut model, KeyCode::Enter);
    assert_eq!(names(&model).len(), 1);
    typed(&mut model, "/nothing like it");
    assert!(seen(&model)[4].contains("No datanode matches the filter"), "{:?}", seen(&model));
    press(&mut model, KeyCode::Esc);
    assert_eq!(names(&model).len(), 3);
}

#[test]
fn what_is_chosen_stays_so_when_the_order_changes() {
    let mut model = table(fixtures::cluster(9));
    press(&mut model, KeyCode::Down);
    assert_eq!(press(&mut model, KeyCode::Char('y')), [Effect::Copy("datanode-2".into())]);
    typed(&mut model, "ss");
    assert_eq!(press(&mut model, KeyCode::Char('y')), [Effect::Copy("datanode-2".into())]);
    let mut fewer = fixtures::cluster(9);
    fewer.nodes.remove(0);
    update(&mut model, Message::Picture(Arc::new(fewer), 0));
    assert_eq!(press(&mut model, KeyCode::Char('y')), [Effect::Copy("datanode-2".into())]);
}

#[test]
fn one_datanode_is_opened_and_left() {
    let mut model = table(fixtures::dead());
    typed(&mut model, "/datanode-3");
    press(&mut model, KeyCode::Enter);
    let effects = press(&mut model, KeyCode::Enter);
    assert_eq!(effects.first(), Some(&Effect::ReadLog { node: "datanode-3".into() }));
    let text = seen(&model).join("\n");
    for part in ["datanode-3  ✗ dead", "/data/3", "439 chunks lost a replica", "log: not read yet", "not known"] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    press(&mut model, KeyCode::Esc);
    // One level up, and no further: the filter is kept.
    assert_eq!(names(&model), ["datanode-3"]);
    press(&mut model, KeyCode::Esc);
    assert_eq!(names(&model).len(), 3);
}

#[test]
fn a_click_chooses_and_another_opens() {
    let mut model = table(fixtures::cluster(3));
    click(&mut model, 3, 5);
    assert_eq!(press(&mut model, KeyCode::Char('y')), [Effect::Copy("datanode-2".into())]);
    click(&mut model, 3, 5);
    assert!(seen(&model)[2].starts_with("datanode-2  · live"), "{:?}", seen(&model));
}

#[test]
fn its_log_is_read_again_and_again_while_it_is_seen() {
    let mut model = table(fixtures::cluster(3));
    let tick = |model: &mut Model, elapsed_ms| update(model, Message::Tick(Moment { elapsed_ms, calendar: NOW }));
    let asked = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::ReadLog { .. }));
    assert!(asked(&press(&mut model, KeyCode::Enter)));
    assert!(!asked(&tick(&mut model, 9_000)), "one question at a time");
    let lines = (1..=900).map(|line| format!("line {line}\x1b[2J")).collect();
    update(&mut model, Message::Log { node: "datanode-1".into(), lines: Ok(lines) });
    let text = seen(&model).join("\n");
    assert!(text.contains("line 900\\u{1b}[2J") && text.contains("read now"), "{text}");
    press(&mut model, KeyCode::Up);
    let text = seen(&model).join("\n");
    assert!(
        !text.contains("line 900") && text.contains("line 899") && text.contains("1 line before the end"),
        "{text}"
    );
    assert!(!asked(&tick(&mut model, 10_000)) && asked(&tick(&mut model, 12_000)));
    let error = Error::new(ErrorCode::Unsupported, "only logs of this machine can be read");
    update(&mut model, Message::Log { node: "datanode-1".into(), lines: Err(error) });
    assert!(seen(&model).join("\n").contains("only logs of this machine can be read"));
    // Not while another view is shown.
    typed(&mut model, "1");
    assert!(!asked(&tick(&mut model, 60_000)));
    assert!(asked(&typed(&mut model, "2")));
}

#[test]
fn commands_are_for_what_is_chosen() {
    let mut model = table(fixtures::cluster(3));
    press(&mut model, KeyCode::Down);
    let line = |effects: Vec<Effect>| match effects.as_slice() {
        [Effect::Run { line, .. }] => line.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(line(typed(&mut model, "w")), "why datanode-2");
    assert_eq!(line(typed(&mut model, "i")), "node show datanode-2");
    press(&mut model, KeyCode::Enter);
    assert_eq!(line(typed(&mut model, "w")), "why datanode-2");
    assert_eq!(line(typed(&mut model, "d")), "doctor");
    let actions: Vec<String> = model.current().actions(&model.shared).into_iter().map(|action| action.name).collect();
    assert_eq!(actions, ["why datanode-2", "node show datanode-2", "doctor", "node drain datanode-2"]);
}

#[test]
fn what_is_wished_of_a_datanode_depends_on_how_it_is() {
    let mut snapshot = fixtures::dead();
    (snapshot.nodes[1].admin_state, snapshot.nodes[1].left) = (AdminState::Draining, Some(7));
    let mut model = table(snapshot);
    let lines = |effects: Vec<Effect>| {
        let line = |effect| if let Effect::Run { line, .. } = effect { Some(line) } else { None };
        effects.into_iter().filter_map(line).collect::<Vec<_>>()
    };
    let wishes = |model: &Model| {
        let bindings = model.current().bindings(&model.shared).into_iter();
        bindings.filter(|binding| "DRF".contains(binding.key)).map(|binding| binding.name).collect::<Vec<_>>()
    };
    assert_eq!(wishes(&model), ["drain"]);
    assert_eq!(lines(typed(&mut model, "D")), ["node drain datanode-1"]);
    assert_eq!(lines(typed(&mut model, "RF")), [""; 0]);
    press(&mut model, KeyCode::Down);
    assert_eq!(wishes(&model), ["resume"]);
    assert_eq!(lines(typed(&mut model, "DR")), ["node resume datanode-2"]);
    press(&mut model, KeyCode::Down);
    assert_eq!(wishes(&model), ["drain", "forget"]);
    assert_eq!(lines(typed(&mut model, "F")), ["node forget datanode-3"]);
    // On the page of one datanode, and in the palette.
    press(&mut model, KeyCode::Enter);
    assert_eq!(lines(typed(&mut model, "F")), ["node forget datanode-3"]);
    let actions: Vec<String> = model.current().actions(&model.shared).into_iter().map(|action| action.name).collect();
    assert_eq!(actions[3..], ["node drain datanode-3", "node forget datanode-3"]);
    // The shell asks with the effect of the command, and Cancel is selected.
    let question = Question {
        what: "forget datanode-3: 439 chunks were on it".into(),
        line: "node forget --yes datanode-3".into(),
    };
    let number = model.last_command;
    update(&mut model, Message::Command(CommandNews { number, state: CommandState::WouldAsk(question) }));
    let text = seen(&model).join("\n");
    for part in [" Forget datanode-3? ", "439 chunks were on it", " n  Cancel ", " y  Forget "] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert_eq!(lines(press(&mut model, KeyCode::Char('y'))), ["node forget --yes datanode-3"]);
    model.shared.read_only = true;
    assert_eq!((wishes(&model), lines(typed(&mut model, "DRF"))), (vec![], vec![]));
}

#[test]
fn one_that_drains_says_how_far_it_is() {
    let scenes = fixtures::scenes().into_iter();
    let mut model = scenes.filter(|(name, _)| *name == "draining").map(|(_, model)| model).next().expect("there");
    update(&mut model, Message::Resize(200, 60));
    model.page = PageId::Nodes;
    assert!(seen(&model)[2].contains("5 live, 0 stale, 0 dead, 1 draining, 1 drained"), "{:?}", seen(&model));
    typed(&mut model, "/draining");
    press(&mut model, KeyCode::Enter);
    assert_eq!(names(&model), ["datanode-2"]);
    press(&mut model, KeyCode::Enter);
    let text = seen(&model).join("\n");
    assert!(text.contains("» draining") && text.contains("214 of 426 chunks left, 4.0 a second, about"), "{text}");
}

#[test]
fn no_datanode_at_all() {
    let mut model = table(fixtures::cluster(0));
    for code in [KeyCode::Enter, KeyCode::Down, KeyCode::Char('w'), KeyCode::Char('s'), KeyCode::End] {
        press(&mut model, code);
    }
    assert!(seen(&model).join("\n").contains("No datanode has ever registered"));
}

#[test]
fn clocks_that_are_off_by_a_day_are_told_and_nothing_else_is_wrong() {
    const DAY_MS: i64 = 86_400_000;
    let mut snapshot = fixtures::cluster(3);
    (snapshot.nodes[0].skew_ms, snapshot.nodes[1].skew_ms) = (DAY_MS, -DAY_MS);
    let mut model = table(snapshot);
    update(&mut model, Message::Resize(200, 60));
    let text = once::plain(&once::frame(&model, 200, 60));
    assert!(text.contains("+1d 00h") && text.contains("-1d 00h"), "{text}");
    for (side, keys) in [("ahead of", 0), ("behind", 1)] {
        (0..keys).for_each(|_| drop(press(&mut model, KeyCode::Down)));
        press(&mut model, KeyCode::Enter);
        let text = seen(&model).join("\n");
        assert!(text.contains(&format!("clock        1d 00h {side} the master's")), "{text}");
        press(&mut model, KeyCode::Esc);
    }
    let told = "clocks differ from the master's: datanode-1 is 1d 00h ahead and datanode-2 is 1d 00h behind";
    for page in PageId::ALL {
        press(&mut model, KeyCode::Char(page.key()));
        let text = seen(&model).join("\n");
        assert!(!text.contains("NaN") && !text.contains("inf ") && !text.contains("d ago"), "{text}");
        assert!(page != PageId::Overview || text.contains(told), "{text}");
    }
}

#[test]
fn one_datanode_is_drawn_in_windows_of_any_size() {
    let mut snapshot = fixtures::dead();
    let node = &mut snapshot.nodes[2];
    node.version = "0.1.0-\x1b[31m漢字".repeat(40);
    node.skew_ms = i64::MIN;
    node.load.directories = (0..300).map(|_| node.load.directories[0].clone()).collect();
    node.load.directories[299].path = "/漢/".repeat(200);
    node.load.directories[299].failed = true;
    let mut model = table(snapshot);
    press(&mut model, KeyCode::End);
    press(&mut model, KeyCode::Enter);
    for at in 0..200u16 {
        let (columns, lines) = (60 + at * 7 % 200, 16 + at * 13 % 60);
        update(&mut model, Message::Resize(columns, lines));
        let text = once::plain(&once::frame(&model, columns, lines));
        assert!(text.contains("datanode-3  ✗ dead") && !text.contains('\x1b'), "{columns} × {lines}:\n{text}");
    }
    // Failed directories are shown first.
    assert!(seen(&model).join("\n").contains("! failed"));
}
