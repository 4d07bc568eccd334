//! The failure of `dfsd`: one line for the error, one with a hint, and an exit code.

use dfs_config::ConfigError;
use dfs_types::{Error, ErrorCode, io_message};

/// An error to be reported to the user.
#[derive(Debug)]
pub(super) struct Failure {
    error: Error,
    silent: bool,
}

impl Failure {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::from(Error::new(code, message))
    }

    /// Returns the failure of a write to standard output.
    pub(super) fn of_stdout(error: &std::io::Error) -> Self {
        Self::new(ErrorCode::LocalIo, format!("standard output: {}", io_message(error)))
    }

    #[must_use]
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { error: self.error.hint(hint), ..self }
    }

    /// Returns the same failure as already reported: only the exit code is left.
    #[must_use]
    pub(super) fn silent(self) -> Self {
        Self { silent: true, ..self }
    }

    /// Prints the failure to standard error; returns the exit code.
    pub(super) fn report(&self) -> u8 {
        if !self.silent {
            eprintln!("{}", self.text());
        }
        self.error.code.exit_code()
    }

    fn text(&self) -> String {
        let hint = self.error.hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
        format!("dfsd: {}{hint}", self.error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, silent: false }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(ErrorCode::Usage, error.to_string())
    }
}

impl From<anyhow::Error> for Failure {
    /// Keeps the code and the hint of our own errors, and adds the operation that failed.
    fn from(error: anyhow::Error) -> Self {
        match error.downcast_ref::<Error>() {
            Some(known) => Self::from(Error { message: format!("{error:#}"), path: None, ..known.clone() }),
            None => Self::new(ErrorCode::Internal, format!("{error:#}")),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(ErrorCode::LocalIo, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn failures_say_what_and_what_to_do() {
        let failure = Failure::new(ErrorCode::NotFound, "no such daemon").hint("try another");
        assert_eq!(failure.text(), "dfsd: no such daemon\n  hint: try another");
        assert_eq!(failure.report(), 1);
    }

    #[test]
    fn the_code_of_our_errors_is_kept_through_anyhow() {
        let inner = Error::new(ErrorCode::Unreachable, "no answer").at("10.0.0.1:1").hint("look");
        let failure = Failure::from(Err::<(), _>(inner).context("join cluster").expect_err("an error"));
        assert_eq!(failure.text(), "dfsd: join cluster: 10.0.0.1:1: no answer\n  hint: look");
        assert_eq!(failure.report(), 3);
        assert_eq!(Failure::from(anyhow::anyhow!("else")).report(), 1);
    }
}
