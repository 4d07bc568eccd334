//! What a test needs of the machine: where it is missing the test is skipped and says so, unless it is required.
//!
//! `DFS_TEST_REQUIRE` is a list of words with commas: `power` are the tests of power cuts, `1` are all. A test that is named
//! there fails where it cannot run. `.ci/run` sets it, so that no test is silently left out.

/// Whether a test can run: there is no obstacle. Says that it is skipped, and why, where there is one.
///
/// # Panics
/// When there is an obstacle, and `DFS_TEST_REQUIRE` names this test by its word.
pub fn holds(word: &str, obstacle: Option<String>) -> bool {
    let Some(obstacle) = obstacle else { return true };
    let required = std::env::var("DFS_TEST_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|required| required == word || required == "1");
    assert!(!is_required, "DFS_TEST_REQUIRE={required}, but this test cannot run here: {obstacle}");
    eprintln!("SKIPPED: {obstacle} (DFS_TEST_REQUIRE={word} makes this a failure)");
    false
}
