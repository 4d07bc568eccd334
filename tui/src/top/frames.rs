//! Compares whole frames, every view in every state, with stored snapshots.

use crate::top::fixtures;
use crate::top::message::{CommandNews, CommandState, Message};
use crate::top::model::Model;
use crate::top::once;
use crate::top::page_id::PageId;
use crate::top::update::update;
use crossterm::event::{KeyCode, KeyEvent};
use dfs_client::{JobStatus, NodeState};
use dfs_types::{DatanodeId, DfsPath, Timestamp};
use std::sync::Arc;

/// Compares the frames of two sizes with those stored as `name`.
pub(super) fn kept(name: &str, model: &mut Model) {
    kept_in(&[(80, 24), (200, 60)], name, model);
}

/// Compares the frames of three sizes.
fn kept_in_three(name: &str, model: &mut Model) {
    kept_in(&[(80, 24), (120, 40), (200, 60)], name, model);
}

fn kept_in(sizes: &[(u16, u16)], name: &str, model: &mut Model) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("frames");
    settings.bind(|| {
        for (columns, lines) in sizes.iter().copied() {
            update(model, Message::Resize(columns, lines));
            let name = format!("{name}-{columns}x{lines}");
            insta::assert_snapshot!(name, once::plain(&once::frame(model, columns, lines)));
        }
    });
}

#[test]
fn every_view_in_every_state() {
    for (scene, mut model) in fixtures::scenes() {
        for page in PageId::ALL {
            model.page = page;
            let name = format!("{}-{scene}", page.word());
            if page == PageId::Overview { kept_in_three(&name, &mut model) } else { kept(&name, &mut model) }
        }
    }
}

/// The first frame of a dashboard shows the history that the master has kept, with its gaps.
#[test]
fn the_first_frame_has_its_history() {
    let mut snapshot = fixtures::cluster(3);
    snapshot.curve = fixtures::curve().into();
    let mut model = fixtures::model(snapshot);
    kept_in_three("overview-opened", &mut model);
    update(&mut model, Message::Key(KeyEvent::from(KeyCode::Char('z'))));
    model.said = None;
    kept_in_three("overview-opened-15-minutes", &mut model);
}

/// The overview shows background jobs and running commands if there is room.
#[test]
fn an_overview_of_a_cluster_at_work() {
    let mut model = busy_machines();
    update(&mut model, Message::Jobs(Ok(fixtures::jobs())));
    ":put -r photos /data\r".chars().for_each(|letter| {
        let code = if letter == '\r' { KeyCode::Enter } else { KeyCode::Char(letter) };
        update(&mut model, Message::Key(KeyEvent::from(code)));
    });
    let state = CommandState::Running { moved: 40 << 20, total: Some(266 << 20) };
    let number = model.last_command;
    update(&mut model, Message::Command(CommandNews { number, state }));
    model.said = None;
    kept_in_three("overview-busy", &mut model);
}

/// Several problems exist at once. The last finding is selected, then worse ones arrive.
#[test]
fn an_overview_in_an_incident() {
    let mut model = fixtures::model(fixtures::incident());
    kept_in_three("overview-incident", &mut model);
    update(&mut model, Message::Resize(80, 24));
    update(&mut model, Message::Key(KeyEvent::from(KeyCode::End)));
    kept_in_three("overview-incident-last-selected", &mut model);
}

/// No master has ever answered this dashboard; the findings are shown at once in every view.
#[test]
fn no_master_answers_at_the_start() {
    let mut model = fixtures::unanswered();
    kept_in_three("overview-unanswered", &mut model);
    model.page = PageId::Nodes;
    kept("nodes-unanswered", &mut model);
}

#[test]
fn one_datanode() {
    for (scene, mut model) in fixtures::scenes() {
        let node = match scene {
            "dead" | "full" => DatanodeId(3),
            "repairing" => DatanodeId(1),
            "draining" => DatanodeId(2),
            _ => continue,
        };
        model.page = PageId::Nodes;
        model.pages.nodes.open(node);
        let lines = (1..=60).map(|line| format!("2026-11-21T14:02:{line:02}Z INFO chunk 00000000000{line:05} stored"));
        update(&mut model, Message::Log { node: node.to_string(), lines: Ok(lines.collect()) });
        kept(&format!("node-{scene}"), &mut model);
    }
}

/// Returns five machines with a dozen datanodes each, all at work and some with problems.
fn busy_machines() -> Model {
    let mut model = fixtures::model(fixtures::machines(5, 12));
    let mut snapshot = fixtures::machines(5, 12);
    for (at, node) in snapshot.nodes.iter_mut().enumerate() {
        node.load.bytes_read += (at as u64 * 37 % 100) * 1_000_000;
        node.load.directories[0].used += at as u64 / 2 * (1 << 30);
    }
    (snapshot.nodes[7].state, snapshot.nodes[7].heartbeat_age_ms) = (NodeState::Dead, 4_000_000);
    (snapshot.nodes[33].state, snapshot.nodes[33].heartbeat_age_ms) = (NodeState::Stale, 7_000);
    snapshot.nodes[20].load.directories[0].failed = true;
    (snapshot.nodes[40].under_replicated, snapshot.nodes[41].under_replicated, snapshot.nodes[41].last_replica) =
        (17, 120, 3);
    snapshot.status.taken_at = Timestamp(snapshot.status.taken_at.0 + 1_000);
    update(&mut model, Message::Picture(Arc::new(snapshot), 0));
    model
}

#[test]
fn every_lens() {
    let mut model = busy_machines();
    model.page = PageId::Heatmap;
    for _ in crate::heat::Lens::ALL {
        kept(&format!("heatmap-lens-{}", model.pages.heatmap.lens().word()), &mut model);
        update(&mut model, Message::Key(KeyEvent::from(KeyCode::Char('l'))));
        model.said = None;
    }
}

#[test]
fn big_directories() {
    let mut model = fixtures::model(fixtures::cluster(3));
    model.page = PageId::Heatmap;
    update(&mut model, Message::Key(KeyEvent::from(KeyCode::Char('f'))));
    kept("directories-asked", &mut model);
    let result = Ok(fixtures::directory());
    update(&mut model, Message::Listed { path: DfsPath::root(), after: None, result });
    kept("directories", &mut model);
    update(&mut model, Message::Key(KeyEvent::from(KeyCode::Char('h'))));
    update(&mut model, Message::Traffic { path: DfsPath::root(), result: Ok(fixtures::traffic()) });
    kept("directories-hot", &mut model);
}

#[test]
fn jobs_of_the_leading_master() {
    let mut model = fixtures::model(fixtures::cluster(3));
    update(&mut model, Message::Key(KeyEvent::from(KeyCode::Char('6'))));
    update(&mut model, Message::Jobs(Ok(fixtures::jobs())));
    kept("jobs", &mut model);
    let mut jobs = fixtures::jobs();
    let idle = jobs[0].clone();
    let others = ["chunk-ids", "floor", "members", "writes"];
    jobs.extend(others.map(|name| JobStatus { name: name.to_owned(), ..idle.clone() }));
    update(&mut model, Message::Jobs(Ok(jobs)));
    kept("jobs-many", &mut model);
}
