//! Tests the view of files through its keys.

use super::*;
use crate::top::fixtures;
use crate::top::frames::kept;
use crate::top::message::Effect;
use crate::top::model::{Model, Overlay};
use crate::top::observation::Moment;
use crate::top::page_id::PageId;
use crate::top::update::tests::{press, runs, seen, typed};
use crate::top::update::{entered, update};
use crossterm::event::{KeyModifiers, MouseButton};
use dfs_types::{DfsPath, Error, ErrorCode};

fn browser() -> Model {
    let mut model = fixtures::model(fixtures::cluster(3));
    press(&mut model, KeyCode::Char(PageId::Files.key()));
    update(&mut model, Message::Resize(120, 40));
    update(&mut model, fixtures::listed("/", false));
    update(&mut model, Message::ListedLocal { path: "/".into(), result: Ok(fixtures::here()) });
    counted(&mut model, 4096, true);
    model
}

/// Reports a count of bytes below the only local directory.
fn counted(model: &mut Model, bytes: u64, whole: bool) {
    let (path, name, left) = ("/".into(), "my photos".to_owned(), usize::from(!whole));
    update(model, Message::CountedLocal { path, name, bytes, whole, left });
}

fn path(text: &str) -> DfsPath {
    DfsPath::parse(text).expect("a path")
}

fn list(text: &str) -> Effect {
    Effect::List { path: path(text), after: None }
}

/// Selects this name in the pane.
fn select(model: &mut Model, name: &str) {
    press(model, KeyCode::Home);
    for _ in 0..20 {
        if model.current().selected_text(&model.shared).is_some_and(|path| path.ends_with(&format!("/{name}"))) {
            return;
        }
        press(model, KeyCode::Down);
    }
    panic!("{name} is not there");
}

fn at(model: &mut Model, elapsed_ms: u64) -> Vec<Effect> {
    update(model, Message::Tick(Moment { elapsed_ms, calendar: fixtures::NOW }))
}

#[test]
fn frames() {
    let mut model = browser();
    typed(&mut model, ":put -r '/my photos' /");
    press(&mut model, KeyCode::Enter);
    for second in 0..4u64 {
        at(&mut model, 6_000 + second * 1000);
        let state = CommandState::Running { moved: second * 40_000_000, total: Some(390_000_000) };
        update(&mut model, Message::Command(CommandNews { number: 1, state }));
    }
    select(&mut model, "notes.txt");
    typed(&mut model, "v");
    let text = "Notes\twith a tab,\nand \x1b[2Jwhat a terminal would obey.\n漢字 and 🦀\n".to_owned();
    update(&mut model, Message::Looked { path: path("/notes.txt"), text: Ok(text) });
    kept("files-busy", &mut model);
}

#[test]
fn directories_are_opened_and_left() {
    let mut model = browser();
    select(&mut model, "photos");
    assert_eq!(press(&mut model, KeyCode::Enter), [list("/photos")]);
    // A response for another directory is ignored.
    update(&mut model, fixtures::listed("/", false));
    assert!(seen(&model).contains("loading…"));
    update(&mut model, fixtures::listed("/photos", false));
    assert!(seen(&model).contains("dfs  /photos"));
    assert_eq!(press(&mut model, KeyCode::Backspace), [list("/")]);
    update(&mut model, fixtures::listed("/", false));
    assert_eq!(model.current().selected_text(&model.shared).as_deref(), Some("/photos"), "where one came from");
    press(&mut model, KeyCode::Backspace);
    assert!(seen(&model).contains("this is the root"));
    // The local pane.
    typed(&mut model, "o");
    let local = |path: &str| Effect::ListLocal { path: path.into() };
    assert_eq!(press(&mut model, KeyCode::Enter), [local("/my photos")]);
    assert_eq!(press(&mut model, KeyCode::Backspace), [local("/")]);
}

