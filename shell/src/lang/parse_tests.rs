use super::*;
use crate::lang::{Scope, quote};
use proptest::prelude::*;

/// Returns the words of a text as plain arguments, per statement.
fn words(text: &str) -> Result<Vec<Vec<String>>, SyntaxError> {
    let scope = Scope::new(vec!["one".into(), "two words".into()]);
    let plain = |action: Action| match action {
        Action::Command { words, .. } => {
            words.iter().flat_map(|word| scope.expand(word).expect("set")).map(|text| text.plain()).collect()
        }
        Action::Local(command) => vec!["!".to_owned(), command],
    };
    Ok(parse(text)?.into_iter().map(|statement| plain(statement.action)).collect())
}

fn one(text: &str) -> Vec<String> {
    let mut all = words(text).expect("it parses");
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0)
}

fn output(text: &str) -> Output {
    match parse(text).expect("it parses").remove(0).action {
        Action::Command { output, .. } => output,
        Action::Local(command) => panic!("local: {command}"),
    }
}

#[test]
fn words_split_as_in_sh() {
    for (text, expected) in [
        ("ls", vec!["ls"]),
        ("  ls\t-l   /a  ", vec!["ls", "-l", "/a"]),
        ("ls 'a b' \"c d\" e\\ f", vec!["ls", "a b", "c d", "e f"]),
        ("a'b'\"c\"d", vec!["abcd"]),
        ("x '' \"\"", vec!["x", "", ""]),
        ("x 'a\\b' \"a\\b\\\"\\$\" \\'", vec!["x", "a\\b", "a\\b\"$", "'"]),
        ("x a#b # the rest; is not", vec!["x", "a#b"]),
        ("x 'multi\nline'", vec!["x", "multi\nline"]),
        ("x a\\\nb \\\n c", vec!["x", "ab", "c"]),
        ("x $1 \"$2\" ${1}x $@", vec!["x", "one", "two words", "onex", "one", "two words"]),
        ("x \"all: $@\"", vec!["x", "all: one two words"]),
        ("x $ a$ '$1'", vec!["x", "$", "a$", "$1"]),
        ("x $'a\\n\\x41\\u{1f980}\\''", vec!["x", "a\nA🦀'"]),
        ("x 漢字\u{3000}é", vec!["x", "漢字", "é"]),
    ] {
        assert_eq!(one(text), expected, "{text}");
    }
}

#[test]
fn statements() {
    let parsed =
        parse("#!/usr/bin/env dfs-shell\nmkdir /a; put x /a\n\n-rm /b\n@ls\n-@ls;;\n# end").expect("it parses");
    let seen: Vec<_> = parsed.iter().map(|s| (s.line, s.source.as_str(), s.may_fail, s.silent)).collect();
    let expected = [
        (2, "mkdir /a", false, false),
        (2, "put x /a", false, false),
        (4, "-rm /b", true, false),
        (5, "@ls", false, true),
        (6, "-@ls", true, true),
    ];
    assert_eq!(seen, expected);
    assert_eq!(parse(" \n # nothing\n ; @").expect("it parses"), []);
}

#[test]
fn lines_after_a_multi_line_word_keep_their_numbers() {
    let parsed = parse("echo 'a\nb'\nls").expect("it parses");
    assert_eq!(parsed[1].line, 3);
}

