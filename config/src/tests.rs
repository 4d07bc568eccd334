//! Tests of the table, the file, the environment and the flags together.

use super::*;
use dfs_types::Protection;
use std::path::Path;
use std::time::Duration;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().copied().collect()
}

fn load_text(text: &str, variables: &[(&str, &str)], flags: &[&str]) -> Result<Loaded, String> {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("dfs.toml");
    std::fs::write(&file, text).expect("written");
    let overrides: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let sources =
        Sources { file: Some(&file), default_file: None, environment: &environment(variables), overrides: &overrides };
    let prefix = format!("{}/", directory.path().display());
    load(&sources).map_err(|error| error.to_string().replace(&prefix, ""))
}

fn refused(text: &str) -> String {
    load_text(text, &[], &[]).expect_err("must be refused")
}

#[test]
fn the_default_file_has_the_defaults() {
    let text = default_file();
    let loaded = load_text(&text, &[], &[]).expect("reads");
    assert_eq!(loaded.settings, Settings::default());
    for key in keys() {
        assert!(loaded.is_set(&key.dotted()), "{key:?} is not in the file");
        assert!(text.contains(&key.variable()), "{key:?} has no variable in the file");
    }
    assert!(text.contains("replication = 3\n") && text.contains("chunk_size = \"64MiB\"\n"), "{text}");
}

#[test]
fn shown_settings_parse_to_the_same() {
    let mut settings = Settings::default();
    settings.client.masters = vec!["a:1".into(), "[::1]:2".into()];
    settings.datanode.data_dirs = vec!["/disk \"1\"".into(), "/disk2".into()];
    settings.datanode.capacity = Some(dfs_types::ByteSize(3 << 30));
    settings.master.heartbeat = Duration::from_millis(1500);
    settings.master.safe_mode_threshold = 1.0;
    settings.client.data_protection = Protection::Integrity;
    assert_eq!(load_text(&to_toml(&settings), &[], &[]).expect("reads").settings, settings);
}

#[test]
fn the_page_of_the_documentation_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/config.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, document::page()).expect("written");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == document::page(), "docs/config.md is stale; run: UPDATE_DOCS=1 cargo test -p dfs-config");
}

#[test]
fn flags_override_the_environment_which_overrides_the_file() {
    let text = "[master]\nreplication = 1\nchunk_size = \"1MiB\"\nheartbeat = \"1s\"\n";
    let variables = [("DFS_MASTER_CHUNK_SIZE", "2MiB"), ("DFS_MASTER_HEARTBEAT", "2s"), ("DFS_LOG_LEVEL", "")];
    let loaded = load_text(text, &variables, &["master.heartbeat=4s"]).expect("reads");
    let master = loaded.settings.master;
    assert_eq!((master.replication, master.chunk_size.0, master.heartbeat.as_secs()), (1, 2 << 20, 4));
}

#[test]
fn the_short_variable_of_the_masters_is_overridden_by_the_long_ones() {
    let variables = [("DFS_MASTERS", "a:1, b:2"), ("DFS_DATANODE_MASTERS", "c:3")];
    let settings = load_text("", &variables, &[]).expect("reads").settings;
    assert_eq!(settings.client.masters, ["a:1", "b:2"]);
    assert_eq!(settings.datanode.masters, ["c:3"]);
}