#[test]
fn lines_are_made_of_words_whatever_the_names() {
    for (name, get, rm) in [
        ("-rf", "get /-rf /", "rm /-rf"),
        ("notes.txt", "get /notes.txt /", "rm /notes.txt"),
        ("\u{1b}[31mred\nred", "get $'/\\u{1b}[31mred\\nred' /", "rm $'/\\u{1b}[31mred\\nred'"),
        ("it's a \"name\"", "get '/it'\\''s a \"name\"' /", "rm '/it'\\''s a \"name\"'"),
        ("photos", "get -r /photos /", "rm -r --yes /photos"),
    ] {
        let mut model = browser();
        select(&mut model, name);
        assert_eq!(runs(&typed(&mut model, "d")), [get]);
        press(&mut model, KeyCode::Delete);
        let Overlay::Question { question, .. } = &model.overlay else { panic!("{:?}", model.overlay) };
        assert!(question.what.ends_with("there is no trash yet, this cannot be undone"));
        // Enter alone does not delete.
        assert_eq!(runs(&press(&mut model, KeyCode::Enter)), [""; 0]);
        press(&mut model, KeyCode::Delete);
        assert_eq!(runs(&typed(&mut model, "y")), [rm]);
    }
    let mut model = browser();
    assert_eq!(runs(&typed(&mut model, "u")), ["put -r '/my photos' /"]);
    typed(&mut model, "o");
    press(&mut model, KeyCode::Down);
    assert_eq!(runs(&typed(&mut model, "u")), ["put /a.csv /"]);
}

#[test]
fn the_question_says_what_will_be_lost() {
    let mut model = browser();
    select(&mut model, "photos");
    press(&mut model, KeyCode::Delete);
    let text = seen(&model);
    // The box wraps the text.
    for part in
        [" Delete /photos? ", "12 files, 4 directories, 266 MiB;", "there is no trash", " n  Cancel     y  Delete "]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains("rm -r --yes /photos"));
}

#[test]
fn names_are_typed_to_an_end() {
    let mut model = browser();
    typed(&mut model, "n");
    assert!(seen(&model).contains("New directory in /:"), "{}", seen(&model));
    typed(&mut model, "new");
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), ["mkdir /new"]);
    select(&mut model, "notes.txt");
    typed(&mut model, "r");
    assert!(seen(&model).contains("Rename notes.txt to: notes.txt"), "{}", seen(&model));
    typed(&mut model, "2");
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), ["mv /notes.txt /notes.txt2"]);
    // A name is one word, whatever characters it contains; with a path in front the entry is moved.
    model.pages.files.open_remote(path("/my data"), None);
    for (name, line) in
        [("a; rm -r /", "mkdir '/my data/a; rm -r '"), ("/else", "mkdir /else"), ("it's", r"mkdir '/my data/it'\''s'")]
    {
        typed(&mut model, "n");
        update(&mut model, Message::Paste(name.to_owned()));
        assert_eq!(runs(&press(&mut model, KeyCode::Enter)), [line]);
    }
    // An invalid name is reported and can be corrected; an empty one and Esc do nothing.
    typed(&mut model, "n");
    update(&mut model, Message::Paste("x".repeat(256)));
    assert_eq!(press(&mut model, KeyCode::Enter), []);
    assert!(matches!(model.overlay, Overlay::Naming(_)));
    assert_eq!(press(&mut model, KeyCode::Esc), []);
    typed(&mut model, "n");
    assert_eq!(press(&mut model, KeyCode::Enter), []);
    assert!(seen(&model).contains("cancelled"));
}

#[test]
fn copies_are_chosen_from_a_list() {
    let mut model = browser();
    select(&mut model, "notes.txt");
    typed(&mut model, "c");
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Down);
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), ["setrep 2 /notes.txt"]);
    select(&mut model, "photos");
    typed(&mut model, "c");
    press(&mut model, KeyCode::Down);
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), ["setrep -R 1 /photos"]);
}

