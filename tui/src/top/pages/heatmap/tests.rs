//! Tests the heatmap through its keys and frames.

use crate::heat::Lens;
use crate::top::fixtures::{self, entry, on};
use crate::top::message::{Effect, Message};
use crate::top::model::Model;
use crate::top::observation::Moment;
use crate::top::once;
use crate::top::page_id::PageId;
use crate::top::theme::ThemeName;
use crate::top::update::update;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use dfs_client::{AdminState, DirectoryTraffic, ListPage, Snapshot, Traffic};
use dfs_term::figures::plural;
use dfs_types::{DfsPath, Entry, Error, ErrorCode, Kind};
use ratatui::style::Color;

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Message::Key(KeyEvent::from(code)))
}

fn click(model: &mut Model, column: u16, row: u16) -> Vec<Effect> {
    let kind = MouseEventKind::Down(MouseButton::Left);
    update(model, Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
}

fn seen(model: &Model) -> String {
    once::plain(&once::frame(model, 120, 40))
}

fn heatmap(snapshot: Snapshot) -> Model {
    let mut model = on(fixtures::model(snapshot), PageId::Heatmap);
    update(&mut model, Message::Resize(120, 40));
    model
}

fn copied(model: &mut Model) -> Option<String> {
    match press(model, KeyCode::Char('y')).pop() {
        Some(Effect::Copy(text)) => Some(text),
        _ => None,
    }
}

#[test]
fn lenses_are_changed_and_kept() {
    let mut model = heatmap(fixtures::thousand());
    for lens in Lens::ALL.into_iter().cycle().skip(1).take(Lens::ALL.len()) {
        let effects = press(&mut model, KeyCode::Char('l'));
        assert!(
            matches!(effects.last(), Some(Effect::Keep(kept)) if kept.lens.as_deref() == Some(lens.word())),
            "{effects:?}"
        );
        assert!(seen(&model).contains(&format!("{} by machine", lens.title())), "{}", seen(&model));
    }
    press(&mut model, KeyCode::Char('L'));
    assert!(seen(&model).contains("replication risk by machine"));
    assert_eq!(super::Heatmap::new(Some("balance")).lens(), Lens::Balance);
    assert_eq!(super::Heatmap::new(Some("scrub")).lens(), Lens::Fill);
}

#[test]
fn the_selected_datanode_is_drained_and_resumed() {
    let mut snapshot = fixtures::cluster(3);
    (snapshot.nodes[1].admin_state, snapshot.nodes[1].left) = (AdminState::Draining, Some(7));
    let mut model = heatmap(snapshot);
    let line = |effects: Vec<Effect>| match effects.as_slice() {
        [Effect::Run { line, .. }] => line.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(line(press(&mut model, KeyCode::Char('D'))), "node drain datanode-1");
    press(&mut model, KeyCode::Right);
    assert!(seen(&model).contains("datanode-2 » draining"), "{}", seen(&model));
    assert_eq!(line(press(&mut model, KeyCode::Char('R'))), "node resume datanode-2");
    // Each state is a separate group.
    press(&mut model, KeyCode::Char('g'));
    assert!(seen(&model).contains("» draining"));
}

#[test]
fn tiles_are_selected_by_arrows_and_opened() {
    let mut model = heatmap(fixtures::cluster(100));
    assert_eq!(copied(&mut model).as_deref(), Some("datanode-1"));
    press(&mut model, KeyCode::Right);
    press(&mut model, KeyCode::Right);
    press(&mut model, KeyCode::Left);
    assert_eq!(copied(&mut model).as_deref(), Some("datanode-2"));
    press(&mut model, KeyCode::Down);
    let below = copied(&mut model).expect("a datanode");
    assert_ne!(below, "datanode-2");
    press(&mut model, KeyCode::Up);
    assert_eq!(copied(&mut model).as_deref(), Some("datanode-2"));
    press(&mut model, KeyCode::End);
    assert!(copied(&mut model).is_some_and(|id| id != "datanode-2"));
    let effects = press(&mut model, KeyCode::Enter);
    assert!(matches!(effects.first(), Some(Effect::ReadLog { .. })), "{effects:?}");
    assert_eq!(model.page, PageId::Nodes);
    press(&mut model, KeyCode::Char('['));
    assert_eq!(model.page, PageId::Heatmap);
}

#[test]
fn tiles_are_selected_and_opened_by_clicks() {
    let mut model = heatmap(fixtures::cluster(3));
    let frame = seen(&model);
    let (row, line) = frame.lines().enumerate().find(|(_, line)| line.contains("datanode-2")).expect("its box");
    let column = line.chars().collect::<String>().find("datanode-2").map(|at| line[..at].chars().count()).unwrap_or(0);
    click(&mut model, column as u16, row as u16);
    assert_eq!(copied(&mut model).as_deref(), Some("datanode-2"));
    click(&mut model, column as u16, row as u16);
    assert_eq!(model.page, PageId::Nodes);
}

#[test]
fn the_worst_come_first_by_state() {
    let mut model = heatmap(fixtures::thousand());
    press(&mut model, KeyCode::Char('g'));
    press(&mut model, KeyCode::Home);
    assert_eq!(copied(&mut model).as_deref(), Some("datanode-100"));
    let text = seen(&model);
    assert!(text.contains("by state") && text.contains("✗ dead"), "{text}");
}

#[test]
fn a_tile_of_many_shows_and_opens_the_worst() {
    let mut snapshot = fixtures::machines(125, 40);
    snapshot.nodes[4321].state = dfs_client::NodeState::Dead;
    snapshot.nodes[4321].heartbeat_age_ms = 60_000;
    let mut model = heatmap(snapshot);
    update(&mut model, Message::Resize(80, 24));
    let text = once::plain(&once::frame(&model, 80, 24));
    assert!(text.contains("5,000 datanodes, a tile shows the worst of up to 40"), "{text}");
    assert_eq!(text.matches("✗×").count(), 1, "{text}");
    press(&mut model, KeyCode::End);
    for _ in 0..17 {
        if copied(&mut model).as_deref() == Some("datanode-4322") {
            break;
        }
        press(&mut model, KeyCode::Left);
    }
    assert_eq!(copied(&mut model).as_deref(), Some("datanode-4322"));
    let text = once::plain(&once::frame(&model, 80, 24));
    assert!(
        text.contains("40 datanodes, from 10.0.0.109")
            && text.contains("1 not reporting; the worst:")
            && text.contains("datanode-4322 ✗ dead 1 min ago"),
        "{text}"
    );
}

#[test]
fn nothing_that_is_silent_or_old_has_a_ground_of_colour() {
    let grounds = |model: &Model| {
        let frame = once::frame(model, 120, 40);
        frame.content.iter().take(120 * 35).filter(|cell| cell.bg != Color::Reset).count()
    };
    let mut model = heatmap(fixtures::cluster(3));
    assert!(grounds(&model) > 0);
    let error = Error::new(ErrorCode::Unreachable, "gone");
    update(&mut model, Message::Lost(error));
    assert_eq!(grounds(&model), 0);
    let mut snapshot = fixtures::cluster(1);
    snapshot.nodes[0].state = dfs_client::NodeState::Stale;
    assert_eq!(grounds(&heatmap(snapshot)), 0);
    // Without colours there are none at all.
    let mut model = heatmap(fixtures::thousand());
    model.shared.theme.name = ThemeName::Mono;
    assert_eq!(grounds(&model), 0);
    assert!(seen(&model).contains("✗"));
}

fn listed(model: &mut Model, path: &str, after: Option<&str>, entries: Vec<Entry>, more: bool) -> Vec<Effect> {
    let path = DfsPath::parse(path).expect("a path");
    let after = after.map(str::to_owned);
    update(model, Message::Listed { path, after, result: Ok(ListPage { entries, more }) })
}

#[test]
fn big_directories_are_found_from_above() {
    let mut model = heatmap(fixtures::cluster(3));
    let list = |path: &str, after: Option<&str>| Effect::List {
        path: DfsPath::parse(path).expect("a path"),
        after: after.map(str::to_owned),
    };
    assert_eq!(press(&mut model, KeyCode::Char('f')), [list("/", None)]);
    assert!(seen(&model).contains("is being read…"));
    let page = vec![entry("a\x1b[2J", Kind::File, 30), entry("logs", Kind::Directory, 9 << 30)];
    assert_eq!(listed(&mut model, "/", None, page, true), [list("/", Some("logs"))]);
    // A response to another request is ignored.
    assert_eq!(listed(&mut model, "/", None, vec![entry("stray", Kind::File, 1)], true), []);
    listed(&mut model, "/", Some("logs"), vec![entry("zoo", Kind::Directory, 27 << 30)], false);
    let text = seen(&model);
    let lines: Vec<&str> = text.lines().skip(4).take(3).collect();
    assert!(lines[0].starts_with("zoo/") && lines[0].contains("27.0 GiB   75 %"), "{text}");
    assert!(lines[1].starts_with("logs/") && lines[2].starts_with("a\\u{1b}[2J "), "{text}");
    assert!(text.contains("2 directories, 1 file") && !text.contains("stray"), "{text}");
    press(&mut model, KeyCode::Down);
    assert_eq!(copied(&mut model).as_deref(), Some("/logs"));
    assert_eq!(press(&mut model, KeyCode::Enter), [list("/logs", None)]);
    let error = Error::new(ErrorCode::Timeout, "no answer within 5 s");
    let path = DfsPath::parse("/logs").expect("a path");
    update(&mut model, Message::Listed { path, after: None, result: Err(error) });
    assert!(seen(&model).contains("could not be read: no answer within 5 s; r tries again"));
    assert_eq!(press(&mut model, KeyCode::Char('r')), [list("/logs", None)]);
    // Up to the directory that was left, then back to the tiles.
    assert_eq!(press(&mut model, KeyCode::Esc), [list("/", None)]);
    let page = vec![entry("logs", Kind::Directory, 9 << 30), entry("zoo", Kind::Directory, 27 << 30)];
    listed(&mut model, "/", None, page, false);
    assert_eq!(copied(&mut model).as_deref(), Some("/logs"));
    press(&mut model, KeyCode::Esc);
    assert!(seen(&model).contains("fill level by machine"));
}

#[test]
fn hot_directories_are_found_from_above() {
    let mut model = heatmap(fixtures::cluster(3));
    let traffic = |path: &str| Effect::Traffic { path: DfsPath::parse(path).expect("a path") };
    press(&mut model, KeyCode::Char('f'));
    let page =
        vec![entry("big", Kind::Directory, 9 << 30), entry("file", Kind::File, 5), entry("hot", Kind::Directory, 1)];
    listed(&mut model, "/", None, page, false);
    assert_eq!(press(&mut model, KeyCode::Char('h')), [traffic("/")]);
    assert!(seen(&model).contains("asking for recent traffic…"), "{}", seen(&model));
    let told = |model: &mut Model, path: &str, result| {
        let path = DfsPath::parse(path).expect("a path");
        assert_eq!(update(model, Message::Traffic { path, result }), []);
    };
    let flow = |read, written| Traffic { read, written };
    let directories = vec![("big".to_owned(), flow(1_000, 0)), ("hot".to_owned(), flow(40_000_000, 2_000_000))];
    let answer = DirectoryTraffic { whole: flow(41_001_000, 2_000_000), directories };
    // A response about another directory is ignored.
    told(&mut model, "/other", Ok(DirectoryTraffic::default()));
    assert!(seen(&model).contains("asking for recent traffic…"));
    told(&mut model, "/", Ok(answer));
    let text = seen(&model);
    let lines: Vec<&str> = text.lines().skip(4).take(3).collect();
    assert!(lines[0].starts_with("hot/") && lines[0].contains("40 MB/s read    2.0 MB/s written"), "{text}");
    assert!(lines[1].starts_with("big/") && lines[1].contains("1 kB/s read"), "{text}");
    assert!(text.contains("recently 41 MB/s read, 2.0 MB/s written, 1.0 MB/s in this directory itself"), "{text}");
    // Traffic is requested again with the snapshots, but not with each of them, and not while a
    // response is awaited.
    let mut picture = |at_ms: u64| {
        update(&mut model, Message::Tick(Moment { elapsed_ms: at_ms, calendar: fixtures::NOW }));
        update(&mut model, Message::Picture(fixtures::cluster(3).into(), 0))
    };
    let now = 1_000_000;
    assert_eq!(picture(now), [traffic("/")]);
    assert_eq!(picture(now + 60_000), []);
    told(&mut model, "/", Err(Error::new(ErrorCode::Timeout, "no answer within 10 s")));
    assert!(seen(&model).contains("recent traffic is not known: no answer within 10 s"));
    press(&mut model, KeyCode::Home);
    let list = Effect::List { path: DfsPath::parse("/big").expect("a path"), after: None };
    assert_eq!(press(&mut model, KeyCode::Enter), [list, traffic("/big")]);
    press(&mut model, KeyCode::Char('h'));
    assert!(!seen(&model).contains("recent traffic"), "{}", seen(&model));
}

#[test]
fn of_a_huge_directory_only_the_first_pages_are_read() {
    let mut model = heatmap(fixtures::cluster(3));
    let mut effects = press(&mut model, KeyCode::Char('f'));
    let mut pages = 0;
    while let Some(Effect::List { after, .. }) = effects.pop() {
        let page = (0..1000).map(|at| entry(&format!("{pages:02}-{at:04}"), Kind::File, at)).collect();
        pages += 1;
        effects = listed(&mut model, "/", after.as_deref(), page, true);
    }
    assert_eq!(pages, 10);
    assert!(seen(&model).contains("the largest of the first 10,000 entries; there are more"), "{}", seen(&model));
}

#[test]
fn no_datanode_at_all() {
    let mut model = heatmap(fixtures::cluster(0));
    for code in [KeyCode::Enter, KeyCode::Down, KeyCode::End, KeyCode::Char('g'), KeyCode::Char('l')] {
        press(&mut model, code);
    }
    assert!(seen(&model).contains("No datanode has ever registered"));
}

#[test]
fn every_number_of_datanodes_is_drawn_in_windows_of_any_size() {
    for (machines, each) in [(1, 1), (7, 3), (3, 100), (200, 12), (1, 5000)] {
        let mut model = heatmap(fixtures::machines(machines, each));
        let all = plural(u64::from(machines * each), "datanode", "datanodes");
        for at in 0..40u16 {
            let (columns, lines) = (60 + at * 37 % 200, 16 + at * 13 % 60);
            update(&mut model, Message::Resize(columns, lines));
            press(&mut model, if at % 2 == 0 { KeyCode::Down } else { KeyCode::Right });
            let text = once::plain(&once::frame(&model, columns, lines));
            assert!(text.contains(&all), "{columns} × {lines}:\n{text}");
        }
        press(&mut model, KeyCode::Char('f'));
        let page = fixtures::directory();
        listed(&mut model, "/", None, page.entries, false);
        for (columns, lines) in [(60, 16), (61, 40), (250, 17)] {
            update(&mut model, Message::Resize(columns, lines));
            assert!(once::plain(&once::frame(&model, columns, lines)).contains("data/"));
        }
    }
}
