//! Tests keys and clicks in the overview, mainly in an incident.

use crate::top::fixtures::{self, model};
use crate::top::message::{Effect, Message};
use crate::top::model::{Model, Overlay};
use crate::top::once;
use crate::top::page::Page;
use crate::top::page_id::PageId;
use crate::top::update::tests::{press, runs};
use crate::top::update::{entered, update};
use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use dfs_diagnosis::{Kind, Severity};
use std::sync::Arc;

fn small(model: &Model) -> String {
    once::plain(&once::frame(model, 80, 24))
}

fn selected(model: &Model) -> Option<Kind> {
    let at = model.pages.overview.selected(&model.shared);
    model.shared.findings.get(at).map(|finding| finding.kind)
}

#[test]
fn the_selection_stays_with_its_finding_and_the_worst_stays_in_view() {
    let mut model = model(fixtures::dead());
    assert_eq!(selected(&model), Some(Kind::DatanodeDead));
    press(&mut model, KeyCode::End);
    assert_eq!(selected(&model), Some(Kind::ChunksUnderReplicated));
    // Worse findings arrive, and others below.
    update(&mut model, Message::Picture(Arc::new(fixtures::incident()), 0));
    assert_eq!(selected(&model), Some(Kind::ChunksUnderReplicated));
    for code in [KeyCode::Null, KeyCode::End, KeyCode::Up, KeyCode::Up, KeyCode::Home] {
        press(&mut model, code);
        let (text, findings) = (small(&model), &model.shared.findings);
        let at = model.pages.overview.selected(&model.shared);
        let worst = findings.iter().min_by_key(|finding| finding.severity).expect("findings");
        assert_eq!(worst.severity, Severity::Critical);
        for part in [&worst.what, &format!("run: {}", worst.run), &findings[0].what, &findings[at].what] {
            assert!(text.contains(part), "{part}, {at} selected:\n{text}");
        }
        for (cells, lines) in [(80, 16), (60, 16)] {
            let text = once::plain(&once::frame(&model, cells, lines));
            assert!(text.contains(&findings[at].what[..20]), "{at} selected:\n{text}");
        }
    }
    let smallest = once::plain(&once::frame(&model, 60, 16));
    for part in ["run: why datanode-2", "✗ 2 chunks have no live replica"] {
        assert!(smallest.contains(part), "{part}:\n{smallest}");
    }
    // A finding that has disappeared is not selected any more; the first one is followed.
    press(&mut model, KeyCode::End);
    update(&mut model, Message::Picture(Arc::new(fixtures::cluster(3)), 0));
    update(&mut model, Message::Picture(Arc::new(fixtures::incident()), 0));
    assert_eq!(selected(&model), Some(Kind::DatanodeDead));
}

#[test]
fn each_consequence_has_the_command_of_its_cause() {
    let mut model = model(fixtures::dead());
    let command = model.shared.findings[0].run.clone();
    assert_eq!(small(&model).matches(&command).count(), 1, "{}", small(&model));
    press(&mut model, KeyCode::Down);
    assert_eq!(selected(&model), Some(Kind::ChunksUnderReplicated));
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), [""; 0], "it is typed, and not run");
    let Overlay::Palette(line) = &model.overlay else { panic!("{:?}", model.overlay) };
    assert_eq!(line.typed.text(), command);
    assert_eq!(runs(&press(&mut model, KeyCode::Enter)), [command]);
}

#[test]
fn what_keeps_masters_from_answering_is_mended_from_any_view() {
    for page in PageId::ALL {
        let mut model = fixtures::on(fixtures::unanswered(), page);
        update(&mut model, Message::Resize(80, 24));
        if page != PageId::Commands {
            let text = small(&model);
            for part in ["no master answers: master-1 has crashed", "run: dfsd start master-1", "meanwhile: datanodes"]
            {
                assert!(text.contains(part), "{part} in {page:?}:\n{text}");
            }
            press(&mut model, KeyCode::Enter);
            assert_eq!(runs(&press(&mut model, KeyCode::Enter)), ["dfsd start master-1"], "{page:?}");
        }
        // Then a snapshot arrives.
        update(&mut model, Message::Picture(Arc::new(fixtures::cluster(3)), 0));
        assert!(!small(&model).contains("no master answers"), "{}", small(&model));
    }
}

#[test]
fn findings_and_datanodes_are_clicked_on() {
    let mut model = model(fixtures::incident());
    update(&mut model, Message::Resize(200, 60));
    let click = |model: &mut Model, text: &str| {
        let frame = once::plain(&once::frame(model, 200, 60));
        let row = frame.lines().position(|line| line.contains(text)).expect("it is shown");
        let line = frame.lines().nth(row).expect("a line");
        let column = line.split(text).next().expect("a beginning").chars().count();
        let kind = MouseEventKind::Down(MouseButton::Left);
        let (column, row) = (column as u16, row as u16);
        update(model, Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    };
    click(&mut model, "31 chunks have one replica left");
    assert_eq!(selected(&model), Some(Kind::ChunksAtRisk));
    // The dead datanodes come first, and of them the fuller one.
    click(&mut model, "datanode-5      ✗ dead");
    assert_eq!(model.page, PageId::Nodes);
    assert!(once::plain(&once::frame(&model, 200, 60)).contains("datanode-5  ✗ dead"));
    // The line below the visible ones leads to the view of all datanodes.
    let mut model = fixtures::model(fixtures::thousand());
    update(&mut model, Message::Resize(200, 60));
    click(&mut model, "more: 2 shows all");
    assert!(model.page == PageId::Nodes && model.pages.nodes.filter().is_some(), "the table is open");
}

#[test]
fn jobs_are_asked_for_where_there_is_room_and_not_with_each_picture() {
    let asks = |effects: Vec<Effect>| effects.contains(&Effect::Jobs);
    let picture = || Message::Picture(Arc::new(fixtures::cluster(3)), 0);
    let mut model = model(fixtures::cluster(3));
    assert!(!asks(entered(&mut model)), "there is no room");
    update(&mut model, Message::Resize(200, 60));
    assert!(asks(update(&mut model, picture())));
    assert!(!asks(update(&mut model, picture())), "the answer is awaited");
    update(&mut model, Message::Jobs(Ok(fixtures::jobs())));
    assert!(!asks(update(&mut model, picture())), "they have just come");
    assert!(once::plain(&once::frame(&model, 200, 60)).contains("88 replicas, 1,234 left"));
    let later = model.shared.now.elapsed_ms + super::JOBS_EVERY_MS;
    let now = crate::top::observation::Moment { elapsed_ms: later, calendar: fixtures::NOW };
    update(&mut model, Message::Tick(now));
    assert!(asks(update(&mut model, picture())));
}