#[test]
fn every_action_is_in_the_palette_too() {
    let mut model = browser();
    select(&mut model, "photos");
    let names: Vec<String> = model.current().actions(&model.shared).into_iter().map(|action| action.name).collect();
    for line in ["get -r /photos /", "mv /photos", "rm -r --yes /photos", "put -r '/my photos' /", "mkdir"] {
        assert!(names.iter().any(|name| name == line), "{line}: {names:?}");
    }
    typed(&mut model, ":rm -r --yes /photos");
    press(&mut model, KeyCode::Enter);
    assert!(matches!(model.overlay, Overlay::Question { .. }), "asked there, too");
}

#[test]
fn read_only_changes_nothing_and_offers_nothing() {
    let mut model = browser();
    model.shared.read_only = true;
    select(&mut model, "photos");
    for key in ["u", "d"] {
        assert_eq!(runs(&typed(&mut model, key)), [""; 0]);
        assert!(seen(&model).contains("read-only: nothing can be changed from here"));
    }
    press(&mut model, KeyCode::Delete);
    assert!(matches!(model.overlay, Overlay::None));
    assert!(model.current().actions(&model.shared).is_empty());
    assert!(model.current().bindings(&model.shared).iter().all(|binding| binding.key != "del"));
}

#[test]
fn this_machine_is_not_changed() {
    let mut model = browser();
    press(&mut model, KeyCode::Right);
    for key in [KeyCode::Delete, KeyCode::Char('r'), KeyCode::Char('c')] {
        assert_eq!(press(&mut model, key), []);
        assert!(
            seen(&model).contains("only the DFS can be changed from here") && matches!(model.overlay, Overlay::None)
        );
    }
}

#[test]
fn previews_and_chunk_maps() {
    let mut model = browser();
    select(&mut model, "notes.txt");
    let look = |line: &str| Effect::Look { path: path("/notes.txt"), line: line.into() };
    assert_eq!(typed(&mut model, "v"), [look("head -c 4096 /notes.txt")]);
    assert!(seen(&model).contains("loading…"));
    let looked = |text: &str| Message::Looked { path: path("/notes.txt"), text: Ok(text.into()) };
    update(&mut model, looked("a\x1b[2Jb"));
    assert!(seen(&model).contains("a\\u{1b}[2Jb"));
    update(&mut model, looked("\u{0}\u{1}\u{fffd}"));
    assert!(seen(&model).contains("a binary file"));
    assert_eq!(typed(&mut model, "i"), [look("info /notes.txt")]);
    let long: String = (0..200).map(|number| format!("chunk {number}.\n")).collect();
    update(&mut model, looked(&long));
    press(&mut model, KeyCode::PageDown);
    assert!(!seen(&model).contains("chunk 0."));
    let error = Error::new(ErrorCode::Unreachable, "no datanode answers");
    update(&mut model, Message::Looked { path: path("/notes.txt"), text: Err(error) });
    assert!(seen(&model).contains("✗ no datanode answers"));
    press(&mut model, KeyCode::Esc);
    assert!(!seen(&model).contains("info of"));
    // Enter on a file previews it.
    assert_eq!(press(&mut model, KeyCode::Enter), [look("head -c 4096 /notes.txt")]);
    select(&mut model, "photos");
    assert_eq!(typed(&mut model, "v"), []);
}

#[test]
fn directories_are_listed_anew_only_while_they_are_shown() {
    let mut model = browser();
    assert_eq!(at(&mut model, 6_000), []);
    assert_eq!(at(&mut model, 9_000), [list("/"), Effect::ListLocal { path: "/".into() }]);
    assert_eq!(at(&mut model, 30_000), [], "asked for already");
    update(&mut model, fixtures::listed("/", false));
    update(&mut model, Message::ListedLocal { path: "/".into(), result: Ok(fixtures::here()) });
    // A command that ended may have changed them.
    typed(&mut model, ":mkdir /new");
    press(&mut model, KeyCode::Enter);
    let state = CommandState::Ended { code: 0, output: String::new() };
    let effects = update(&mut model, Message::Command(CommandNews { number: 1, state }));
    assert_eq!(effects, [list("/"), Effect::ListLocal { path: "/".into() }]);
    typed(&mut model, "1");
    assert_eq!(at(&mut model, 90_000), []);
    model.page = PageId::Files;
    assert_eq!(entered(&mut model).len(), 2);
}

