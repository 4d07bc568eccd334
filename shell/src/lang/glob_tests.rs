use super::*;
use proptest::prelude::*;

fn like(text: &str) -> Like {
    Like::of(Glob::of(Text::bare(text).symbols()))
}

fn braced(text: &str) -> Vec<String> {
    braces(&Text::bare(text)).expect("few").iter().map(Text::plain).collect()
}

#[test]
fn names_match() {
    for (pattern, name, expected) in [
        ("*", "abc", true),
        ("*", "", true),
        ("*", ".abc", false),
        (".*", ".abc", true),
        ("a*c", "abbbc", true),
        ("a*c", "abbbd", false),
        ("*.tar.*", "a.tar.gz", true),
        ("?", "漢", true),
        ("?", "", false),
        ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false),
        ("[^a-c]x", "dx", true),
        ("[]a]", "]", true),
        ("[a", "[a", true),
        ("a**b", "axxb", true),
        ("[a-]", "-", true),
    ] {
        assert_eq!(like(pattern).matches(name), expected, "{pattern} {name}");
    }
}

#[test]
fn a_hard_pattern_is_quick() {
    assert!(!like(&"a*".repeat(30)).matches(&"a".repeat(20)));
    assert!(!like(&format!("{}b", "*a".repeat(100))).matches(&"a".repeat(255)));
}

#[test]
fn paths_are_taken_apart() {
    let pattern = Pattern::of(&Text::bare("/data/**/log-*/x/")).expect("a pattern");
    assert!(pattern.absolute && pattern.directories_only);
    assert_eq!(pattern.parts[0], Part::Name("data".into()));
    assert_eq!(pattern.parts[1], Part::AnyDepth);
    assert!(matches!(&pattern.parts[2], Part::Like(like) if like.prefix() == "log-"));
    assert_eq!(pattern.parts[3], Part::Name("x".into()));
    assert_eq!(Pattern::of(&Text::bare("/a/**/**/b")), Pattern::of(&Text::bare("/a/**/b")));
    assert_eq!(Pattern::of(&Text::bare("/a/b")), None);
    assert_eq!(Pattern::of(&Text::literal("/a/*")), None);
}

#[test]
fn braces_of_a_pasted_megabyte_take_neither_long_nor_much() {
    let megabyte = |text: &str| Text::bare(&text.repeat((1 << 20) / text.len()));
    assert_eq!(braces(&megabyte("{")).expect("text").len(), 1);
    assert_eq!(braces(&megabyte("}")).expect("text").len(), 1);
    assert_eq!(braces(&megabyte("{a")).expect("text").len(), 1);
    assert_eq!(braces(&megabyte("{a,b}")), Err(TooManyWords));
    assert_eq!(braces(&megabyte("{a,")).expect("never closed").len(), 1);
}

#[test]
fn braces_multiply_out_in_order() {
    assert_eq!(braced("a{b,c}d"), ["abd", "acd"]);
    assert_eq!(braced("{a,b}{1,2}"), ["a1", "a2", "b1", "b2"]);
    assert_eq!(braced("x{a,{b,c}}"), ["xa", "xb", "xc"]);
    assert_eq!(braced("{a}"), ["{a}"]);
    assert_eq!(braced("{a}{b,c}"), ["{a}b", "{a}c"]);
    assert_eq!(braced("{a,"), ["{a,"]);
    assert_eq!(braced("{,x}"), ["", "x"]);
    assert_eq!(braces(&Text::literal("{a,b}")).expect("few").len(), 1);
    assert_eq!(braces(&Text::bare(&"{a,b}".repeat(13))), Err(TooManyWords));
}

proptest! {
    #[test]
    fn any_text_has_braces_or_not(text in "[ab,{}\\[\\]*-]{0,16}") {
        if let Ok(words) = braces(&Text::bare(&text)) {
            prop_assert!(!words.is_empty());
            words.iter().for_each(|word| drop(Pattern::of(word)));
        }
    }
}
