//! Completes whole lines, for callers with their own line editor.

use super::candidates::Surroundings;
use super::choices::completed_path;
use super::known::Known;
use super::target::{Place, target};
use crate::session::Session;
use tokio::runtime::Handle;

/// The maximum number of lines that are returned.
const LINES_MAX: usize = 100;

/// Completes lines, from the state of the session as of the last refresh.
#[derive(Debug)]
pub(crate) struct Whole(Surroundings);

impl Whole {
    pub(crate) fn new(session: &Session, runtime: Handle) -> Self {
        let known = Known::new(runtime);
        known.follow(session);
        Self(Surroundings::new(known))
    }

    /// Copies the parts of the session that a command may have changed.
    pub(crate) fn refresh(&mut self, session: &Session) {
        self.0.refresh(session);
        self.0.known.follow(session);
    }

    /// Returns the possible completions of the line. Waits at most
    /// 150 ms for the cluster; must not be called on a thread of the
    /// runtime.
    pub(crate) fn lines(&self, line: &str) -> Vec<String> {
        // Local programs need the terminal, which the caller uses.
        let Some(target) = target(line).filter(|target| target.place != Place::Program) else { return Vec::new() };
        let before = line.get(..target.start).unwrap_or_default();
        let choices = self.0.choices(&target).list.into_iter().take(LINES_MAX);
        choices.map(|one| format!("{before}{}", completed_path(&one.text, target.quote, one.ended))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Scope;
    use clap::Parser;

    #[test]
    fn lines_are_completed_with_their_quotes() {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("my file"), "").expect("written");
        let root = directory.path().display();
        let options = crate::base::options::Options::try_parse_from(["dfs-shell", "--no-start"]).expect("valid");
        let mut session = Session::new(options, Scope::default());
        session.scope.set("day", "monday");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let mut whole = Whole::new(&session, runtime.handle().clone());
        whole.refresh(&session);
        assert_eq!(whole.lines("setr"), ["setrep "]);
        assert_eq!(whole.lines("echo $d"), ["echo $day "]);
        assert_eq!(whole.lines(&format!("lls {root}/m")), [format!("lls {root}/my\\ file ")]);
        assert_eq!(whole.lines(&format!("lls '{root}/m")), [format!("lls '{root}/my file' ")]);
        assert_eq!(whole.lines("!ls"), Vec::<String>::new());
    }
}