#[test]
fn what_fails_is_said_and_what_was_seen_stays() {
    let mut model = browser();
    at(&mut model, 9_000);
    let error = Error::new(ErrorCode::PermissionDenied, "not yours\x1b[2J");
    update(&mut model, Message::Listed { path: path("/"), after: None, result: Err(error) });
    let text = seen(&model);
    assert!(text.contains("✗ not yours\\u{1b}[2J") && text.contains("notes.txt"), "{text}");
}

#[test]
fn large_directories_are_loaded_as_they_are_read() {
    let mut model = browser();
    at(&mut model, 9_000);
    update(&mut model, fixtures::listed("/", true));
    assert!(seen(&model).contains("8 entries, and more"));
    let effects = press(&mut model, KeyCode::End);
    assert_eq!(effects, [Effect::List { path: path("/"), after: Some("🦀 crab e\u{301}".into()) }]);
    typed(&mut model, "s");
    assert!(seen(&model).contains("not all of this directory is loaded"));
    typed(&mut model, "/notes");
    press(&mut model, KeyCode::Enter);
    assert!(seen(&model).contains("of the first 8, 1 match the filter notes"), "{}", seen(&model));
}

#[test]
fn sorted_and_filtered() {
    let mut model = browser();
    typed(&mut model, "s");
    assert!(seen(&model).contains("8 entries, by size"));
    press(&mut model, KeyCode::Home);
    assert!(model.current().selected_text(&model.shared).is_some_and(|path| path.starts_with("/漢字")));
    typed(&mut model, "/notes");
    press(&mut model, KeyCode::Enter);
    let text = seen(&model);
    assert!(text.contains("1 of 8 entries match the filter notes") && !text.contains("logs/"), "{text}");
    press(&mut model, KeyCode::Esc);
    assert!(seen(&model).contains("8 entries, by size"));
    assert_eq!(typed(&mut model, "y"), [Effect::Copy("/notes.txt".into())]);
}

#[test]
fn transfers_are_shown_and_ended() {
    let mut model = browser();
    assert!(typed(&mut model, "x").is_empty() && seen(&model).contains("nothing is being transferred"));
    typed(&mut model, "u");
    typed(&mut model, "d");
    at(&mut model, 6_000);
    let state = CommandState::Running { moved: 10 << 20, total: Some(40 << 20) };
    update(&mut model, Message::Command(CommandNews { number: 1, state }));
    let text = seen(&model);
    assert!(text.contains("2 transfers") && text.contains("25 %") && text.contains("put -r '/my photos' /"), "{text}");
    assert_eq!(typed(&mut model, "x"), [Effect::Cancel { number: 1 }]);
    // A cancelled command is not reported as failed.
    let state = CommandState::Ended { code: ErrorCode::Interrupted.exit_code(), output: "put: interrupted".into() };
    update(&mut model, Message::Command(CommandNews { number: 1, state }));
    let text = seen(&model);
    assert!(text.contains("cancelled: put -r '/my photos' /") && !text.contains("failed"), "{text}");
    typed(&mut model, "s");
    press(&mut model, KeyCode::Down);
    assert!(!seen(&model).contains("1 command failed"));
}

