//! Completion of whole lines, for who has an editor of their own.

use super::candidates::Surroundings;
use super::choices::completed_path;
use super::known::Known;
use super::target::{Place, target};
use crate::session::Session;
use tokio::runtime::Handle;

/// Lines that are offered at most.
const LINES_MAX: usize = 100;

/// Completes lines. It knows of the session what it needs, as it was when it was last refreshed.
#[derive(Debug)]
pub(crate) struct Whole(Surroundings);

impl Whole {
    pub(crate) fn new(session: &Session, runtime: Handle) -> Self {
        let known = Known::new(runtime);
        known.follow(session);
        Self(Surroundings::new(known))
    }

    /// Takes over what a command may have changed.
    pub(crate) fn refresh(&mut self, session: &Session) {
        self.0.refresh(session);
        self.0.known.follow(session);
    }

    /// What the line may become. Waits for the cluster for no longer than a person notices; must not be called on a thread
    /// of the runtime.
    pub(crate) fn lines(&self, line: &str) -> Vec<String> {
        // Programs of this machine need the terminal, which whoever has an editor of their own has, too.
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
