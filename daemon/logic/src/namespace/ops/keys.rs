use crate::command::{Command, KeyRecord, Refusal};
use crate::namespace::access::Who;
use crate::namespace::state::{KEYS_KEPT, Namespace};
use crate::namespace::window::Remembered;

impl Namespace {
    /// Adds a newer key. One that is not newer than the newest changes nothing: two leaders in a row may both have
    /// thought that it was time.
    pub(in crate::namespace) fn add_key(&mut self, command: &Command, key: &KeyRecord) -> Result<Remembered, Refusal> {
        self.need_master(command)?;
        if self.keys.last().is_none_or(|newest| key.id > newest.id) {
            let kept = self.keys.len().saturating_sub(KEYS_KEPT - 1);
            self.keys = self.keys.iter().skip(kept).chain([key]).cloned().collect();
        }
        Ok(Remembered::Done)
    }

    /// Commands of the masters are not for users, but for the superuser.
    pub(super) fn need_master(&self, command: &Command) -> Result<(), Refusal> {
        match self.who(&command.caller)? {
            Who::Super => Ok(()),
            Who::Known(_) | Who::Stranger => Err(Refusal::PermissionDenied),
        }
    }
}