#[test]
fn the_mouse_selects_opens_and_turns() {
    let mut model = browser();
    let mouse = |kind, column, row| Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    let click = |column, row| mouse(MouseEventKind::Down(MouseButton::Left), column, row);
    let text = seen(&model);
    let row = text.lines().position(|line| line.contains("266M")).expect("shown") as u16;
    update(&mut model, click(3, row));
    assert_eq!(model.current().selected_text(&model.shared).as_deref(), Some("/photos"));
    assert_eq!(update(&mut model, click(3, row)), [list("/photos")]);
    // The other pane.
    update(&mut model, click(70, 5));
    assert_eq!(model.current().selected_text(&model.shared).as_deref(), Some("/a.csv"));
    update(&mut model, mouse(MouseEventKind::ScrollUp, 70, 5));
    assert_eq!(model.current().selected_text(&model.shared).as_deref(), Some("/my photos"));
}

#[test]
fn tab_changes_the_pane_and_shift_tab_the_view() {
    let mut model = browser();
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.page, PageId::Files);
    assert_eq!(model.current().selected_text(&model.shared).as_deref(), Some("/my photos"));
    press(&mut model, KeyCode::Tab);
    assert!(model.current().selected_text(&model.shared).is_some_and(|path| path == "/logs"));
    press(&mut model, KeyCode::BackTab);
    assert_eq!(model.page, PageId::Replication);
}

#[test]
fn actions_are_for_all_that_is_marked() {
    let mut model = browser();
    select(&mut model, "notes.txt");
    press(&mut model, KeyCode::Insert);
    select(&mut model, "photos");
    typed(&mut model, " ");
    assert!(seen(&model).contains("2 of 8 entries marked"), "{}", seen(&model));
    let marked = ["/notes.txt", "/photos"];
    assert_eq!(runs(&typed(&mut model, "d")), [format!("get -r {} {} /", marked[0], marked[1])]);
    press(&mut model, KeyCode::F(8));
    let Overlay::Question { question, yes: false } = &model.overlay else { panic!("{:?}", model.overlay) };
    assert_eq!(question.line, "rm -r --yes /notes.txt /photos");
    assert!(question.what.starts_with("delete 2 entries of /: 13 files, 4 directories, 266 MiB;"), "{question:?}");
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::F(6));
    assert!(seen(&model).contains("Move 2 entries to:"), "{}", seen(&model));
    typed(&mut model, "old");
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), ["mv /notes.txt /photos /old"]);
    let palette = model.current().actions(&model.shared);
    assert!(palette.iter().any(|action| action.name == "setrep -R 2 /notes.txt /photos"), "{palette:?}");
    // The remaining cases in the remote pane.
    typed(&mut model, "*");
    assert!(seen(&model).contains("6 of 8 entries marked"));
    press(&mut model, KeyCode::Esc);
    assert!(seen(&model).contains("8 entries, by name"));
    // The entries that a command has moved are not marked any more.
    typed(&mut model, " d");
    let state = CommandState::Ended { code: 0, output: String::new() };
    let number = model.last_command;
    update(&mut model, Message::Command(CommandNews { number, state }));
    assert!(!seen(&model).contains("marked"));
}

#[test]
fn keys_of_mc_work_beside_the_letters() {
    let mut model = browser();
    select(&mut model, "notes.txt");
    let look = Effect::Look { path: path("/notes.txt"), line: "head -c 4096 /notes.txt".into() };
    assert_eq!(press(&mut model, KeyCode::F(3)), [look]);
    assert_eq!(runs(&press(&mut model, KeyCode::F(5))), ["get /notes.txt /"]);
    press(&mut model, KeyCode::Tab);
    assert_eq!(runs(&press(&mut model, KeyCode::F(5))), ["put -r '/my photos' /"]);
    press(&mut model, KeyCode::F(7));
    assert!(matches!(model.overlay, Overlay::Naming(_)));
    press(&mut model, KeyCode::Esc);
    assert_eq!(press(&mut model, KeyCode::F(10)), [Effect::Quit]);
}

