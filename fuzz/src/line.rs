//! The language of the shell: statements, words, patterns, quotes.

use dfs_shell::lang::glob::{Pattern, braces};
use dfs_shell::lang::{Action, Output, Scope, Statement, Word, parse, quote};

/// Braces multiply the number of words: longer words are not expanded.
const BRACED_WORD_CHARS_MAX: usize = 100;

pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    quotes_read_back(text);
    let mut scope = Scope::new(vec!["one".to_owned(), "*".to_owned()]);
    scope.set("x", "a b");
    for statement in parse(text).unwrap_or_default() {
        check(text, &scope, &statement);
    }
}

fn check(text: &str, scope: &Scope, statement: &Statement) {
    let Action::Command { words, output } = &statement.action else { return };
    assert!(!words.is_empty(), "a command has a name");
    let path = if let Output::File { path, .. } = output { Some(path) } else { None };
    for word in words.iter().chain(path) {
        assert!(text.get(word.start..word.end).is_some_and(|word| !word.is_empty()), "a word has a position");
        expand(scope, word);
    }
}

fn expand(scope: &Scope, word: &Word) {
    for text in scope.expand(word).unwrap_or_default() {
        quotes_read_back(&text.plain());
        if text.symbols().len() > BRACED_WORD_CHARS_MAX {
            continue;
        }
        for text in braces(&text).unwrap_or_default() {
            let _ = Pattern::of(&text);
        }
    }
}

/// Any text, when quoted, is one word with that text.
fn quotes_read_back(text: &str) {
    let statements = parse(&format!("c {}", quote(text))).expect("a quoted text is a word");
    let [Statement { action: Action::Command { words, output: Output::Stdout }, .. }] = &statements[..] else {
        panic!("one command: {statements:?}");
    };
    let [_, word] = &words[..] else { panic!("one word: {words:?}") };
    let texts = Scope::default().expand(word).expect("it names no variable");
    assert_eq!(texts.iter().map(|text| text.plain()).collect::<Vec<_>>(), [text]);
}
