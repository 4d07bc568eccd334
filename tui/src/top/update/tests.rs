//! Tests the keys of the dashboard.

use super::update;
use crate::top::fixtures::{self, model};
use crate::top::message::{Act, CommandNews, CommandState, Effect, Message, Preferences, Question};
use crate::top::model::{Model, Options, Overlay};
use crate::top::observation::{Link, Moment};
use crate::top::once;
use crate::top::page_id::PageId;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use dfs_diagnosis::{Local, LocalDaemon, Process};
use dfs_types::{Error, ErrorCode};
use std::sync::Arc;

pub fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Message::Key(KeyEvent::from(code)))
}

fn control(model: &mut Model, letter: char) -> Vec<Effect> {
    update(model, Message::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)))
}

pub fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    text.chars().flat_map(|letter| press(model, KeyCode::Char(letter))).collect()
}

pub fn seen(model: &Model) -> String {
    once::plain(&once::frame(model, 120, 40))
}

pub fn runs(effects: &[Effect]) -> Vec<&str> {
    let line = |effect: &'_ Effect| match effect {
        Effect::Run { line, .. } => Some(line.clone()),
        _ => None,
    };
    effects.iter().filter_map(|effect| line(effect).map(|line| &*line.leak())).collect()
}

#[test]
fn views_are_reached_by_number_tab_and_name() {
    let mut model = model(fixtures::cluster(3));
    for page in PageId::ALL {
        press(&mut model, KeyCode::Char(page.key()));
        assert_eq!(model.page, page);
    }
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.page, PageId::ALL[0]);
    press(&mut model, KeyCode::BackTab);
    assert_eq!(model.page, PageId::ALL[PageId::ALL.len() - 1]);
    typed(&mut model, ":repl");
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.page, PageId::Replication);
    // Back through the visited views.
    typed(&mut model, "[");
    assert_eq!(model.page, PageId::ALL[PageId::ALL.len() - 1]);
    typed(&mut model, "]");
    assert_eq!(model.page, PageId::Replication);
}

#[test]
fn views_are_reached_by_their_tabs() {
    let mut model = model(fixtures::cluster(3));
    update(&mut model, Message::Resize(120, 40));
    let row = once::plain(&once::frame(&model, 120, 40)).lines().nth(1).expect("the tabs").to_owned();
    let column = row.find("events").expect("its name") as u16;
    let click =
        MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column, row: 1, modifiers: KeyModifiers::NONE };
    update(&mut model, Message::Mouse(click));
    assert_eq!(model.page, PageId::Events);
}

#[test]
fn problems_come_before_the_view_of_the_previous_session() {
    let resumed = || {
        let preferences = Preferences { page: Some(PageId::Heatmap), ..Preferences::default() };
        Model::new(Options { preferences, ..Options::default() })
    };
    let healthy = || Message::Picture(Arc::new(fixtures::cluster(3)), 0);
    let ill = || Message::Picture(Arc::new(fixtures::dead()), 0);
    let page = |messages: Vec<Message>| {
        let mut model = resumed();
        messages.into_iter().for_each(|message| drop(update(&mut model, message)));
        model.page
    };
    assert_eq!(page(vec![healthy(), ill()]), PageId::Heatmap, "what happens later is seen in the status line");
    assert_eq!(page(vec![ill()]), PageId::Overview);
    let key = Message::Key(KeyEvent::from(KeyCode::Char('2')));
    assert_eq!(page(vec![key, ill()]), PageId::Nodes, "the user has chosen");
    let mut asked = Model::new(Options { page: Some(PageId::Events), ..Options::default() });
    update(&mut asked, ill());
    assert_eq!(asked.page, PageId::Events);
}

#[test]
fn leaving_and_suspending() {
    let mut model = model(fixtures::cluster(3));
    assert_eq!(press(&mut model, KeyCode::Char('q')), [Effect::Quit]);
    assert_eq!(control(&mut model, 'c'), [Effect::Quit]);
    assert_eq!(control(&mut model, 'z'), [Effect::Suspend]);
}

