//! Reads the properties of the terminal from the environment: its character set and its abilities.

use dfs_term::Glyphs;

/// Returns the glyphs of the locale.
pub(crate) fn glyphs() -> Glyphs {
    let [lc_all, lc_ctype, lang] = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
    Glyphs::of_locale(&lc_all, &lc_ctype, &lang)
}

/// Returns true if the terminal understands no control codes, or does not report its type.
pub(crate) fn is_dumb() -> bool {
    matches!(variable("TERM").as_str(), "" | "dumb")
}

/// Returns true if colours are switched off (`NO_COLOR`: no-color.org).
pub(crate) fn refuses_colour() -> bool {
    !variable("NO_COLOR").is_empty()
}

fn variable(name: &str) -> String {
    std::env::var_os(name).unwrap_or_default().to_string_lossy().into_owned()
}
