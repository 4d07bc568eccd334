//! Whole frames, every view in every state, as they must look.

use crate::top::message::Message;
use crate::top::model::PageId;
use crate::top::once;
use crate::top::pages::fixtures;
use crate::top::update::update;

#[test]
fn every_view_in_every_state() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("frames");
    settings.bind(|| {
        for (scene, mut model) in fixtures::scenes() {
            for page in PageId::ALL {
                model.page = page;
                for (columns, lines) in [(80, 24), (200, 60)] {
                    update(&mut model, Message::Resize(columns, lines));
                    let name = format!("{}-{scene}-{columns}x{lines}", page.word());
                    insta::assert_snapshot!(name, once::plain(&once::frame(&model, columns, lines)));
                }
            }
        }
    });
}
