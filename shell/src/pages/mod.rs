//! Generates the pages of the manual from the table of commands. They are in `docs/`; a test fails
//! if one is stale, and `just docs` rewrites them.

mod commands;
mod json;
mod shells;

use std::path::PathBuf;

/// A page and its path from the root of the repository.
struct Page {
    path: &'static str,
    text: String,
}

fn pages() -> Vec<Page> {
    vec![
        Page { path: "docs/commands.md", text: commands::page() },
        Page { path: "docs/json.md", text: json::page() },
        Page { path: "docs/man/dfs-shell.1", text: shells::manual() },
        Page { path: "docs/completions/dfs-shell.bash", text: shells::completions(clap_complete::Shell::Bash) },
        Page { path: "docs/completions/_dfs-shell", text: shells::completions(clap_complete::Shell::Zsh) },
        Page { path: "docs/completions/dfs-shell.fish", text: shells::completions(clap_complete::Shell::Fish) },
    ]
}

fn place(page: &Page) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(page.path)
}

#[test]
fn no_page_is_stale() {
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    for page in pages() {
        let path = place(&page);
        if update {
            std::fs::create_dir_all(path.parent().expect("it stands in a directory")).expect("writable");
            std::fs::write(&path, &page.text).expect("writable");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == page.text, "{} is stale; run: just docs", page.path);
    }
}