#[test]
fn local_commands_and_redirection() {
    assert_eq!(one("!for i in 1 2; do echo $i | cat; done"), ["!", "for i in 1 2; do echo $i | cat; done"]);
    assert_eq!(output("ls | grep 'a;b' | wc -l; pwd"), Output::Pipe("grep 'a;b' | wc -l".into()));
    assert!(matches!(output("ls /a > 'out file'"), Output::File { append: false, .. }));
    assert!(matches!(output("ls /a>>x"), Output::File { append: true, .. }));
    assert_eq!(one("ls >x /b"), ["ls", "/b"]);
    assert_eq!(words("ls | cat; pwd").expect("it parses").len(), 2);
    assert_eq!(output("ls |\n grep a |\nwc -l\npwd"), Output::Pipe("grep a |\nwc -l".into()));
    assert_eq!(output("ls | grep a # it's one |\npwd"), Output::Pipe("grep a # it's one |".into()));
    assert_eq!(output("ls | grep '|'\npwd"), Output::Pipe("grep '|'".into()));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, line, incomplete) in [
        ("ls\nls 'a\n\n", 2, true),
        ("ls \"a", 1, true),
        ("ls a\\", 1, true),
        ("ls $'a", 1, true),
        ("ls | grep 'a", 1, true),
        ("ls ${a", 1, false),
        ("ls ${a-b}", 1, false),
        ("ls >", 1, false),
        ("ls |", 1, true),
        ("ls | \n", 1, true),
        ("ls | grep a |", 1, true),
        ("ls | grep \\", 1, true),
        ("ls |;", 1, false),
        ("| ls", 1, false),
        ("> x", 1, false),
        ("ls > a > b", 1, false),
        ("ls > a | b", 1, false),
        ("ls $'\\q'", 1, false),
        ("ls $'\\xff'", 1, false),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!((error.line, error.open.is_some()), (line, incomplete), "{text}: {error}");
    }
}

#[test]
fn a_line_of_a_megabyte_is_a_line() {
    let text = format!("echo {}", "'a b' c\\ d ".repeat(100_000));
    assert_eq!(one(&text).len(), 200_001);
}

proptest! {
    #[test]
    fn what_is_quoted_reads_back_as_one_word(text in any::<String>(), other in "\\PC{0,20}") {
        let text = text.replace('\0', "");
        let line = format!("x {} {}", quote(&text), quote(&other));
        prop_assert_eq!(one(&line), ["x".to_owned(), text, other]);
    }

    #[test]
    fn any_text_parses_or_is_refused(text in "[a-z'\"\\\\$;|>#!@{}*\\n -]{0,60}") {
        let _ = words_or_unset(&text);
    }

    #[test]
    fn words_stand_where_they_say(text in "[a-z'\"\\\\ ]{0,40}") {
        for statement in parse(&text).unwrap_or_default() {
            if let Action::Command { words, .. } = statement.action {
                for word in words {
                    let source = text.get(word.start..word.end).expect("within the text");
                    prop_assert!(!source.is_empty() && !source.starts_with(' '));
                }
            }
        }
    }
}

fn words_or_unset(text: &str) -> Option<usize> {
    parse(text).ok().map(|statements| statements.len())
}

#[test]
fn an_ampersand_at_the_end_is_the_background() {
    let found = |text: &str| -> Vec<(String, bool)> {
        parse(text).expect(text).into_iter().map(|statement| (statement.source, statement.background)).collect()
    };
    let expected =
        |all: &[(&str, bool)]| all.iter().map(|(text, back)| ((*text).to_owned(), *back)).collect::<Vec<_>>();
    for (text, all) in [
        ("put a /b &", &[("put a /b", true)][..]),
        ("put a /b&", &[("put a /b", true)]),
        ("put a /b & ls", &[("put a /b", true), ("ls", false)]),
        ("put a /b &; ls &\nls", &[("put a /b", true), ("ls", true), ("ls", false)]),
        ("put 'a&b' a\\&b \"&\"", &[("put 'a&b' a\\&b \"&\"", false)]),
        ("cat a > b &", &[("cat a > b", true)]),
        ("cat a | sort 2>&1 | sort &", &[("cat a | sort 2>&1 | sort", true)]),
        ("cat a | (sort & wait) && x; ls", &[("cat a | (sort & wait) && x", false), ("ls", false)]),
        ("!sleep 1 &", &[("!sleep 1 &", false)]),
    ] {
        assert_eq!(found(text), expected(all), "{text}");
    }
    for wrong in ["&", "ls && pwd", "ls > &", "@ &"] {
        assert!(parse(wrong).is_err_and(|error| error.open.is_none()), "{wrong}");
    }
}
