use super::*;

const WIDE: Screen = Screen { cells: 80, lines: 20 };

fn content(names: &[&str]) -> Content {
    let list = names.iter().map(|name| Choice::path("", name.trim_end_matches('/'), name.ends_with('/')));
    Content { list: list.collect(), others: None, late: false, quote: None }
}

fn menu(names: &[&str], line: &str) -> Menu {
    let start = line.rfind(' ').map_or(0, |at| at + 1);
    Menu::new(content(names), line, start, line.len())
}

fn shown(menu: &mut Menu, screen: Screen) -> Vec<String> {
    let drawn = menu.draw(screen, &View::default());
    assert_eq!(drawn.plain, drawn.styled, "the same without colours");
    assert!(drawn.plain.starts_with('\n'), "below the line");
    drawn.plain.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn steps_go_around_and_put_in() {
    let mut menu = menu(&["a b", "c/"], "ls x");
    let mut line = "ls x".to_owned();
    for (step, becomes) in [
        (Step::Next, "ls a\\ b "),
        (Step::Next, "ls c/"),
        (Step::Next, "ls a\\ b "),
        (Step::Previous, "ls c/"),
        (Step::Previous, "ls a\\ b "),
    ] {
        let (range, text) = menu.step(step).expect("there are some");
        line.replace_range(range, &text);
        assert_eq!(line, becomes);
        assert!(menu.is_at(&line, line.len()) && !menu.is_at(&line, 0));
    }
    let (range, text) = menu.back().expect("something was put in");
    line.replace_range(range, &text);
    assert_eq!(line, "ls x");
}

#[test]
fn what_stands_behind_the_cursor_stays() {
    let mut menu = Menu::new(content(&["ab/", "ac/"]), "ls a -l", 3, 4);
    let (range, text) = menu.step(Step::Previous).expect("there are some");
    assert_eq!((range, text.as_str()), (3..4, "ac/"));
    assert!(menu.is_at("ls ac/ -l", 6));
}

#[test]
fn columns_and_steps_across_them() {
    let names = ["a", "b", "c", "d", "e"];
    let mut menu = menu(&names, "ls ");
    let narrow = Screen { cells: 5, lines: 20 };
    assert_eq!(shown(&mut menu, narrow), ["a  d", "b  e", "c"]);
    let put = |menu: &mut Menu, step| menu.step(step).map(|(_, text)| text);
    assert_eq!(put(&mut menu, Step::Next).as_deref(), Some("a "));
    assert_eq!(put(&mut menu, Step::Right).as_deref(), Some("d "));
    assert_eq!(put(&mut menu, Step::Right).as_deref(), Some("d "), "there is no column behind it");
    assert_eq!(put(&mut menu, Step::Left).as_deref(), Some("a "));
}

#[test]
fn words_stand_beside_what_is_said_of_them() {
    let about = |word: &str, about: &str| Choice { about: Some(about.to_owned()), ..Choice::word(word) };
    let list = vec![about("ls", "List a directory"), about("mkdir", "Make directories")];
    let mut menu = Menu::new(Content { list, ..content(&[]) }, "", 0, 0);
    assert_eq!(shown(&mut menu, WIDE), ["ls     List a directory", "mkdir  Make directories"]);
    assert_eq!(shown(&mut menu, Screen { cells: 15, lines: 20 }), ["ls     List a…", "mkdir  Make d…"]);
    menu.step(Step::Next);
    let styled = menu.draw(WIDE, &View { colour: true, ..View::default() }).styled;
    assert_eq!(styled, "\n\x1b[7mls\x1b[0m     \x1b[2mList a directory\x1b[0m\nmkdir  \x1b[2mMake directories\x1b[0m");
}

#[test]
fn what_is_shown_fits_the_screen_and_the_selection_is_in_it() {
    let names: Vec<String> = (0..500).map(|number| format!("f{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for screen in [WIDE, Screen { cells: 20, lines: 10 }, Screen { cells: 6, lines: 2 }] {
        let mut content = content(&names);
        content.others = Some(Some(1500));
        let mut menu = Menu::new(content, "ls f", 3, 4);
        let mut seen = 0;
        for number in 0..500 {
            menu.step(Step::Next);
            let lines = shown(&mut menu, screen);
            assert!(lines.len() <= screen.lines, "{screen:?}: {lines:?}");
            assert!(lines.iter().all(|line| width(line) < screen.cells), "{screen:?}: {lines:?}");
            let (note, entries) = lines.split_last().expect("a note");
            let entries: Vec<&str> = entries.iter().flat_map(|line| line.split_whitespace()).collect();
            assert!(entries.contains(&format!("f{number:03}").as_str()), "{number}: {lines:?}");
            if entries.contains(&"f499") {
                seen += 1;
                assert_eq!(*note, truncate("… and 1,500 more", screen.cells - 1));
            }
        }
        assert!(seen > 0);
    }
}

#[test]
fn a_part_of_a_directory_says_how_much_is_missing() {
    let mut content = content(&["a1", "a2"]);
    let mut said = |others, late| {
        (content.others, content.late) = (others, late);
        shown(&mut Menu::new(content.clone(), "ls ", 3, 3), WIDE)
    };
    assert_eq!(said(None, false), ["a1  a2"]);
    assert_eq!(said(Some(Some(999_998)), false), ["a1  a2", "… and 999,998 more"]);
    assert_eq!(said(Some(None), true), ["a1  a2", "… and more (stale)"]);
    assert_eq!(said(None, true), ["a1  a2", "(stale)"]);
    let names: Vec<String> = (0..2000).map(|number| format!("f{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let lines = shown(&mut menu(&names, "ls f"), WIDE);
    let count = lines.iter().take(lines.len() - 1).flat_map(|line| line.split_whitespace()).count();
    assert_eq!(lines.last(), Some(&format!("… and {} more", dfs_term::figures::count(2000 - count as u64))));
}
