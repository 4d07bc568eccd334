//! Requirements of tests on the machine: without them, the test is skipped with a message, unless
//! it is required.
//!
//! `DFS_TEST_REQUIRE` is a comma-separated list of words: `power` requires the tests of power cuts,
//! `1` all tests. A required test fails if it cannot run. `.ci/run` sets it, so that no test is
//! skipped silently.

/// Returns true if a test can run because there is no obstacle. Otherwise prints that it is
/// skipped, and why.
///
/// # Panics
/// Panics if there is an obstacle and `DFS_TEST_REQUIRE` names this test.
pub fn holds(word: &str, obstacle: Option<String>) -> bool {
    let Some(obstacle) = obstacle else { return true };
    let required = std::env::var("DFS_TEST_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|required| required == word || required == "1");
    assert!(!is_required, "DFS_TEST_REQUIRE={required}, but this test cannot run here: {obstacle}");
    eprintln!("SKIPPED: {obstacle} (DFS_TEST_REQUIRE={word} makes this a failure)");
    false
}