#[test]
fn uploads_that_replace_or_are_large_are_asked_about() {
    let mut model = browser();
    let asked = |model: &mut Model| match (runs(&typed(model, "u")).as_slice(), &model.overlay) {
        ([], Overlay::Question { question, .. }) => (question.title(), question.deed(), question.line.clone()),
        other => panic!("{other:?}"),
    };
    let upload = ("Upload my photos to /?".to_owned(), "Upload".to_owned(), "put -r '/my photos' /".to_owned());
    counted(&mut model, 5 << 30, true);
    assert_eq!(asked(&mut model), upload);
    assert!(seen(&model).contains("5.0 GiB"), "{}", seen(&model));
    press(&mut model, KeyCode::Esc);
    // The amount is not known yet.
    let mut model = fixtures::model(fixtures::cluster(3));
    press(&mut model, KeyCode::Char(PageId::Files.key()));
    update(&mut model, Message::Resize(120, 40));
    counted(&mut model, 1 << 20, false);
    assert_eq!(asked(&mut model), upload);
    assert!(seen(&model).contains("1.0 MiB counted so far"), "{}", seen(&model));
    // Enter alone uploads nothing.
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), [""; 0]);

    let mut model = browser();
    let mut here = fixtures::here();
    here[1].name = "notes.txt".to_owned();
    update(&mut model, Message::ListedLocal { path: "/".into(), result: Ok(here) });
    press(&mut model, KeyCode::Tab);
    press(&mut model, KeyCode::Down);
    let replace = ("Replace notes.txt in /?", "Replace", "put -f /notes.txt /");
    let (title, deed, line) = asked(&mut model);
    assert_eq!((title.as_str(), deed.as_str(), line.as_str()), replace);
    assert!(seen(&model).contains("this cannot be undone") && seen(&model).contains(" n  Cancel     y  Replace "));
    assert_eq!(runs(&typed(&mut model, "y")), ["put -f /notes.txt /"]);
    // The same in the other direction.
    press(&mut model, KeyCode::Tab);
    select(&mut model, "notes.txt");
    assert_eq!(runs(&typed(&mut model, "d")), [""; 0]);
    assert!(seen(&model).contains("get -f /notes.txt /"));
}

#[test]
fn local_directories_are_counted_while_they_are_shown() {
    let mut model = fixtures::model(fixtures::cluster(3));
    press(&mut model, KeyCode::Char(PageId::Files.key()));
    update(&mut model, Message::Resize(120, 40));
    let listed = || Message::ListedLocal { path: "/".into(), result: Ok(fixtures::here()) };
    let count = Effect::CountLocal { path: "/".into(), names: vec!["my photos".to_owned()] };
    assert_eq!(update(&mut model, listed()), std::slice::from_ref(&count));
    at(&mut model, 9_000);
    assert_eq!(update(&mut model, listed()), [], "it is being counted");
    counted(&mut model, 7 << 20, false);
    assert!(!seen(&model).contains("7.0M"), "a part of it would be taken for all");
    counted(&mut model, 9 << 20, true);
    assert!(seen(&model).contains("9.0M"), "{}", seen(&model));
    // The count stays known when the directory is listed again, until a command may have changed
    // it.
    at(&mut model, 20_000);
    assert_eq!(update(&mut model, listed()), []);
    assert!(seen(&model).contains("9.0M"));
    typed(&mut model, ":get /notes.txt '/my photos'");
    press(&mut model, KeyCode::Enter);
    let (number, state) = (model.last_command, CommandState::Ended { code: 0, output: String::new() });
    update(&mut model, Message::Command(CommandNews { number, state }));
    assert_eq!(update(&mut model, listed()), [count]);
    assert!(typed(&mut model, "1").contains(&Effect::StopCounting));
    // In another directory nothing is counted.
    update(&mut model, Message::ListedLocal { path: "/".into(), result: Ok(fixtures::here()) });
    counted(&mut model, 1, true);
}
