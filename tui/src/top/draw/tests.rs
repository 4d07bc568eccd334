//! Tests frames without colours, and without glyphs that are not ASCII.

use crate::top::fixtures::{self, model};
use crate::top::message::{Message, Question};
use crate::top::model::{Model, Overlay};
use crate::top::once;
use crate::top::page_id::PageId;
use crate::top::theme::ThemeName;
use crate::top::update::tests::{press, typed};
use crate::top::update::update;
use crossterm::event::KeyCode;
use dfs_client::{AdminState, NodeState, Snapshot};
use dfs_rpc::view::Severity;
use dfs_term::Glyphs;

/// Non-ASCII characters of file names in the fixtures; names are shown as users chose them.
const OF_NAMES: &str = "漢字の名前は二倍幅を取る🦀\u{301}";

fn frame(model: &mut Model, columns: u16, lines: u16) -> String {
    update(model, Message::Resize(columns, lines));
    once::plain(&once::frame(model, columns, lines))
}

/// Checks the frames of all sizes.
fn only_ascii(what: &str, model: &mut Model) {
    for (columns, lines) in [(30, 10), (60, 16), (80, 24), (200, 60)] {
        let text = frame(model, columns, lines);
        let odd: String = text.chars().filter(|c| !c.is_ascii() && !OF_NAMES.contains(*c)).collect();
        assert_eq!(odd, "", "{what} in {columns}x{lines}:\n{text}");
    }
}

#[test]
fn every_frame_can_be_drawn_in_ascii() {
    for (scene, mut model) in fixtures::scenes() {
        model.shared.theme.glyphs = Glyphs::Ascii;
        for page in PageId::ALL {
            model.page = page;
            only_ascii(&format!("{page:?} {scene}"), &mut model);
            typed(&mut model, "?");
            only_ascii(&format!("help of {page:?} {scene}"), &mut model);
            press(&mut model, KeyCode::Esc);
        }
        model.page = PageId::Heatmap;
        for lens in crate::heat::Lens::ALL {
            only_ascii(&format!("{lens:?} {scene}"), &mut model);
            typed(&mut model, "l");
        }
        typed(&mut model, ":");
        only_ascii("the palette", &mut model);
        let question = Question { what: "delete /a: 3 files".to_owned(), line: "rm /a".to_owned() };
        model.overlay = Overlay::Question { question, yes: false };
        only_ascii("a question", &mut model);
    }
}

/// Changes a cluster so that one datanode has some state.
type Scene = fn(&mut Snapshot);

/// Checks that all scenes look different in this view below the status line without colours.
fn told_apart(page: PageId, scenes: &[(&str, Scene)]) {
    for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
        let mut seen: Vec<(&str, String)> = Vec::new();
        for (name, change) in scenes {
            let mut snapshot = fixtures::cluster(3);
            change(&mut snapshot);
            let mut model = model(snapshot);
            (model.page, model.shared.theme.name, model.shared.theme.glyphs) = (page, ThemeName::Mono, glyphs);
            let text: String = frame(&mut model, 120, 40).lines().skip(1).collect();
            if let Some((other, _)) = seen.iter().find(|(_, other)| *other == text) {
                panic!("{name} looks like {other} in {page:?}, {glyphs:?}:\n{text}");
            }
            seen.push((name, text));
        }
    }
}

#[test]
fn clusters_are_told_apart_without_colour() {
    for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
        let mut seen: Vec<(&str, String)> = Vec::new();
        for (scene, mut model) in fixtures::scenes() {
            (model.shared.theme.name, model.shared.theme.glyphs) = (ThemeName::Mono, glyphs);
            let text: String = frame(&mut model, 120, 40).lines().skip(1).collect();
            assert!(seen.iter().all(|(_, other)| *other != text), "{scene}, {glyphs:?}: {text}");
            seen.push((scene, text));
        }
    }
}

#[test]
fn states_are_told_apart_without_colour() {
    let states: [(&str, Scene); 6] = [
        ("live", |_| {}),
        ("stale", |snapshot| snapshot.nodes[1].state = NodeState::Stale),
        ("dead", |snapshot| snapshot.nodes[1].state = NodeState::Dead),
        ("draining", |snapshot| snapshot.nodes[1].admin_state = AdminState::Draining),
        ("drained", |snapshot| {
            (snapshot.nodes[1].admin_state, snapshot.nodes[1].left) = (AdminState::Draining, Some(0))
        }),
        ("failed directory", |snapshot| snapshot.nodes[1].load.directories[0].failed = true),
    ];
    told_apart(PageId::Nodes, &states);
    // Tiles of drained and draining datanodes have the same mark: both take no chunks.
    told_apart(PageId::Heatmap, &[states[0], states[1], states[2], states[3], states[5]]);
    let severities: [(&str, Scene); 3] = [
        ("info", |snapshot| snapshot.events.iter_mut().for_each(|event| event.severity = Severity::Info)),
        ("warning", |snapshot| snapshot.events.iter_mut().for_each(|event| event.severity = Severity::Warning)),
        ("error", |snapshot| snapshot.events.iter_mut().for_each(|event| event.severity = Severity::Error)),
    ];
    told_apart(PageId::Events, &severities);
}