#[test]
fn what_is_old_is_shown_as_old() {
    let mut model = model(fixtures::cluster(3));
    assert!(seen(&model).contains("· healthy"));
    let error = Error::new(ErrorCode::Unreachable, "10.0.0.1:7000: connection refused");
    update(&mut model, Message::Lost(error.clone()));
    update(&mut model, Message::Tick(Moment { elapsed_ms: 65_000, calendar: fixtures::NOW }));
    update(&mut model, Message::Lost(error));
    let text = seen(&model);
    for part in
        ["critical: no master answers", "as of 1 min ago", "LOST for 1m 00s", "connection refused", "datanode-1"]
    {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    update(&mut model, Message::Picture(Arc::new(fixtures::cluster(3)), 0));
    assert!(matches!(model.shared.link, Link::Live) && seen(&model).contains("· healthy"));
}

/// A process that crashes while the dashboard runs is detected and decides which command is
/// advised.
#[test]
fn the_daemons_of_a_local_cluster_are_looked_at_again() {
    let asks = |effects: Vec<Effect>| effects.contains(&Effect::Daemons);
    let lost = || Message::Lost(Error::new(ErrorCode::Unreachable, "connection refused"));
    let at = |elapsed_ms| Message::Tick(Moment { elapsed_ms, calendar: fixtures::NOW });
    let daemons = |process| Local { daemons: vec![LocalDaemon { id: "master-1".to_owned(), process }], growth: 0 };
    let mut model = model(fixtures::cluster(3));
    assert!(!asks(update(&mut model, lost())), "it is no local cluster");
    model.shared.local = Some(daemons(Process::Running));
    assert!(asks(update(&mut model, lost())));
    assert_eq!(model.shared.findings[0].run, "dfsd restart");
    update(&mut model, at(6_500));
    assert!(!asks(update(&mut model, lost())), "the answer is awaited");
    update(&mut model, Message::Daemons(daemons(Process::Crashed)));
    assert_eq!(model.shared.findings[0].run, "dfsd start master-1");
    assert!(seen(&model).contains("master-1 has crashed"), "{}", seen(&model));
    assert!(asks(update(&mut model, Message::Picture(Arc::new(fixtures::cluster(3)), 0))));
    update(&mut model, Message::Daemons(daemons(Process::Running)));
    update(&mut model, at(7_400));
    assert!(!asks(update(&mut model, lost())), "once in a second");
    // A response that never arrives is not awaited forever.
    update(&mut model, at(8_000));
    assert!(asks(update(&mut model, lost())));
    update(&mut model, at(18_000));
    assert!(asks(update(&mut model, lost())));
    assert!(!asks(update(&mut model, at(40_000))), "only with something new of the cluster");
}

#[test]
fn a_frozen_picture_stays() {
    let mut model = model(fixtures::cluster(3));
    typed(&mut model, "p");
    update(&mut model, Message::Picture(Arc::new(fixtures::cluster(9)), 0));
    assert_eq!(model.shared.nodes().len(), 3);
    assert!(seen(&model).contains("FROZEN"));
    typed(&mut model, "p");
    update(&mut model, Message::Picture(Arc::new(fixtures::cluster(9)), 0));
    assert_eq!(model.shared.nodes().len(), 9);
}

#[test]
fn lines_of_the_shell_are_run_and_their_end_is_told() {
    let mut model = model(fixtures::cluster(3));
    typed(&mut model, ":setrep 2 /data");
    let effects = press(&mut model, KeyCode::Enter);
    assert_eq!(runs(&effects), ["setrep 2 /data"]);
    let number = model.last_command;
    let state = CommandState::Ended { code: 1, output: "setrep: /data: no such file\n".into() };
    update(&mut model, Message::Command(CommandNews { number, state }));
    assert!(seen(&model).contains("failed: setrep: /data: no such file"), "{}", seen(&model));
    // Another key removes the message, but not the note that a command failed.
    typed(&mut model, "1");
    assert!(seen(&model).contains("1 command failed"), "{}", seen(&model));
}

#[test]
fn a_command_that_wants_to_be_asked_is_asked_for() {
    let mut model = model(fixtures::cluster(3));
    typed(&mut model, ":rm -r /data");
    press(&mut model, KeyCode::Enter);
    let what = || "delete /data: 18,381 files, 266 MiB".to_owned();
    let question = || Question { what: what(), line: "rm --yes -r /data".into() };
    let news = |number| CommandNews { number, state: CommandState::WouldAsk(question()) };
    update(&mut model, Message::Command(news(1)));
    let text = seen(&model);
    for part in [" Delete /data? ", "18,381 files, 266 MiB", "rm --yes -r /data", " n  Cancel ", " y  Delete "] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    // Enter alone does nothing: Cancel is selected.
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), [""; 0]);
    assert!(matches!(model.overlay, Overlay::None));
    typed(&mut model, ":rm -r /data");
    press(&mut model, KeyCode::Enter);
    update(&mut model, Message::Command(news(2)));
    press(&mut model, KeyCode::Left);
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), ["rm --yes -r /data"]);
}

#[test]
fn read_only_asks_nothing_and_leaves_the_rest_to_the_shell() {
    let mut model = model(fixtures::cluster(3));
    model.shared.read_only = true;
    let question = Question { what: "delete".into(), line: "rm /a".into() };
    super::perform(&mut model, vec![Act::Ask(question)]);
    assert!(matches!(model.overlay, Overlay::None));
    assert!(seen(&model).contains("read-only: not run: rm /a"));
    typed(&mut model, ":why datanode-1");
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), ["why datanode-1"]);
}

#[test]
fn nothing_is_done_from_a_recording() {
    let mut model = model(fixtures::dead());
    model.shared.replay = Some(crate::top::playback::Playback { length_ms: 60_000, ..Default::default() });
    model.shared.read_only = true;
    typed(&mut model, ":why datanode-1");
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), [""; 0]);
    assert!(seen(&model).contains("a recording: not run: why datanode-1"), "{}", seen(&model));
    let question = Question { what: "delete".into(), line: "rm /a".into() };
    super::perform(&mut model, vec![Act::Ask(question)]);
    assert!(matches!(model.overlay, Overlay::None) && seen(&model).contains("a recording: not run: rm /a"));
    let mut model = fixtures::on(model, PageId::Files);
    press(&mut model, KeyCode::Delete);
    assert!(seen(&model).contains("a recording: nothing can be changed from here"), "{}", seen(&model));
}

