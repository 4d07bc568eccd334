//! The bound of commands that run other commands.

use crate::base::report::usage;
use dfs_types::Error;

/// The maximum number of commands that run inside one another, as in `time watch source x.dfs`.
pub(crate) const NESTING_MAX: usize = 40;

/// Returns the error for commands that run commands too many levels deep.
pub(super) fn nested_too_deep() -> Error {
    usage(format!("nested too deep: commands run commands {NESTING_MAX} deep at most"))
}