#[test]
fn errors_name_the_place_and_the_allowed_values() {
    for (text, expected) in [
        (
            "\n[master]\nheartbeat = \"3 parsecs\"",
            "dfs.toml:3: master.heartbeat = \"3 parsecs\": not a duration; write a number with ms, s, m, h or d, as in 30s",
        ),
        ("[master]\nhartbeat = \"3s\"", "dfs.toml:2: unknown key master.hartbeat; did you mean master.heartbeat?"),
        ("[client]\nreplication = 2", "dfs.toml:2: unknown key client.replication; did you mean master.replication?"),
        ("[mastre]\nx = 2", "dfs.toml:1: unknown key mastre; did you mean [master]?"),
        ("replication = 2", "dfs.toml:1: unknown key replication; did you mean replication in [master]?"),
        ("[log]\nfoo = 2", "dfs.toml:2: unknown key log.foo; `dfsd config default` lists all keys"),
        ("[master]\nreplication = 17", "dfs.toml:2: master.replication = 17: out of range; allowed: 1 to 16"),
        ("[master]\nreplication = 1_7", "dfs.toml:2: master.replication = 1_7: out of range; allowed: 1 to 16"),
        ("[master]\nreplication = [3]", "dfs.toml:2: master.replication = [3]: it takes one value, not a list"),
        (
            "[master]\nchunk_size = \"100000\"",
            "dfs.toml:2: master.chunk_size = \"100000\": out of range; allowed: 64KiB to 1GiB, a multiple of 64KiB",
        ),
        (
            "[master]\nchunk_size = \"big\"",
            "dfs.toml:2: master.chunk_size = \"big\": not a size; write a number with B, KiB, MiB, GiB or TiB, as in 64MiB",
        ),
        ("[datanode]\ndirect_io = \"maybe\"", "dfs.toml:2: datanode.direct_io = \"maybe\": neither true nor false"),
        (
            "[client]\ndata_protection = \"none\"",
            "dfs.toml:2: client.data_protection = \"none\": it must be `auto` or `private` or `integrity`",
        ),
        (
            "[client]\nmasters = [\"a:1\", \"b\"]",
            "dfs.toml:2: client.masters = [\"a:1\", \"b\"]: \"b\" is not an address; write HOST:PORT, as in 10.0.0.5:9870",
        ),
        (
            "[client]\nmasters = [{a = 1}]",
            "dfs.toml:2: client.masters = [{a = 1}]: it takes a list of up to 16 `HOST:PORT`",
        ),
        (
            "[master]\nheartbeat = \"20s\"",
            "dfs.toml:2: master.heartbeat = \"20s\": master.dead_after (\"10s\") must be longer than master.heartbeat (\"20s\")",
        ),
        (
            "[master]\nsafe_mode_threshold = 1.5",
            "dfs.toml:2: master.safe_mode_threshold = 1.5: not a number from 0 to 1",
        ),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
    assert!(refused("[master\n").starts_with("dfs.toml:1: invalid TOML: "));
    assert!(refused("[log]\nfiles = 1\nfiles = 2\n").starts_with("dfs.toml:3: invalid TOML: "));
}

#[test]
fn errors_in_the_environment_and_in_flags_name_the_place_too() {
    let variable = |name, value| load_text("", &[(name, value)], &[]).expect_err("must be refused");
    assert_eq!(
        variable("DFS_MASTER_HEARTBEAT", "soon"),
        "environment DFS_MASTER_HEARTBEAT: master.heartbeat = \"soon\": not a duration; \
         write a number with ms, s, m, h or d, as in 30s"
    );
    assert_eq!(
        variable("DFS_MASTER_HARTBEAT", "3s"),
        "environment: unknown key DFS_MASTER_HARTBEAT; did you mean DFS_MASTER_HEARTBEAT?"
    );
    let flag = |flag| load_text("", &[], &[flag]).expect_err("must be refused");
    assert!(flag("master.replication").contains("write section.key=value"));
    assert!(flag("master.replicas=2").starts_with("command line: unknown key master.replicas"));
    assert!(flag("master.replication=x").starts_with("command line: master.replication = \"x\": not a whole number"));
    assert!(load_text("", &[("DFS_FOO", "1")], &[]).is_ok());
}

#[test]
fn an_explicit_file_must_exist_and_a_default_one_need_not() {
    let missing = Path::new("/nonexistent/dfs.toml");
    let none = Environment::default();
    let asked = Sources { file: Some(missing), default_file: None, environment: &none, overrides: &[] };
    assert!(load(&asked).expect_err("absent").to_string().starts_with("/nonexistent/dfs.toml: "));
    let by_variable = environment(&[("DFS_CONFIG", "/nonexistent/dfs.toml")]);
    let asked = Sources { file: None, default_file: None, environment: &by_variable, overrides: &[] };
    assert!(load(&asked).is_err());
    let default = Sources { file: None, default_file: Some(missing), environment: &none, overrides: &[] };
    assert_eq!(load(&default).expect("defaults").settings, Settings::default());
}

#[test]
fn relative_paths_count_from_the_directory_of_the_file() {
    let text = "[client]\ncredential = \"me.pem\"\n[datanode]\ndata_dirs = [\"/abs\", \"rel\"]\n";
    let settings = load_text(text, &[], &[]).expect("reads").settings;
    let credential = settings.client.credential.expect("set");
    assert!(credential.is_absolute() && credential.ends_with("me.pem"), "{credential:?}");
    assert_eq!(settings.datanode.data_dirs[0], Path::new("/abs"));
    assert!(settings.datanode.data_dirs[1].is_absolute());
}

#[test]
fn two_homes_share_no_directory() {
    let directories = |home| Directories::of_user(&environment(&[("DFS_HOME", home)])).expect("directories");
    let (one, two) = (directories("/a"), directories("/b"));
    assert_eq!(one, Directories::under(Path::new("/a")));
    for directory in [&one.config, &one.credentials, &one.data, &one.state, &one.logs, &one.run] {
        assert!(directory.starts_with("/a"));
    }
    assert_ne!(one, two);
    assert!(directories("relative").run.is_absolute());
}

#[test]
fn a_flag_may_be_a_list_whose_elements_contain_commas() {
    let lists = ["datanode.data_dirs=[\"/a,1\", \"/b\"]", "datanode.masters=[::1]:9870"];
    let settings = load_text("", &[], &lists).expect("loads").settings;
    assert_eq!(settings.datanode.data_dirs, [Path::new("/a,1"), Path::new("/b")]);
    assert_eq!(settings.datanode.masters, ["[::1]:9870"]);
}

#[test]
fn a_program_that_must_go_on_has_what_can_be_understood() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("dfs.toml");
    std::fs::write(&file, "nosuch = 1\n").expect("written");
    let what_can_be = |environment: &Environment| {
        let sources = Sources { file: None, default_file: Some(&file), environment, overrides: &[] };
        assert!(load(&sources).is_err());
        load_what_can_be(&sources)
    };
    let masters = "h:1";
    assert_eq!(what_can_be(&environment(&[("DFS_MASTERS", masters)])).settings.client.masters, [masters]);
    let named = environment(&[("DFS_CONFIG", file.to_str().expect("UTF-8")), ("DFS_MASTERS", masters)]);
    assert_eq!(what_can_be(&named).settings.client.masters, [masters]);
    assert_eq!(what_can_be(&environment(&[("DFS_MASTER_NOSUCH", "1")])).settings, Settings::default());
}