#[test]
fn a_recording_is_played_by_keys_in_every_view() {
    let mut model = model(fixtures::dead());
    model.shared.replay = Some(crate::top::playback::Playback { length_ms: 60_000, ..Default::default() });
    for page in PageId::ALL {
        model.page = page;
        for binding in crate::top::window::OF_RECORDING {
            let key = if binding.key == "space" { ' ' } else { binding.key.chars().next().expect("a key") };
            let effects = press(&mut model, KeyCode::Char(key));
            assert!(matches!(effects[..], [Effect::Play(_)]), "{page:?} {key:?}: {effects:?}");
        }
    }
    typed(&mut model, "?");
    update(&mut model, Message::Resize(120, 50));
    let text = seen(&model);
    for binding in crate::top::window::OF_RECORDING {
        assert!(text.contains(binding.help), "{}:\n{text}", binding.help);
    }
    assert!(!text.contains("keep this picture") && !text.contains("more often"), "{text}");
}

#[test]
fn a_recording_that_fails_is_said_until_it_is_read() {
    let mut model = model(fixtures::cluster(3));
    model.shared.recorded = true;
    assert!(seen(&model).lines().next().is_some_and(|trust| trust.contains("rec")), "{}", seen(&model));
    update(&mut model, Message::Unrecorded(Error::new(ErrorCode::LocalIo, "no space left on device")));
    assert!(seen(&model).contains("failed: the recording has stopped: no space left on device"), "{}", seen(&model));
    typed(&mut model, "2");
    assert!(seen(&model).contains("1 command failed") && !model.shared.recorded);
    typed(&mut model, "8");
    assert!(seen(&model).contains("no space left on device"));
    typed(&mut model, "1");
    assert!(!seen(&model).contains("command failed"));
}

#[test]
fn themes_and_refresh_are_kept() {
    let mut model = model(fixtures::cluster(3));
    let effects = typed(&mut model, "t");
    assert!(
        matches!(&effects[..], [Effect::Keep(kept)] if kept.theme == Some(crate::top::theme::ThemeName::Light)),
        "{effects:?}"
    );
    let effects = typed(&mut model, "+");
    assert_eq!(effects.first(), Some(&Effect::Refresh { every_ms: 500 }));
    let effects = typed(&mut model, "m");
    assert_eq!(effects.first(), Some(&Effect::Mouse(false)));
    typed(&mut model, ":theme mono");
    press(&mut model, KeyCode::Enter);
    assert!(model.shared.theme.is_mono());
}

#[test]
fn help_lists_what_works_here() {
    let mut model = model(fixtures::dead());
    typed(&mut model, "?");
    let text = seen(&model);
    for part in ["In overview", "type the command that the selected finding advises", "Everywhere", "suspend"] {
        assert!(text.contains(part) || part == "suspend", "{part}:\n{text}");
    }
    press(&mut model, KeyCode::Esc);
    assert!(matches!(model.overlay, Overlay::None));
}

#[test]
fn the_advised_command_is_typed_for_who_presses_enter() {
    let mut model = model(fixtures::dead());
    press(&mut model, KeyCode::Enter);
    let Overlay::Palette(line) = &model.overlay else { panic!("{:?}", model.overlay) };
    assert_eq!(line.typed.text(), model.shared.findings[0].run);
}

#[test]
fn events_are_filtered_and_read_in_peace() {
    let mut model = fixtures::on(model(fixtures::dead()), PageId::Events);
    typed(&mut model, "/DEAD");
    press(&mut model, KeyCode::Enter);
    let text = seen(&model);
    assert!(text.contains("declared dead") && !text.contains("(stale)"), "{text}");
    press(&mut model, KeyCode::Esc);
    assert!(seen(&model).contains("(stale)"));
    press(&mut model, KeyCode::Home);
    assert!(seen(&model).contains("master-1 leads"));
    let copied = press(&mut model, KeyCode::Char('y'));
    assert_eq!(copied, [Effect::Copy("master-1 leads, term 3".into())]);
}

#[test]
fn windows_of_any_size_are_drawn() {
    let mut sizes: Vec<(u16, u16)> = vec![(1, 1), (59, 16), (60, 15), (60, 16), (300, 5), (5, 300)];
    sizes.extend((0..200).map(|at| (1 + at * 7 % 250, 1 + at * 13 % 70)));
    for (name, mut model) in fixtures::scenes() {
        for page in PageId::ALL {
            model.page = page;
            for (columns, lines) in &sizes {
                update(&mut model, Message::Resize(*columns, *lines));
                let frame = once::frame(&model, *columns, *lines);
                assert_eq!(frame.area.width, *columns, "{name}");
            }
        }
    }
    assert!(once::plain(&once::frame(&model(fixtures::cluster(3)), 40, 10)).contains("dfs-top needs 60×16"));
}
