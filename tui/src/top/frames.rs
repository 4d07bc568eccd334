//! Whole frames, every view in every state, as they must look.

use crate::top::message::Message;
use crate::top::model::{Model, PageId};
use crate::top::once;
use crate::top::pages::fixtures;
use crate::top::update::update;
use dfs_types::DatanodeId;

/// Compares the frames of both sizes with those that are kept as `name`.
fn kept(name: &str, model: &mut Model) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("frames");
    settings.bind(|| {
        for (columns, lines) in [(80, 24), (200, 60)] {
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
            kept(&format!("{}-{scene}", page.word()), &mut model);
        }
    }
}

#[test]
fn one_datanode() {
    for (scene, mut model) in fixtures::scenes() {
        let node = match scene {
            "dead" | "full" => DatanodeId(3),
            "repairing" => DatanodeId(1),
            _ => continue,
        };
        model.page = PageId::Nodes;
        model.pages.nodes.open(node);
        let lines = (1..=60).map(|line| format!("2026-11-21T14:02:{line:02}Z INFO chunk 00000000000{line:05} stored"));
        update(&mut model, Message::Log { node: node.to_string(), lines: Ok(lines.collect()) });
        kept(&format!("node-{scene}"), &mut model);
    }
}
